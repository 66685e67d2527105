// bazel run //benchmarks:matrix

#include <csignal>
#include <cstdio>
#include <exception>
#include <string>

#include "benchmarks/harness/options.h"
#include "benchmarks/harness/runfiles.h"
#include "benchmarks/harness/session.h"

namespace {

volatile std::sig_atomic_t interrupted = 0;

void Interrupt(int) { interrupted = 1; }

// A second signal ends the program at once.
void CatchInterrupts() {
  struct sigaction action = {};
  action.sa_handler = Interrupt;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  for (int signal : {SIGINT, SIGTERM, SIGHUP}) sigaction(signal, &action, nullptr);
}

absl::Status Run(int argc, char **argv) {
  const absl::StatusOr<loam::matrix::Options> options = loam::matrix::ParseOptions(argc, argv);
  if (!options.ok()) return options.status();
  if (!options->print.empty()) return loam::matrix::PrintResult(*options);
  const absl::StatusOr<loam::matrix::Runfiles> runfiles = loam::matrix::Runfiles::Find(argv[0]);
  if (!runfiles.ok()) return runfiles.status();
  if (options->list) return loam::matrix::ListAll(*options, *runfiles);
  CatchInterrupts();
  return loam::matrix::RunMatrix(*options, *runfiles, &interrupted);
}

}  // namespace

int main(int argc, char **argv) {
  absl::Status status;
  try {
    status = Run(argc, argv);
  } catch (const std::exception &error) {
    status = absl::InternalError(error.what());
  }
  if (status.ok()) return 0;
  std::fprintf(stderr, "matrix: %s\n", std::string(status.message()).c_str());
  return 1;
}
