// One repetition of a trace, in this process, under whatever malloc it was
// started with. Prints one line of JSON on stdout, as the cell does.
//
//   replay PLAN
//
// Lean, as the cell is: all memory that is not the allocator's is there before
// the first operation, and its size is in the answer.

#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "benchmarks/cell/resident.h"
#include "benchmarks/cell/served_by.h"
#include "benchmarks/trace/replay/player.h"

namespace loam::trace {
namespace {

constexpr int kUsageError = 2;

int Refuse(const char *what, const char *value) {
  dprintf(STDERR_FILENO, "replay: %s: %s\n", what, value);
  return kUsageError;
}

// Operation, live and resident bytes at each checkpoint.
void PrintSamples(const MappedPlan &plan, const int64_t *resident_bytes, int64_t own_bytes) {
  printf("\"samples\":[");
  for (uint32_t i = 0; i < plan.header->checkpoints; i++) {
    const Checkpoint &checkpoint = plan.checkpoints[i];
    printf("%s[%" PRIu64 ",%" PRIu64 ",%" PRId64 "]", i == 0 ? "" : ",", checkpoint.operation,
           checkpoint.live_bytes, resident_bytes[i] - own_bytes);
  }
  printf("],");
}

int Main(int argc, char **argv) {
  if (argc != 2) return Refuse("usage", "replay PLAN");
  const int64_t start_rss_bytes = cell::ResidentBytes();
  MappedPlan plan;
  if (!MapPlan(argv[1], &plan)) return Refuse(errno != 0 ? strerror(errno) : "no plan", argv[1]);
  static Player player(plan);
  const int64_t own_bytes = cell::ResidentBytes() - start_rss_bytes;

  // Memory is that of the first pass: the program did its work once. The others
  // are there for the time.
  cell::Stopwatch stopwatch;
  player.Play(true, &stopwatch);
  // The end first: reading the peak takes a page of stack.
  const int64_t end_rss_bytes = cell::ResidentBytes() - own_bytes;
  const int64_t peak_rss_bytes = cell::PeakResidentBytes() - own_bytes;
  for (uint32_t pass = 1; pass < plan.header->passes; pass++) player.Play(false, &stopwatch);

  static cell::ServedBy served_by;
  FindServedBy(&served_by);
  printf("{");
  PrintSamples(plan, player.resident_bytes(), own_bytes);
  printf("\"operations\":%" PRIu64 ",\"wall_ns\":%" PRId64 ",\"cpu_ns\":%" PRId64
         ",\"live_peak_bytes\":%" PRId64
         ",\"trough_rss_bytes\":-1,\"trough_live_bytes\":-1,\"settled_rss_bytes\":-1,"
         "\"memory_points\":[],\"latency\":null,\"start_rss_bytes\":%" PRId64
         ",\"end_rss_bytes\":%" PRId64 ",\"peak_rss_bytes\":%" PRId64 ",\"own_bytes\":%" PRId64
         ",\"malloc\":\"%s\"}\n",
         plan.header->operations * plan.header->passes, stopwatch.wall_ns(), stopwatch.cpu_ns(),
         player.peak_live_bytes(), start_rss_bytes, end_rss_bytes, peak_rss_bytes, own_bytes,
         served_by.library);
  return fflush(stdout) == 0 ? 0 : 4;
}

}  // namespace
}  // namespace loam::trace

int main(int argc, char **argv) { return loam::trace::Main(argc, argv); }
