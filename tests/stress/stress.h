// A stress run over a variant: threads that come and go, hand blocks around and
// leave them behind, heaps that several threads share, forks in the midst of it,
// system calls that fail, walks, statistics and trims at the same time; contents
// verified, memory bounded.
//
// It goes in rounds. Each ends with all threads gone and all blocks freed, and
// then the variant must have nothing left.

#ifndef LOAM_TESTS_STRESS_STRESS_H_
#define LOAM_TESTS_STRESS_STRESS_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "common/variant/variant.h"

namespace loam::test {

struct StressOptions {
  double seconds = 8;
  double round_seconds = 4;
  size_t threads = 8;  // at a time, besides those that they start themselves
  uint64_t seed = 1;
};

struct StressReport {
  std::string failures;  // a line each; empty: all went well
  uint64_t rounds = 0;
  uint64_t operations = 0;
  uint64_t threads = 0;
  uint64_t forks = 0;
  uint64_t heaps = 0;
  uint64_t checks = 0;
  uint64_t trims = 0;
  uint64_t failed_calls = 0;  // of the system, made to fail
  uint64_t refused = 0;       // NULL because of these
  size_t live_bytes_max = 0;  // what the run may have at a time
  size_t resident_peak = 0;
  size_t mapped_peak = 0;
  size_t memory_bound = 0;  // of these two

  std::string Describe() const;
};

// Uses the whole process: nothing else may be running in it. A run that stands
// still ends the process with a line on stderr.
StressReport RunStress(const loam_variant &variant, const StressOptions &options);

}  // namespace loam::test

#endif  // LOAM_TESTS_STRESS_STRESS_H_
