// A table of slots; each step replaces a random one by a block of random size.

#include "benchmarks/cell/blocks.h"
#include "benchmarks/cell/scratch.h"
#include "benchmarks/cell/sizes.h"
#include "benchmarks/workloads/workloads.h"

namespace loam::cell {
namespace {

constexpr size_t kSlots = 20'000;
constexpr int64_t kSteps = 1'800'000;
constexpr size_t kLow = 16;
constexpr size_t kHigh = 2048;

void Run(const Settings &settings, Outcome *outcome) {
  SizeTable sizes;
  SizeTable::FillLogUniform(kLow, kHigh, settings.seed, &sizes);
  Scratch<void *> slots(kSlots);
  Random random(settings.seed);
  LiveBytes live;
  outcome->stopwatch.Start();
  for (int64_t step = 0; step < kSteps; step++) {
    void *&slot = slots[random.Below(kSlots)];
    if (slot != nullptr) Give(slot, &live);
    slot = Take(sizes.Draw(&random), &live);
  }
  for (void *block : slots) {
    if (block != nullptr) Give(block, &live);
  }
  outcome->stopwatch.Stop();
  outcome->operations = kSteps;
  outcome->live_peak_bytes = live.peak();
}

}  // namespace

const Workload kMicroRandomOrder = {
    "micro/random_order", "free lists and coalescing when sizes and lifetimes have no pattern",
    "an object cache or a hash table with churn", false, Run};

}  // namespace loam::cell
