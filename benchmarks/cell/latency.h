// How long single calls take, in the cell that is built for it (cell_latency).
// To read the clock around each call slows a workload down several times, so
// the cell that measures throughput is another program, in which nothing of
// this is left.

#ifndef LOAM_BENCHMARKS_CELL_LATENCY_H_
#define LOAM_BENCHMARKS_CELL_LATENCY_H_

#include "benchmarks/cell/histogram.h"
#include "benchmarks/cell/ticks.h"

namespace loam::cell {

#ifdef LOAM_CELL_LATENCY
constexpr bool kTimesCalls = true;
#else
constexpr bool kTimesCalls = false;
#endif

// In ticks; the reading of the clock included.
struct Latencies {
  Histogram take;  // malloc, or whatever else the workload gets blocks from
  Histogram give;  // free
};

inline thread_local Latencies latencies_of_thread;

// Makes the call; notes how long it took where this cell does so.
template <typename Call>
auto Timed([[maybe_unused]] Histogram Latencies::*kind, Call call) {
  if constexpr (kTimesCalls) {
    struct Watch {
      Histogram *histogram;
      uint64_t begin = Ticks();
      ~Watch() { histogram->Add(Ticks() - begin); }
    } watch{&(latencies_of_thread.*kind)};
    return call();
  } else {
    return call();
  }
}

// Adds what this thread has noted to what the process has. Every thread calls
// it before it ends.
void CollectLatencies();

// Writes what was collected as JSON into `text`: quantiles in nanoseconds, the
// reading of the clock taken off; "null" where nothing was timed. Returns the
// length.
int WriteLatencies(char *text, size_t size);

}  // namespace loam::cell

#endif  // LOAM_BENCHMARKS_CELL_LATENCY_H_
