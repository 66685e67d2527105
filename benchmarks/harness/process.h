// Runs one process through the launcher and says how it ended.

#ifndef LOAM_BENCHMARKS_HARNESS_PROCESS_H_
#define LOAM_BENCHMARKS_HARNESS_PROCESS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "benchmarks/harness/model.h"

namespace loam::matrix {

struct Command {
  std::vector<std::string> words;
  std::vector<std::string> environment;  // NAME=VALUE, added to ours
  std::string preload;                   // or empty
  std::string stdin_path;                // or empty
  bool wants_stdout = false;             // else it goes nowhere
  bool wants_stderr = false;             // else only its last line, when it fails
  int64_t timeout_ms = 0;
  int64_t sample_ms = 0;  // how often to read what is resident; 0: never
  std::string strace;     // the strace that counts system calls; or empty
};

struct Ending {
  enum class Kind { kDone, kFailed, kTimedOut };
  Kind kind = Kind::kDone;
  std::string message;  // why it is not kDone: one line
  std::string stdout_text;
  std::string stderr_text;
  std::string system_calls_text;  // strace's summary, where it was asked for
  Usage usage;
};

class ProcessRunner {
 public:
  // `folder` holds what processes print; it is the caller's to make and remove.
  ProcessRunner(std::string launcher, std::string folder)
      : launcher_(std::move(launcher)), folder_(std::move(folder)) {}

  // Runs it to its end. An error means that nothing could be run at all; a
  // process that fails is an Ending.
  absl::StatusOr<Ending> Run(const Command &command) const;

 private:
  std::string launcher_;
  std::string folder_;
};

// Ends the process that ProcessRunner::Run waits for, if there is one, with all
// that it started; Run then returns. May be called by a signal handler.
void StopRunningProcess();

}  // namespace loam::matrix

#endif  // LOAM_BENCHMARKS_HARNESS_PROCESS_H_
