// micro/pair on every thread: blocks that no other thread ever sees. Nothing is
// shared, so twice the threads on twice the processors should take half the
// time; what is missing from that is the allocator's.

#include "benchmarks/cell/blocks.h"
#include "benchmarks/cell/scratch.h"
#include "benchmarks/cell/threads.h"
#include "benchmarks/workloads/workloads.h"

namespace loam::cell {
namespace {

constexpr int64_t kPairs = 12'000'000;  // of all threads together
constexpr int64_t kSizes = 16;          // 16, 32, ... 256 bytes, one after the other

struct alignas(128) Worker {
  int64_t pairs;
};

void Work(Worker *worker) {
  for (int64_t i = 0; i < kSizes; i++) {
    const size_t size = 16 * static_cast<size_t>(i + 1);
    const int64_t pairs = Share(worker->pairs, kSizes, static_cast<size_t>(i));
    for (int64_t pair = 0; pair < pairs; pair++) Give(Take(size));
  }
}

void Run(const Settings &settings, Outcome *outcome) {
  Scratch<Worker> workers(static_cast<size_t>(settings.threads));
  for (size_t i = 0; i < workers.size(); i++) workers[i].pairs = Share(kPairs, workers.size(), i);
  outcome->stopwatch.Start();
  RunAll<Work>(&workers);
  outcome->stopwatch.Stop();
  outcome->operations = kPairs;
  outcome->live_peak_bytes = 16 * kSizes * settings.threads;
}

}  // namespace

const Workload kThreadedPairs = {
    "threaded/pairs", "scaling where there is nothing to share: locks, shared counters, lines",
    "threads that each use temporaries of their own", true, Run};

}  // namespace loam::cell
