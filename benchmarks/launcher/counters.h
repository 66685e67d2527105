// Cycles and instructions of a process that is about to be started, and of all
// that it starts, where the machine has counters and lets us use them.

#ifndef LOAM_BENCHMARKS_LAUNCHER_COUNTERS_H_
#define LOAM_BENCHMARKS_LAUNCHER_COUNTERS_H_

#include <stdint.h>

enum { COUNTER_CYCLES, COUNTER_INSTRUCTIONS, COUNTER_COUNT };

struct counters {
  int file[COUNTER_COUNT];  // -1: there is none
};

// To be called before fork: children inherit the counters, which begin to count
// when a child becomes its program. Only what runs in user mode is counted.
void counters_open(struct counters *counters);

// The count once the process has ended; -1 where nothing was counted.
int64_t counters_read(const struct counters *counters, int counter);

#endif  // LOAM_BENCHMARKS_LAUNCHER_COUNTERS_H_
