#include "benchmarks/harness/measure.h"

#include <algorithm>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "benchmarks/harness/allocators.h"
#include "benchmarks/harness/plan.h"
#include "benchmarks/harness/program_proof.h"
#include "benchmarks/harness/system_calls.h"
#include "nlohmann/json.hpp"

namespace loam::matrix {
namespace {

using nlohmann::json;

constexpr int64_t kSampleMs = 2;  // between samples, as long as there are few

Command CellCommand(const std::string &program, const Matrix &matrix, const Cell &cell,
                    const MeasureOptions &options) {
  Command command;
  command.preload = matrix.allocators[cell.allocator].library;
  command.words = {program, matrix.workloads[cell.workload].name, absl::StrCat(cell.threads),
                   absl::StrCat(options.seed)};
  command.wants_stdout = true;
  command.timeout_ms = options.timeout_ms;
  return command;
}

// A replay says itself what is resident when.
bool IsSampled(const Workload &workload, const MeasureOptions &options, int round) {
  return !workload.trace && round < options.sampled_rounds;
}

// Curves take much room: of the rounds that settle and of those that do not, the
// first is kept.
bool KeepsCurve(const MeasureOptions &options, int round) {
  return round == 0 || round == options.settled_rounds;
}

Command CommandOf(const Matrix &matrix, const Cell &cell, const MeasureOptions &options,
                  int round) {
  const Workload &workload = matrix.workloads[cell.workload];
  if (workload.trace) {
    Command command;
    command.preload = matrix.allocators[cell.allocator].library;
    command.words = workload.trace->command;
    command.wants_stdout = true;
    command.timeout_ms = options.timeout_ms;
    return command;
  }
  if (!workload.program) {
    Command command = CellCommand(options.cell, matrix, cell, options);
    if (round < options.settled_rounds) command.words.insert(command.words.begin() + 1, "--settle");
    return command;
  }
  Command command;
  command.preload = ProgramPreload(matrix.allocators[cell.allocator]);
  command.words = workload.program->command;
  command.environment = workload.program->environment;
  command.stdin_path = workload.program->stdin_path;
  command.timeout_ms = options.timeout_ms;
  return command;
}

bool TimesCalls(const Workload &workload, const MeasureOptions &options, int round) {
  const bool calls_matter = workload.Family() == "micro" || workload.Family() == "threaded";
  return calls_matter && round < options.latency_rounds;
}

// The cell says -1 for what it did not measure.
std::optional<int64_t> Measured(const json &answer, const char *field) {
  const int64_t value = answer.at(field);
  return value < 0 ? std::nullopt : std::optional<int64_t>(value);
}

// What only a replay says.
void ReadReplay(const json &answer, Repetition *repetition) {
  if (repetition->round != 0) return;
  for (const json &sample : answer.at("samples")) {
    repetition->trace_samples.push_back({sample.at(0), sample.at(1), sample.at(2)});
  }
}

std::optional<CallLatency> ReadCallLatency(const json &call) {
  if (call.is_null()) return std::nullopt;
  return CallLatency{call.at("count"),  call.at("p50_ns"),   call.at("p90_ns"),
                     call.at("p99_ns"), call.at("p99_9_ns"), call.at("p99_99_ns"),
                     call.at("max_ns")};
}

// What the cell printed, into the repetition.
absl::Status ReadAnswer(const std::string &text, const Allocator &allocator,
                        Repetition *repetition) {
  const json answer = json::parse(text, nullptr, false);
  if (!answer.is_object()) return absl::DataLossError("the cell gave no answer");
  repetition->operations = answer.at("operations");
  repetition->work_wall_ns = answer.at("wall_ns");
  repetition->work_cpu_ns = answer.at("cpu_ns");
  repetition->live_peak_bytes = Measured(answer, "live_peak_bytes");
  repetition->trough_rss_bytes = Measured(answer, "trough_rss_bytes");
  repetition->trough_live_bytes = Measured(answer, "trough_live_bytes");
  repetition->settled_rss_bytes = Measured(answer, "settled_rss_bytes");
  repetition->start_rss_bytes = Measured(answer, "start_rss_bytes");
  repetition->end_rss_bytes = Measured(answer, "end_rss_bytes");
  // More exact than what the launcher was told; and a replay's is that of doing the trace once,
  // without its own tables, which the process has as well.
  if (const std::optional<int64_t> peak = Measured(answer, "peak_rss_bytes")) {
    repetition->process.peak_rss_bytes = *peak;
  }
  for (const json &point : answer.at("memory_points")) {
    repetition->memory_points.push_back({point.at(0), point.at(1)});
  }
  if (answer.contains("samples")) ReadReplay(answer, repetition);
  const json &latency = answer.at("latency");
  if (!latency.is_null()) {
    repetition->latency = {latency.at("clock_ns"), latency.at("clock_step_ns"),
                           ReadCallLatency(latency.at("malloc")),
                           ReadCallLatency(latency.at("free"))};
  }
  return CheckServedBy(allocator, answer.at("malloc"));
}

void Fail(CellStatus status, absl::string_view message, Cell *cell) {
  cell->status = status;
  cell->message = std::string(message);
}

// What an interrupt stops is no result.
bool Interrupted(const MeasureOptions &options) {
  return options.interrupted != nullptr && *options.interrupted;
}

// Runs the command and reads what it used and said into the repetition. A cell
// that did not go well is marked.
absl::Status RunProcess(const ProcessRunner &runner, const MeasureOptions &options,
                        const Matrix &matrix, const Command &command, Repetition *repetition,
                        Cell *cell) {
  const absl::StatusOr<Ending> ending = runner.Run(command);
  if (!ending.ok()) return ending.status();
  if (Interrupted(options)) return absl::OkStatus();
  if (ending->kind != Ending::Kind::kDone) {
    const bool timed_out = ending->kind == Ending::Kind::kTimedOut;
    Fail(timed_out ? CellStatus::kTimedOut : CellStatus::kFailed, ending->message, cell);
    return absl::OkStatus();
  }
  repetition->process = ending->usage;
  if (matrix.workloads[cell->workload].program) {
    repetition->work_wall_ns = ending->usage.wall_ns;
    repetition->work_cpu_ns = ending->usage.user_ns + ending->usage.system_ns;
    return absl::OkStatus();
  }
  const absl::Status read =
      ReadAnswer(ending->stdout_text, matrix.allocators[cell->allocator], repetition);
  if (!read.ok()) Fail(CellStatus::kFailed, read.message(), cell);
  return absl::OkStatus();
}

// Of the same work once more, under strace. A process that does not bear it, or
// takes too long under it, is not counted; that is no failure of the cell.
absl::Status CountSystemCalls(const ProcessRunner &runner, const MeasureOptions &options,
                              const Matrix &matrix, const Cell &cell, Repetition *repetition) {
  Command command = CommandOf(matrix, cell, options, options.settled_rounds);
  command.strace = options.strace;
  const absl::StatusOr<Ending> ending = runner.Run(command);
  if (!ending.ok()) return ending.status();
  if (ending->kind != Ending::Kind::kDone) return absl::OkStatus();
  const auto counts = ReadStraceSummary(ending->system_calls_text);
  if (counts.ok()) repetition->system_calls = *counts;
  return absl::OkStatus();
}

absl::Status RunOnce(const ProcessRunner &runner, const MeasureOptions &options, int round,
                     const Matrix &matrix, Cell *cell) {
  const Workload &workload = matrix.workloads[cell->workload];
  Repetition repetition;
  repetition.round = round;
  Command command = CommandOf(matrix, *cell, options, round);
  if (IsSampled(workload, options, round)) command.sample_ms = kSampleMs;
  absl::Status status = RunProcess(runner, options, matrix, command, &repetition, cell);
  if (!KeepsCurve(options, round)) repetition.process.rss_samples.clear();
  const auto went_well = [&] {
    return status.ok() && cell->status == CellStatus::kOk && !Interrupted(options);
  };
  if (went_well() && TimesCalls(workload, options, round)) {
    Repetition timed;
    status = RunProcess(runner, options, matrix,
                        CellCommand(options.latency_cell, matrix, *cell, options), &timed, cell);
    repetition.latency = timed.latency;
  }
  if (went_well() && !options.strace.empty() && round < options.system_call_rounds) {
    status = CountSystemCalls(runner, options, matrix, *cell, &repetition);
  }
  if (went_well()) cell->repetitions.push_back(repetition);
  return status;
}

size_t CountRunnable(const Matrix &matrix) {
  size_t count = 0;
  for (const Cell &cell : matrix.cells) count += cell.status == CellStatus::kOk;
  return count;
}

bool HasRound(const Cell &cell, int round) {
  return std::any_of(cell.repetitions.begin(), cell.repetitions.end(),
                     [round](const Repetition &earlier) { return earlier.round == round; });
}

absl::Status MeasureOnce(const ProcessRunner &runner, const MeasureOptions &options, int round,
                         size_t index, Progress *progress, Matrix *matrix) {
  Cell &cell = matrix->cells[index];
  progress->Begin(index, absl::StrCat(matrix->workloads[cell.workload].name, " ",
                                      matrix->allocators[cell.allocator].name));
  const absl::Time start = absl::Now();
  const absl::Status run = RunOnce(runner, options, round, *matrix, &cell);
  if (Interrupted(options)) return absl::OkStatus();  // it may have ended what we ran
  if (!run.ok()) return run;
  if (options.record) {
    const absl::Status recorded = options.record(*matrix, cell);
    if (!recorded.ok()) return recorded;
  }
  progress->End(absl::Now() - start);
  if (cell.status != CellStatus::kOk) {
    progress->Drop(static_cast<size_t>(options.rounds - round - 1));
  }
  return absl::OkStatus();
}

absl::Status MeasureAll(const ProcessRunner &runner, const MeasureOptions &options,
                        Progress *progress, Matrix *matrix) {
  for (int round = 0; round < options.rounds; round++) {
    for (size_t index : RoundOrder(matrix->cells, options.seed, round)) {
      const Cell &cell = matrix->cells[index];
      if (cell.status != CellStatus::kOk || HasRound(cell, round)) continue;
      const absl::Status status =
          Interrupted(options) ? absl::OkStatus()
                               : MeasureOnce(runner, options, round, index, progress, matrix);
      if (!status.ok() || Interrupted(options)) {
        matrix->complete = false;
        return status;
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Measure(const ProcessRunner &runner, const MeasureOptions &options, bool live_progress,
                     Matrix *matrix) {
  Progress progress(CountRunnable(*matrix), static_cast<size_t>(options.rounds), live_progress);
  for (size_t i = 0; i < matrix->cells.size(); i++) {
    if (matrix->cells[i].status != CellStatus::kOk) continue;
    for (size_t done = matrix->cells[i].repetitions.size(); done > 0; done--) progress.Skip(i);
  }
  const absl::Status measured = MeasureAll(runner, options, &progress, matrix);
  progress.Finish();
  return measured;
}

}  // namespace loam::matrix
