#include "benchmarks/harness/assemble.h"

#include <algorithm>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "benchmarks/harness/build_settings.h"
#include "benchmarks/harness/plan.h"
#include "benchmarks/harness/program_proof.h"
#include "benchmarks/harness/program_setup.h"
#include "benchmarks/harness/result_json.h"
#include "benchmarks/harness/select.h"
#include "benchmarks/harness/sha256.h"
#include "benchmarks/harness/traces.h"
#include "benchmarks/harness/workloads.h"

namespace loam::matrix {
namespace {

using Json = nlohmann::ordered_json;

template <typename T>
std::vector<std::string> Names(const std::vector<T> &items) {
  std::vector<std::string> names;
  for (const T &item : items) names.push_back(item.name);
  return names;
}

template <typename T>
std::vector<T> Pick(const std::vector<T> &items, const std::vector<size_t> &indices) {
  std::vector<T> picked;
  for (size_t index : indices) picked.push_back(items[index]);
  return picked;
}

// The allocators that the options choose, and the baseline in any case. One
// that is asked for by name must be there; others are left out when they are
// not installed, and named in `missing`.
absl::StatusOr<std::vector<Allocator>> ChooseAllocators(const Options &options,
                                                        std::vector<Allocator> all,
                                                        std::vector<std::string> *missing) {
  std::vector<std::string> patterns = options.allocators;
  if (!patterns.empty()) patterns.push_back(options.baseline_allocator);
  for (const NamedLibrary &given : options.given_allocators) {
    if (!patterns.empty()) patterns.push_back(given.first);
  }
  const absl::StatusOr<std::vector<size_t>> chosen = Select(Names(all), patterns, "allocator");
  if (!chosen.ok()) return chosen.status();
  const absl::StatusOr<std::vector<size_t>> baseline =
      Select(Names(all), {options.baseline_allocator}, "allocator");
  if (!baseline.ok()) return baseline.status();
  std::vector<Allocator> allocators;
  for (const Allocator &allocator : Pick(all, *chosen)) {
    const bool by_name =
        std::find(patterns.begin(), patterns.end(), allocator.name) != patterns.end() ||
        allocator.name == options.baseline_allocator;
    if (allocator.problem.empty()) {
      allocators.push_back(allocator);
    } else if (by_name) {
      return absl::NotFoundError(absl::StrCat(allocator.name, " is ", allocator.problem));
    } else {
      missing->push_back(absl::StrCat(allocator.name, " is left out: ", allocator.problem));
    }
  }
  return allocators;
}

std::string Sha256OrNothing(const std::string &path) {
  const absl::StatusOr<std::string> sha256 = Sha256OfFile(path);
  return sha256.ok() ? *sha256 : "";
}

// The baseline, and once more under another name.
void KeepOneTwice(Matrix *matrix) {
  const Allocator one = matrix->allocators[matrix->baseline];
  matrix->allocators = {one, one};
  matrix->allocators[1].name += "_again";
  matrix->baseline = 0;
}

}  // namespace

absl::StatusOr<Tools> FindTools(const Runfiles &runfiles) {
  absl::StatusOr<std::string> launcher = runfiles.Path("benchmarks/launcher/launcher");
  if (!launcher.ok()) return launcher.status();
  absl::StatusOr<std::string> cell = runfiles.Path("benchmarks/cell/cell");
  if (!cell.ok()) return cell.status();
  absl::StatusOr<std::string> latency_cell = runfiles.Path("benchmarks/cell/cell_latency");
  if (!latency_cell.ok()) return latency_cell.status();
  absl::StatusOr<ScratchFolder> scratch = ScratchFolder::Make();
  if (!scratch.ok()) return scratch.status();
  const std::string folder = scratch->path();
  return Tools{*std::move(scratch), *cell, *latency_cell, ProcessRunner(*launcher, folder)};
}

absl::StatusOr<std::vector<Allocator>> AllAllocators(const Options &options,
                                                     const Runfiles &runfiles) {
  AllocatorSources sources;
  for (absl::string_view variant : absl::StrSplit(LOAM_VARIANTS, ',', absl::SkipEmpty())) {
    const std::string name(variant);
    absl::StatusOr<std::string> library =
        runfiles.Path(absl::StrCat("allocators/", name, "/libloam_", name, ".so"));
    if (!library.ok()) return library.status();
    sources.loam.emplace_back(name, *library);
  }
  absl::StatusOr<std::string> floor = runfiles.Path("benchmarks/floor/libfloor.so");
  if (!floor.ok()) return floor.status();
  sources.floor_library = *floor;
  sources.given = options.given_allocators;
  sources.library_folders = UsualLibraryFolders();
  return FindAllocators(sources);
}

absl::StatusOr<std::vector<Workload>> AllWorkloads(const Options &options, const Tools &tools,
                                                   const Runfiles &runfiles) {
  absl::StatusOr<std::vector<Workload>> workloads = CellWorkloads(tools.runner, tools.cell);
  if (!workloads.ok()) return workloads;
  absl::StatusOr<std::string> table = runfiles.Path("benchmarks/workloads/program/programs.json");
  if (!table.ok()) return table.status();
  const absl::StatusOr<std::vector<Workload>> programs = ProgramWorkloads(*table);
  if (!programs.ok()) return programs;
  workloads->insert(workloads->end(), programs->begin(), programs->end());
  absl::StatusOr<std::string> traces = runfiles.Path("benchmarks/trace/recorded/traces.json");
  if (!traces.ok()) return traces.status();
  const absl::Status added = AddTraceWorkloads(*traces, options.given_traces, &*workloads);
  if (!added.ok()) return added;
  return workloads;
}

absl::StatusOr<Matrix> MakeMatrix(const Options &options, const Runfiles &runfiles,
                                  const Tools &tools) {
  absl::StatusOr<std::vector<Allocator>> all = AllAllocators(options, runfiles);
  if (!all.ok()) return all.status();
  std::vector<std::string> missing;
  absl::StatusOr<std::vector<Allocator>> allocators =
      ChooseAllocators(options, *std::move(all), &missing);
  if (!allocators.ok()) return allocators.status();
  absl::StatusOr<std::vector<Workload>> workloads = AllWorkloads(options, tools, runfiles);
  if (!workloads.ok()) return workloads.status();
  std::vector<std::string> patterns = options.workloads;
  for (const std::string &path : options.given_traces) patterns.push_back(TraceName(path));
  const absl::StatusOr<std::vector<size_t>> chosen =
      Select(Names(*workloads), patterns, "workload");
  if (!chosen.ok()) return chosen.status();

  for (const std::string &line : missing) std::fprintf(stderr, "matrix: %s\n", line.c_str());
  Matrix matrix;
  matrix.allocators = *std::move(allocators);
  matrix.workloads = Pick(*workloads, *chosen);
  const absl::Status prepared = PrepareTraces(runfiles, tools.scratch.path(), &matrix.workloads);
  if (!prepared.ok()) return prepared;
  for (size_t i = 0; i < matrix.allocators.size(); i++) {
    ProbeAllocator(tools.runner, tools.cell, &matrix.allocators[i]);
    if (matrix.allocators[i].name == options.baseline_allocator) matrix.baseline = i;
  }
  if (options.self_check) KeepOneTwice(&matrix);
  matrix.cells = PlanCells(matrix.allocators, matrix.workloads, options.threads);
  KeepShard(options.shard_index, options.shard_count, &matrix.cells);
  ProvePrograms(tools.runner, &matrix);
  SetUpPrograms(tools.runner, &matrix);
  return matrix;
}

Json PlanOf(const Options &options, const Tools &tools, const Matrix &matrix, const Json &context) {
  Json plan = {{"machine", context.at("host_name")},
               {"cell_program", Sha256OrNothing(tools.cell)},
               {"latency_cell_program", Sha256OrNothing(tools.latency_cell)},
               {"seed", options.seed},
               {"rounds", options.rounds},
               {"settled_rounds", options.settled_rounds},
               {"latency_rounds", options.latency_rounds},
               {"sampled_rounds", options.sampled_rounds},
               {"system_call_rounds", options.system_call_rounds},
               {"timeout_ms", options.timeout_ms},
               {"baseline", matrix.allocators[matrix.baseline].name},
               {"shard", absl::StrCat(options.shard_index, " of ", options.shard_count)},
               {"allocators", Json::array()},
               {"programs", Json::array()},
               {"traces", Json::array()},
               {"cells", Json::array()}};
  for (const Allocator &allocator : matrix.allocators) {
    plan["allocators"].push_back({allocator.name, allocator.sha256});
  }
  for (const Workload &workload : matrix.workloads) {
    if (workload.program) plan["programs"].push_back({workload.name, workload.program->command});
    if (workload.trace) {
      plan["traces"].push_back({workload.name, Sha256OrNothing(workload.trace->path)});
    }
  }
  for (const Cell &cell : matrix.cells) plan["cells"].push_back(CellName(matrix, cell));
  return plan;
}

}  // namespace loam::matrix
