// Threads with objects of their own: sizes with a heavy tail, most lives short,
// some long. Each step replaces a block in one of three tables; the larger the
// table and the rarer it is drawn, the longer its blocks live.

#include "benchmarks/cell/blocks.h"
#include "benchmarks/cell/scratch.h"
#include "benchmarks/cell/sizes.h"
#include "benchmarks/cell/threads.h"
#include "benchmarks/workloads/workloads.h"

namespace loam::cell {
namespace {

constexpr int64_t kSteps = 3'000'000;  // of all threads together
constexpr size_t kShortLived = 16;     // slots of each thread; a life of 20 steps
constexpr size_t kMediumLived = 512;   // of each thread; 3,400 steps
constexpr size_t kLongLived = 16'000;  // of all threads together
constexpr size_t kLow = 16;
constexpr size_t kHigh = 128 * 1024;

struct Slots {
  void **first;
  size_t count;
};

struct alignas(128) Worker {
  SizeTable *sizes;
  Slots short_lived;
  Slots medium_lived;
  Slots long_lived;
  int64_t steps;
  uint64_t seed;
  int64_t live_peak_bytes;
};

// Of 20 blocks, 16 live shortly, 3 longer, and 1 long.
Slots &DrawTable(Worker *worker, Random *random) {
  const size_t lot = random->Below(20);
  return lot < 16 ? worker->short_lived : lot < 19 ? worker->medium_lived : worker->long_lived;
}

void GiveAll(const Slots &slots, LiveBytes *live) {
  for (size_t i = 0; i < slots.count; i++) {
    if (slots.first[i] != nullptr) Give(slots.first[i], live);
  }
}

void Work(Worker *worker) {
  Random random(worker->seed);
  LiveBytes live;
  for (int64_t step = 0; step < worker->steps; step++) {
    const Slots &table = DrawTable(worker, &random);
    void *&slot = table.first[random.Below(table.count)];
    if (slot != nullptr) Give(slot, &live);
    slot = Take(worker->sizes->Draw(&random), &live);
  }
  worker->live_peak_bytes = live.peak();
  GiveAll(worker->short_lived, &live);
  GiveAll(worker->medium_lived, &live);
  GiveAll(worker->long_lived, &live);
}

void Run(const Settings &settings, Outcome *outcome) {
  const size_t count = static_cast<size_t>(settings.threads);
  const size_t long_lived = kLongLived / count;
  const size_t slots_of_worker = kShortLived + kMediumLived + long_lived;
  SizeTable sizes;
  SizeTable::FillHeavyTailed(kLow, kHigh, settings.seed, &sizes);
  Scratch<void *> slots(count * slots_of_worker);
  Scratch<Worker> workers(count);
  for (size_t i = 0; i < count; i++) {
    Worker &worker = workers[i];
    worker.sizes = &sizes;
    worker.short_lived = {&slots[i * slots_of_worker], kShortLived};
    worker.medium_lived = {worker.short_lived.first + kShortLived, kMediumLived};
    worker.long_lived = {worker.medium_lived.first + kMediumLived, long_lived};
    worker.steps = Share(kSteps, count, i);
    worker.seed = settings.seed + i;
  }
  outcome->stopwatch.Start();
  RunAll<Work>(&workers);
  outcome->stopwatch.Stop();
  outcome->operations = kSteps;
  for (const Worker &worker : workers) outcome->live_peak_bytes += worker.live_peak_bytes;
}

}  // namespace

const Workload kThreadedMixedLifetimes = {
    "threaded/mixed_lifetimes",
    "caches and free lists of threads that do not meet, all sizes, all ages",
    "requests that each thread serves from start to end, with a session cache", true, Run};

}  // namespace loam::cell
