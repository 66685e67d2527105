// The processor's clock, finer and cheaper to read than the kernel's.

#ifndef LOAM_BENCHMARKS_CELL_TICKS_H_
#define LOAM_BENCHMARKS_CELL_TICKS_H_

#include <time.h>

#include <cstdint>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace loam::cell {

inline int64_t MonotonicNs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1000000000 + now.tv_nsec;
}

// Of unknown length, but all of one; see NanosecondsPerTick. What was begun
// before is over when the clock is read, and what comes after has not begun.
inline uint64_t Ticks() {
#if defined(__x86_64__)
  _mm_lfence();
  const uint64_t ticks = __rdtsc();
  _mm_lfence();
  return ticks;
#else
  return static_cast<uint64_t>(MonotonicNs());
#endif
}

// Takes 20 ms to find out.
inline double NanosecondsPerTick() {
  constexpr int64_t kCalibrationNs = 20'000'000;
  const int64_t begin_ns = MonotonicNs();
  const uint64_t begin = Ticks();
  int64_t ns;
  while ((ns = MonotonicNs() - begin_ns) < kCalibrationNs) continue;
  return static_cast<double>(ns) / static_cast<double>(Ticks() - begin);
}

}  // namespace loam::cell

#endif  // LOAM_BENCHMARKS_CELL_TICKS_H_
