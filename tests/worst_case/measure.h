// Measures the mix over one allocator and one heap: how long each call takes,
// and of some calls the exact number of instructions.
//
// The mix is the same each time, and every run of it is a fresh child process.
// So a call is measured several times, and its time is the least of them: what
// an interrupt adds falls on another call each time, what the allocator does
// falls on the same. Then, in one more run, some calls are stepped through
// (step.h): the slowest ones, and one in so many of the others.

#ifndef LOAM_TESTS_WORST_CASE_MEASURE_H_
#define LOAM_TESTS_WORST_CASE_MEASURE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "tests/worst_case/allocator.h"
#include "tests/worst_case/mix.h"

namespace loam::test {

struct MeasureOptions {
  MixOptions mix;
  size_t repeats = 3;             // runs that are timed
  size_t step_every = 100;        // 0: step through the slowest calls alone
  size_t step_slowest = 20;       // of the calls by time, are stepped through
  uint64_t step_limit = 1000000;  // instructions of one call, that are counted
};

// Which call it was.
struct Where {
  const char *phase = "";
  bool is_free = false;
  size_t size = 0;  // as it was asked for

  std::string Describe() const;
};

struct Measurement {
  std::string fault;  // why there is nothing else; empty: it went well
  bool given_memory = false;
  size_t operations = 0;
  size_t refused = 0;
  size_t live_bytes_max = 0;
  // Of the times of all calls, each the least of its repeats.
  double p50_ns = 0, p99_ns = 0, p999_ns = 0, p9999_ns = 0, max_ns = 0;
  Where slowest;
  double max_of_any_run_ns = 0;  // interrupts included
  // Of the calls that were stepped through.
  size_t stepped = 0;  // 0: this machine or build cannot
  uint64_t instructions_max = 0;
  bool instructions_cut = false;  // it was more than step_limit
  Where longest;
};

// Makes the allocator, inside the child. The memory has heap_bytes, which are
// made resident where the allocator says that it lies there.
using MakeAllocator = std::function<Allocator(void *memory, size_t bytes)>;

Measurement Measure(const MakeAllocator &make, const MeasureOptions &options);

}  // namespace loam::test

#endif  // LOAM_TESTS_WORST_CASE_MEASURE_H_
