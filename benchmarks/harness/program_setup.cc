#include "benchmarks/harness/program_setup.h"

#include <set>
#include <string>

#include "absl/strings/str_cat.h"

namespace loam::matrix {
namespace {

constexpr int64_t kTimeoutMs = 60'000;

// Why it failed, or empty.
std::string SetUp(const ProcessRunner &runner, const Program &program) {
  Command command;
  command.words = program.setup;
  command.environment = program.environment;
  command.timeout_ms = kTimeoutMs;
  const absl::StatusOr<Ending> ending = runner.Run(command);
  if (!ending.ok()) return std::string(ending.status().message());
  return ending->message;
}

void FailCells(size_t workload, const std::string &message, Matrix *matrix) {
  for (Cell &cell : matrix->cells) {
    if (cell.workload != workload || cell.status != CellStatus::kOk) continue;
    cell.status = CellStatus::kFailed;
    cell.message = message;
  }
}

}  // namespace

void SetUpPrograms(const ProcessRunner &runner, Matrix *matrix) {
  std::set<std::vector<std::string>> done;  // some share one
  for (size_t i = 0; i < matrix->workloads.size(); i++) {
    const Workload &workload = matrix->workloads[i];
    if (!workload.program || workload.program->setup.empty() || !workload.problem.empty()) continue;
    if (done.count(workload.program->setup) != 0) continue;
    const std::string failure = SetUp(runner, *workload.program);
    if (failure.empty()) {
      done.insert(workload.program->setup);
    } else {
      FailCells(i, absl::StrCat("its setup failed: ", failure), matrix);
    }
  }
}

}  // namespace loam::matrix
