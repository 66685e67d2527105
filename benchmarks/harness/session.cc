#include "benchmarks/harness/session.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "benchmarks/harness/build_settings.h"
#include "benchmarks/harness/machine.h"
#include "benchmarks/harness/measure.h"
#include "benchmarks/harness/plan.h"
#include "benchmarks/harness/program_proof.h"
#include "benchmarks/harness/program_setup.h"
#include "benchmarks/harness/result_file.h"
#include "benchmarks/harness/result_json.h"
#include "benchmarks/harness/scratch_folder.h"
#include "benchmarks/harness/select.h"
#include "benchmarks/harness/summary.h"
#include "benchmarks/harness/table.h"
#include "benchmarks/harness/traces.h"
#include "benchmarks/harness/workloads.h"

namespace loam::matrix {
namespace {

using Json = nlohmann::ordered_json;

// The files that were built with the matrix, and the means to start processes.
struct Tools {
  ScratchFolder scratch;
  std::string cell;
  std::string latency_cell;
  ProcessRunner runner;
};

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
  matrix.cells = PlanCells(matrix.allocators, matrix.workloads, options.threads);
  ProvePrograms(tools.runner, &matrix);
  SetUpPrograms(tools.runner, &matrix);
  return matrix;
}

Json RunContext(const Options &options, const Tools &tools) {
  const char *workspace = std::getenv("BUILD_WORKSPACE_DIRECTORY");
  Json context = MachineContext(tools.runner, workspace == nullptr ? "" : workspace);
  context["suite"] = options.suite;
  context["rounds"] = options.rounds;
  context["seed"] = options.seed;
  context["arguments"] = options.arguments;
  return context;
}

// The file's place, or if its disk is full or gone by now, the temporary
// folder: hours of measuring are not thrown away.
absl::StatusOr<std::string> Save(const std::string &text, ResultFile *file) {
  const absl::Status written = file->Write(text);
  if (written.ok()) return file->path();
  const std::filesystem::path rescue =
      std::filesystem::temp_directory_path() / std::filesystem::path(file->path()).filename();
  absl::StatusOr<ResultFile> second = ResultFile::Open(rescue.string(), text.size());
  if (!second.ok() || !second->Write(text).ok()) return written;
  return absl::DataLossError(
      absl::StrCat(written.message(), "; the result was saved as ", second->path()));
}

std::string RenderTables(const Json &result, TableFormat format, absl::Status *status) {
  const absl::StatusOr<Report> report = ReadReport(result);
  *status = report.status();
  if (!report.ok()) return "";
  if (format == TableFormat::kMarkdown) return RenderMarkdown(*report);
  return RenderTerminal(*report, isatty(STDOUT_FILENO) != 0);
}

absl::Status Show(const std::string &text) {
  if (std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0) {
    return absl::UnavailableError("cannot write to stdout");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status PrintResult(const Options &options) {
  std::ifstream file(options.print);
  if (!file) return absl::NotFoundError(absl::StrCat("cannot read ", options.print));
  const Json result = Json::parse(file, nullptr, false);
  absl::Status status;
  const std::string text = RenderTables(result, options.format, &status);
  if (!status.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(options.print, ": ", status.message()));
  }
  return Show(text);
}

absl::Status ListAll(const Options &options, const Runfiles &runfiles) {
  const absl::StatusOr<Tools> tools = FindTools(runfiles);
  if (!tools.ok()) return tools.status();
  absl::StatusOr<std::vector<Allocator>> allocators = AllAllocators(options, runfiles);
  if (!allocators.ok()) return allocators.status();
  const absl::StatusOr<std::vector<Workload>> workloads = AllWorkloads(options, *tools, runfiles);
  if (!workloads.ok()) return workloads.status();
  std::string text = "allocators\n";
  for (Allocator &allocator : *allocators) {
    ProbeAllocator(tools->runner, tools->cell, &allocator);
    const std::string state = allocator.problem.empty()
                                  ? absl::StrCat(allocator.version, "  ", allocator.served_by)
                                  : allocator.problem;
    absl::StrAppend(&text, "  ", allocator.name, "  ", state, "\n");
  }
  absl::StrAppend(&text, "workloads\n");
  for (const Workload &workload : *workloads) {
    absl::StrAppend(&text, "  ", workload.name, workload.threaded ? " (threads)" : "",
                    "\n      stresses ", workload.stresses, "\n      stands for ",
                    workload.stands_for, "\n");
    if (!workload.problem.empty()) absl::StrAppend(&text, "      ", workload.problem, "\n");
  }
  return Show(text);
}

absl::Status RunMatrix(const Options &options, const Runfiles &runfiles,
                       const volatile std::sig_atomic_t *interrupted) {
  const absl::StatusOr<Tools> tools = FindTools(runfiles);
  if (!tools.ok()) return tools.status();
  absl::StatusOr<Matrix> matrix = MakeMatrix(options, runfiles, *tools);
  if (!matrix.ok()) return matrix.status();
  absl::StatusOr<ResultFile> file =
      ResultFile::Open(options.out, ExpectedResultBytes(*matrix, options.rounds));
  if (!file.ok()) return file.status();

  const Json context = RunContext(options, *tools);
  MeasureOptions how;
  how.cell = tools->cell;
  how.latency_cell = tools->latency_cell;
  how.rounds = options.rounds;
  how.settled_rounds = options.settled_rounds;
  how.latency_rounds = options.latency_rounds;
  how.seed = options.seed;
  how.timeout_ms = options.timeout_ms;
  how.interrupted = interrupted;
  const absl::Status measured = Measure(tools->runner, how, isatty(STDERR_FILENO) != 0, &*matrix);
  if (!measured.ok()) return measured;
  const Json result = ResultJson(*matrix, Summarise(*matrix, options.seed), context);
  const absl::StatusOr<std::string> saved = Save(absl::StrCat(result.dump(1), "\n"), &*file);

  absl::Status status;
  const absl::Status shown = Show(RenderTables(result, TableFormat::kTerminal, &status));
  for (const absl::Status &step : {saved.status(), status, shown}) {
    if (!step.ok()) return step;
  }
  if (!matrix->complete) {
    return absl::CancelledError(
        absl::StrCat("interrupted; what was measured until then is in ", *saved));
  }
  return Show(absl::StrCat("\n", *saved, "\n"));
}

}  // namespace loam::matrix
