// One repetition of one workload, in this process, under whatever malloc it
// was started with. Prints one line of JSON on stdout.
//
//   cell --list                       every workload, one JSON object a line
//   cell --probe                      which library serves malloc here
//   cell [--settle] WORKLOAD THREADS SEED
//                                     runs it; --settle: reads resident memory
//                                     again when a trough has settled
//
// Built as cell_latency, it also says how long single calls took (latency.h).
//
// The process stays lean, so that its memory is the allocator's: no libstdc++,
// no streams, and no thread but those that the workload asks for.

#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "benchmarks/cell/latency.h"
#include "benchmarks/cell/resident.h"
#include "benchmarks/cell/served_by.h"
#include "benchmarks/cell/threads.h"
#include "benchmarks/cell/workload.h"
#include "benchmarks/workloads/workloads.h"

namespace loam::cell {
namespace {

constexpr int kUsageError = 2;
constexpr int kWriteError = 4;

int Print(const char *line, int length) {
  return write(STDOUT_FILENO, line, static_cast<size_t>(length)) == length ? 0 : kWriteError;
}

int Refuse(const char *what, const char *value) {
  dprintf(STDERR_FILENO, "cell: %s: %s\n", what, value);
  return kUsageError;
}

int List() {
  for (const Workload *workload : kWorkloads) {
    char line[1024];
    const int length =
        snprintf(line, sizeof line,
                 "{\"name\":\"%s\",\"stresses\":\"%s\",\"stands_for\":\"%s\",\"threaded\":%s,\"one_"
                 "way\":%s}\n",
                 workload->name, workload->stresses, workload->stands_for,
                 workload->threaded ? "true" : "false", workload->one_way ? "true" : "false");
    if (Print(line, length) != 0) return kWriteError;
  }
  return 0;
}

int Probe() {
  static ServedBy served_by;
  FindServedBy(&served_by);
  char line[2400];
  return Print(
      line, snprintf(line, sizeof line, "{\"malloc\":\"%s\",\"free\":\"%s\",\"version\":\"%s\"}\n",
                     served_by.library, served_by.free_library, served_by.version));
}

// "[[live, resident], ...]" into `text`, which has room for them all.
void WritePoints(const Outcome &outcome, char *text) {
  *text++ = '[';
  for (int i = 0; i < outcome.point_count; i++) {
    const MemoryPoint &point = outcome.points[i];
    text += sprintf(text, "%s[%" PRId64 ",%" PRId64 "]", i == 0 ? "" : ",", point.live_bytes,
                    point.rss_bytes);
  }
  *text++ = ']';
  *text = '\0';
}

int Run(const Workload &workload, const Settings &settings) {
  static ServedBy served_by;
  const int64_t start_rss_bytes = ResidentBytes();
  Outcome outcome;
  workload.run(settings, &outcome);
  const int64_t end_rss_bytes = ResidentBytes();
  const int64_t peak_rss_bytes = PeakResidentBytes();
  FindServedBy(&served_by);
  CollectLatencies();
  char latencies[600];
  WriteLatencies(latencies, sizeof latencies);
  char points[Outcome::kMostPoints * 48];
  WritePoints(outcome, points);
  char line[2400 + sizeof points + sizeof latencies];
  const int length = snprintf(
      line, sizeof line,
      "{\"operations\":%" PRId64 ",\"wall_ns\":%" PRId64 ",\"cpu_ns\":%" PRId64
      ",\"live_peak_bytes\":%" PRId64 ",\"trough_rss_bytes\":%" PRId64
      ",\"trough_live_bytes\":%" PRId64 ",\"settled_rss_bytes\":%" PRId64
      ",\"start_rss_bytes\":%" PRId64 ",\"end_rss_bytes\":%" PRId64 ",\"peak_rss_bytes\":%" PRId64
      ",\"memory_points\":%s,\"latency\":%s,\"malloc\":\"%s\"}\n",
      outcome.operations, outcome.stopwatch.wall_ns(), outcome.stopwatch.cpu_ns(),
      outcome.live_peak_bytes, outcome.trough_rss_bytes, outcome.trough_live_bytes,
      outcome.settled_rss_bytes, start_rss_bytes, end_rss_bytes, peak_rss_bytes, points, latencies,
      served_by.library);
  return Print(line, length);
}

bool ParseNumber(const char *text, unsigned long long *number) {
  char *end;
  errno = 0;
  *number = strtoull(text, &end, 10);
  return errno == 0 && end != text && *end == '\0' && text[0] != '-';
}

int Main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "--list") == 0) return List();
  if (argc == 2 && strcmp(argv[1], "--probe") == 0) return Probe();
  const bool settle = argc > 1 && strcmp(argv[1], "--settle") == 0;
  argc -= settle;
  argv += settle;
  if (argc != 4) {
    return Refuse("usage", "cell --list | --probe | [--settle] WORKLOAD THREADS SEED");
  }
  unsigned long long threads;
  unsigned long long seed;
  if (!ParseNumber(argv[2], &threads) || threads < 1 || threads > kMaxThreads) {
    return Refuse("not a number of threads", argv[2]);
  }
  if (!ParseNumber(argv[3], &seed)) return Refuse("not a seed", argv[3]);
  for (const Workload *workload : kWorkloads) {
    if (strcmp(workload->name, argv[1]) != 0) continue;
    if (threads > 1 && !workload->threaded) return Refuse("runs on one thread only", argv[1]);
    return Run(*workload, Settings{static_cast<int>(threads), seed, settle});
  }
  return Refuse("unknown workload", argv[1]);
}

}  // namespace
}  // namespace loam::cell

int main(int argc, char **argv) { return loam::cell::Main(argc, argv); }
