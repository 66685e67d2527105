#include "benchmarks/harness/session.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include "absl/strings/str_cat.h"
#include "benchmarks/harness/assemble.h"
#include "benchmarks/harness/compare/compare.h"
#include "benchmarks/harness/journal/journal.h"
#include "benchmarks/harness/machine.h"
#include "benchmarks/harness/measure.h"
#include "benchmarks/harness/names.h"
#include "benchmarks/harness/result_file.h"
#include "benchmarks/harness/result_json.h"
#include "benchmarks/harness/results/read_result.h"
#include "benchmarks/harness/self_check.h"
#include "benchmarks/harness/show.h"
#include "benchmarks/harness/summary.h"
#include "benchmarks/harness/system_calls.h"

namespace loam::matrix {
namespace {

using Json = nlohmann::ordered_json;

Json RunContext(const Options &options, const Tools &tools) {
  const char *workspace = std::getenv("BUILD_WORKSPACE_DIRECTORY");
  Json context = MachineContext(tools.runner, workspace == nullptr ? "" : workspace);
  context["suite"] = options.suite;
  context["rounds"] = options.rounds;
  context["settled_rounds"] = options.settled_rounds;
  context["latency_rounds"] = options.latency_rounds;
  context["sampled_rounds"] = options.sampled_rounds;
  context["system_call_rounds"] = options.system_call_rounds;
  context["seed"] = options.seed;
  context["arguments"] = options.arguments;
  if (options.shard_count > 1) {
    context["shard_index"] = options.shard_index;
    context["shard_count"] = options.shard_count;
  }
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

bool Exists(const std::string &path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

// --resume of a run that has ended.
absl::Status ShowWhole(const Options &options) {
  const absl::StatusOr<Json> result = ReadJson(options.out);
  if (!result.ok()) return result.status();
  const absl::StatusOr<std::string> text = RenderTables(*result, TableFormat::kTerminal);
  if (!text.ok() || result->at("context").at("complete") != true) {
    return absl::FailedPreconditionError(absl::StrCat("there is no ", options.out,
                                                      ".journal to go on from, and ", options.out,
                                                      " is no result of a whole run"));
  }
  std::fprintf(stderr, "matrix: there is nothing left to measure\n");
  return Show(absl::StrCat(*text, "\n", options.out, "\n"));
}

absl::Status ShowSelfCheck(const Summary &summary) {
  const SelfCheck check = CheckSelf(summary);
  if (check.Passed()) return Show(absl::StrCat(check.Describe(), "\n"));
  return absl::AbortedError(check.Describe());
}

std::string HowToGoOn(const Options &options) {
  return absl::StrCat("to go on: the same command with --resume --out ", options.out);
}

// The result to compare with, read and found fit before hours are spent.
absl::StatusOr<std::optional<Result>> ReadBaseline(const Options &options, const Json &context) {
  if (options.baseline.empty()) return std::optional<Result>();
  absl::StatusOr<Result> before = ReadResult(options.baseline);
  if (!before.ok()) return before.status();
  const absl::Status comparable = CheckComparable(before->context, context);
  if (!comparable.ok()) {
    return absl::Status(comparable.code(),
                        absl::StrCat(options.baseline, ": ", comparable.message()));
  }
  return std::optional<Result>(*std::move(before));
}

MeasureOptions HowToMeasure(const Options &options, const Tools &tools) {
  MeasureOptions how;
  how.cell = tools.cell;
  how.latency_cell = tools.latency_cell;
  how.rounds = options.rounds;
  how.settled_rounds = options.settled_rounds;
  how.latency_rounds = options.latency_rounds;
  how.sampled_rounds = options.sampled_rounds;
  how.system_call_rounds = options.system_call_rounds;
  how.seed = options.seed;
  how.timeout_ms = options.timeout_ms;
  if (options.system_call_rounds == 0) return how;
  const absl::StatusOr<std::string> strace = FindStrace(tools.runner);
  if (strace.ok()) {
    how.strace = *strace;
  } else {
    std::fprintf(stderr, "matrix: system calls are not counted: %s\n",
                 std::string(strace.status().message()).c_str());
  }
  return how;
}

Json OrNull(const std::string &text) { return text.empty() ? Json() : Json(text); }

// For programs, the result service among them.
Json ListAsJson(const std::vector<Allocator> &allocators, const std::vector<Workload> &workloads) {
  Json list = {{"allocators", Json::array()}, {"workloads", Json::array()}};
  for (const Allocator &allocator : allocators) {
    list["allocators"].push_back({{"name", allocator.name},
                                  {"kind", NameOf(allocator.kind)},
                                  {"version", OrNull(allocator.version)},
                                  {"problem", OrNull(allocator.problem)}});
  }
  for (const Workload &workload : workloads) {
    list["workloads"].push_back({{"name", workload.name},
                                 {"family", workload.Family()},
                                 {"threaded", workload.threaded},
                                 {"stresses", workload.stresses},
                                 {"stands_for", workload.stands_for},
                                 {"problem", OrNull(workload.problem)}});
  }
  return list;
}

}  // namespace

absl::Status ListAll(const Options &options, const Runfiles &runfiles) {
  const absl::StatusOr<Tools> tools = FindTools(runfiles);
  if (!tools.ok()) return tools.status();
  absl::StatusOr<std::vector<Allocator>> allocators = AllAllocators(options, runfiles);
  if (!allocators.ok()) return allocators.status();
  const absl::StatusOr<std::vector<Workload>> workloads = AllWorkloads(options, *tools, runfiles);
  if (!workloads.ok()) return workloads.status();
  for (Allocator &allocator : *allocators) {
    ProbeAllocator(tools->runner, tools->cell, &allocator);
  }
  if (options.json) return Show(absl::StrCat(ListAsJson(*allocators, *workloads).dump(1), "\n"));
  std::string text = "allocators\n";
  for (const Allocator &allocator : *allocators) {
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
  const std::string journal_path = absl::StrCat(options.out, ".journal");
  if (options.resume && !Exists(journal_path) && Exists(options.out)) return ShowWhole(options);
  const absl::StatusOr<Tools> tools = FindTools(runfiles);
  if (!tools.ok()) return tools.status();
  Json context = RunContext(options, *tools);
  const absl::StatusOr<std::optional<Result>> before = ReadBaseline(options, context);
  if (!before.ok()) return before.status();
  absl::StatusOr<Matrix> matrix = MakeMatrix(options, runfiles, *tools);
  if (!matrix.ok()) return matrix.status();
  if (*interrupted) return absl::CancelledError("interrupted before anything was measured");
  const size_t expected_bytes = ExpectedResultBytes(*matrix, options.rounds);
  absl::StatusOr<ResultFile> file = ResultFile::Open(options.out, expected_bytes);
  if (!file.ok()) return file.status();
  absl::StatusOr<Journal> journal =
      Journal::Open(journal_path, options.resume, PlanOf(options, *tools, *matrix, context),
                    expected_bytes, &*matrix, &context);
  if (!journal.ok()) return journal.status();

  MeasureOptions how = HowToMeasure(options, *tools);
  how.interrupted = interrupted;
  how.record = [&journal](const Matrix &measured, const Cell &cell) {
    return journal->Record(measured, cell);
  };
  const absl::Status measured = Measure(tools->runner, how, isatty(STDERR_FILENO) != 0, &*matrix);
  const Summary summary = Summarise(*matrix, options.seed);
  const Json result = ResultJson(*matrix, summary, context);
  const absl::StatusOr<std::string> saved = Save(absl::StrCat(result.dump(1), "\n"), &*file);
  const absl::StatusOr<std::string> tables = RenderTables(result, TableFormat::kTerminal);
  const absl::Status shown = tables.ok() ? Show(*tables) : tables.status();
  // What went wrong first is what is said.
  for (const absl::Status &step : {measured, saved.status()}) {
    if (!step.ok()) {
      return absl::Status(step.code(), absl::StrCat(step.message(), "; ", HowToGoOn(options)));
    }
  }
  if (!matrix->complete) {
    return absl::CancelledError(absl::StrCat("interrupted; what was measured until then is in ",
                                             *saved, "; ", HowToGoOn(options)));
  }
  journal->Remove();
  for (const absl::Status &step : {shown, Show(absl::StrCat("\n", *saved, "\n"))}) {
    if (!step.ok()) return step;
  }
  if (options.self_check) return ShowSelfCheck(summary);
  if (!before->has_value()) return absl::OkStatus();
  return ShowDifferences(**before, {*matrix, result.at("context")}, options);
}

}  // namespace loam::matrix
