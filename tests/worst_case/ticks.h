// The processor's clock, read so that what lies between two readings is just
// what was measured.

#ifndef LOAM_TESTS_WORST_CASE_TICKS_H_
#define LOAM_TESTS_WORST_CASE_TICKS_H_

#include <ctime>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

#include <cstdint>

namespace loam::test {

inline uint64_t Nanoseconds() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC_RAW, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000000000u + static_cast<uint64_t>(now.tv_nsec);
}

// The fences keep earlier and later instructions where they are.
inline uint64_t Ticks() {
#if defined(__x86_64__)
  _mm_lfence();
  const uint64_t ticks = __rdtsc();
  _mm_lfence();
  return ticks;
#else
  return Nanoseconds();
#endif
}

// What two readings with nothing between them differ by, at least.
inline uint64_t TicksOfReading() {
  uint64_t least = UINT64_MAX;
  for (int i = 0; i < 10000; ++i) {
    const uint64_t begin = Ticks();
    const uint64_t ticks = Ticks() - begin;
    if (ticks < least) least = ticks;
  }
  return least;
}

inline double NanosecondsPerTick() {
  constexpr uint64_t kCalibrationNs = 20000000;
  const uint64_t begin_ns = Nanoseconds();
  const uint64_t begin = Ticks();
  uint64_t ns;
  while ((ns = Nanoseconds() - begin_ns) < kCalibrationNs) {
  }
  return static_cast<double>(ns) / static_cast<double>(Ticks() - begin);
}

}  // namespace loam::test

#endif  // LOAM_TESTS_WORST_CASE_TICKS_H_
