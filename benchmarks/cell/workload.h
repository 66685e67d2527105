// What a workload is, to the cell that runs it.
//
// A workload does a fixed amount of work, decided by its seed alone, so that
// its time is comparable between allocators. It calls malloc as a program
// would, touches what it gets, and gives all of it back before it returns.
// Its own tables come from Scratch, never from the malloc under test.

#ifndef LOAM_BENCHMARKS_CELL_WORKLOAD_H_
#define LOAM_BENCHMARKS_CELL_WORKLOAD_H_

#include <cstdint>

#include "benchmarks/cell/stopwatch.h"

namespace loam::cell {

struct Settings {
  int threads = 1;
  uint64_t seed = 1;
  bool settle = false;  // read the trough a second time, a second and a half later
};

constexpr int64_t kNotMeasured = -1;

// What the program held at some moment, and what was resident.
struct MemoryPoint {
  int64_t live_bytes;
  int64_t rss_bytes;
};

struct Outcome {
  static constexpr int kMostPoints = 16;

  Stopwatch stopwatch;     // around the work, set-up left out
  int64_t operations = 0;  // blocks handed out, or resized
  // Most bytes that the program had asked for at one time; where threads go
  // their own ways, the sum of what each of them had at most.
  int64_t live_peak_bytes = 0;
  int64_t trough_rss_bytes = kNotMeasured;   // resident after most of the peak was freed
  int64_t trough_live_bytes = kNotMeasured;  // and what the program still held then
  int64_t settled_rss_bytes = kNotMeasured;  // resident a second and a half after that
  MemoryPoint points[kMostPoints] = {};      // at moments that the workload chose
  int point_count = 0;
};

struct Workload {
  const char *name;        // family/name, unique
  const char *stresses;    // which part of an allocator works hardest
  const char *stands_for;  // the real situation behind it
  bool threaded;           // runs at any thread count; else on the main thread alone
  void (*run)(const Settings &settings, Outcome *outcome);
  // Some threads only allocate, others only free: the floor, which never brings
  // blocks back to where they came from, would use ever more memory.
  bool one_way = false;
};

}  // namespace loam::cell

#endif  // LOAM_BENCHMARKS_CELL_WORKLOAD_H_
