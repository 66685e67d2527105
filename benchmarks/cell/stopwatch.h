// Wall and processor time of a stretch of work, from monotonic clocks.

#ifndef LOAM_BENCHMARKS_CELL_STOPWATCH_H_
#define LOAM_BENCHMARKS_CELL_STOPWATCH_H_

#include <time.h>

#include <cstdint>

namespace loam::cell {

class Stopwatch {
 public:
  void Start() {
    cpu_start_ns_ = Now(CLOCK_PROCESS_CPUTIME_ID);
    wall_start_ns_ = Now(CLOCK_MONOTONIC);
  }

  void Stop() {
    wall_ns_ += Now(CLOCK_MONOTONIC) - wall_start_ns_;
    cpu_ns_ += Now(CLOCK_PROCESS_CPUTIME_ID) - cpu_start_ns_;
  }

  int64_t wall_ns() const { return wall_ns_; }
  int64_t cpu_ns() const { return cpu_ns_; }

 private:
  static int64_t Now(clockid_t clock) {
    timespec now;
    clock_gettime(clock, &now);
    return int64_t{now.tv_sec} * 1000000000 + now.tv_nsec;
  }

  int64_t wall_start_ns_ = 0;
  int64_t cpu_start_ns_ = 0;
  int64_t wall_ns_ = 0;
  int64_t cpu_ns_ = 0;
};

}  // namespace loam::cell

#endif  // LOAM_BENCHMARKS_CELL_STOPWATCH_H_
