// bazel run //benchmarks:matrix

#include <csignal>
#include <cstdio>
#include <exception>
#include <string>

#include "benchmarks/harness/files.h"
#include "benchmarks/harness/options.h"
#include "benchmarks/harness/process.h"
#include "benchmarks/harness/runfiles.h"
#include "benchmarks/harness/session.h"
#include "benchmarks/publish/publish.h"

namespace {

volatile std::sig_atomic_t interrupted = 0;

void Interrupt(int) {
  interrupted = 1;
  loam::matrix::StopRunningProcess();
}

// A second signal ends the program at once.
void CatchInterrupts() {
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error like a full disk
  struct sigaction action = {};
  action.sa_handler = Interrupt;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  for (int signal : {SIGINT, SIGTERM, SIGHUP}) sigaction(signal, &action, nullptr);
}

absl::Status Measure(const loam::matrix::Options &options, const char *argv0) {
  const absl::StatusOr<loam::matrix::Runfiles> runfiles = loam::matrix::Runfiles::Find(argv0);
  if (!runfiles.ok()) return runfiles.status();
  if (options.task == loam::matrix::Task::kList) return loam::matrix::ListAll(options, *runfiles);
  const absl::Status can_publish = loam::matrix::CheckPublishing(options);
  if (!can_publish.ok()) return can_publish;
  CatchInterrupts();
  const absl::Status measured = loam::matrix::RunMatrix(options, *runfiles, &interrupted);
  // A check that failed is of a run that is whole.
  if (!measured.ok() && !absl::IsAborted(measured)) return measured;
  const absl::Status published = loam::matrix::Publish(options);
  return measured.ok() ? published : measured;
}

absl::Status Run(int argc, char **argv) {
  const absl::StatusOr<loam::matrix::Options> options = loam::matrix::ParseOptions(argc, argv);
  if (!options.ok()) return options.status();
  switch (options->task) {
    case loam::matrix::Task::kPrint:
      return loam::matrix::PrintResult(*options);
    case loam::matrix::Task::kCompare:
      return loam::matrix::CompareFiles(*options);
    case loam::matrix::Task::kMerge:
      return loam::matrix::MergeFiles(*options);
    case loam::matrix::Task::kTables:
      return loam::matrix::RenewDocuments(*options);
    case loam::matrix::Task::kList:
    case loam::matrix::Task::kMeasure:
      return Measure(*options, argv[0]);
  }
  return absl::InternalError("no such task");
}

// As --help says.
int ExitStatus(const absl::Status &status) {
  if (status.ok()) return 0;
  return absl::IsAborted(status) || absl::IsCancelled(status) ? 1 : 2;
}

}  // namespace

int main(int argc, char **argv) {
  absl::Status status;
  try {
    status = Run(argc, argv);
  } catch (const std::exception &error) {
    status = absl::InternalError(error.what());
  }
  if (!status.ok()) std::fprintf(stderr, "matrix: %s\n", std::string(status.message()).c_str());
  return ExitStatus(status);
}
