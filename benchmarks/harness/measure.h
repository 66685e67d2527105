// Runs the cells of a matrix, round by round.

#ifndef LOAM_BENCHMARKS_HARNESS_MEASURE_H_
#define LOAM_BENCHMARKS_HARNESS_MEASURE_H_

#include <csignal>
#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "benchmarks/harness/model.h"
#include "benchmarks/harness/process.h"
#include "benchmarks/harness/progress.h"

namespace loam::matrix {

struct MeasureOptions {
  std::string cell;          // path of the cell's program
  std::string latency_cell;  // of the one that times each call
  int rounds = 1;
  int settled_rounds = 0;  // of the rounds, how many wait for troughs to settle
  int latency_rounds = 0;  // and how many time each call, in a second process
  int sampled_rounds = 0;  // and in how many what is resident is read over time
  int system_call_rounds = 0;
  std::string strace;  // that counts system calls, in a third process; empty: none does
  uint64_t seed = 1;
  int64_t timeout_ms = 0;
  const volatile std::sig_atomic_t *interrupted = nullptr;  // set: end early
  // Called when a cell has one more repetition or has failed; an error ends the
  // run.
  std::function<absl::Status(const Matrix &, const Cell &)> record;
};

// Fills the cells with the repetitions that they lack. A cell that fails or does
// not end is marked with why, and not run again; the others go on. When
// interrupted or after an error, which means that nothing can be run or
// recorded, the matrix is marked as incomplete and keeps what it has.
absl::Status Measure(const ProcessRunner &runner, const MeasureOptions &options, bool live_progress,
                     Matrix *matrix);

}  // namespace loam::matrix

#endif  // LOAM_BENCHMARKS_HARNESS_MEASURE_H_
