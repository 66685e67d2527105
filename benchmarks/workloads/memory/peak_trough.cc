// A peak of mixed sizes, of which all but one block in 64 is freed, scattered.
// A little work goes on after that, as it does in a program, and then the
// resident memory is read: what came back to the system, and what does later?

#include <utility>

#include "benchmarks/cell/blocks.h"
#include "benchmarks/cell/scratch.h"
#include "benchmarks/cell/sizes.h"
#include "benchmarks/cell/trough.h"
#include "benchmarks/workloads/workloads.h"

namespace loam::cell {
namespace {

constexpr size_t kBlocks = 250'000;
constexpr size_t kKeepEvery = 64;
constexpr size_t kLow = 32;
constexpr size_t kHigh = 256 * 1024;
constexpr int kIdlePairs = 100'000;

// In an order that has nothing to do with the order of allocation.
void Shuffle(uint64_t seed, Scratch<void *> *blocks) {
  Random random(seed);
  for (size_t i = blocks->size() - 1; i > 0; i--) {
    std::swap((*blocks)[i], (*blocks)[random.Below(i + 1)]);
  }
}

void Run(const Settings &settings, Outcome *outcome) {
  SizeTable sizes;
  SizeTable::FillHeavyTailed(kLow, kHigh, settings.seed, &sizes);
  Scratch<void *> blocks(kBlocks);
  Random random(settings.seed);
  LiveBytes live;
  outcome->stopwatch.Start();
  for (void *&block : blocks) block = Take(sizes.Draw(&random), &live);
  outcome->stopwatch.Stop();
  Shuffle(settings.seed, &blocks);

  outcome->stopwatch.Start();
  for (size_t i = 0; i < kBlocks; i++) {
    if (i % kKeepEvery != 0) Give(blocks[i], &live);
  }
  for (int i = 0; i < kIdlePairs; i++) Give(Take(sizes.Draw(&random), &live), &live);
  outcome->stopwatch.Stop();

  ReadTrough(settings, live, outcome);
  for (size_t i = 0; i < kBlocks; i += kKeepEvery) Give(blocks[i], &live);
  outcome->operations = static_cast<int64_t>(kBlocks) + kIdlePairs;
  outcome->live_peak_bytes = live.peak();
}

}  // namespace

const Workload kMemoryPeakTrough = {
    "memory/peak_trough", "giving memory back after a peak, when a few blocks stay everywhere",
    "a service after its busy hour, an editor after a large file is closed", false, Run};

}  // namespace loam::cell
