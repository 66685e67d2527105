// Zeroed blocks: small records, and now and then a table large enough that
// fresh pages from the kernel need no clearing.

#include "benchmarks/cell/blocks.h"
#include "benchmarks/cell/scratch.h"
#include "benchmarks/cell/sizes.h"
#include "benchmarks/workloads/workloads.h"

namespace loam::cell {
namespace {

constexpr size_t kSlots = 512;
constexpr int64_t kSteps = 1'500'000;
constexpr int64_t kLargeEvery = 2000;
constexpr size_t kLow = 16;
constexpr size_t kHigh = 1024;
constexpr size_t kLarge = 512 * 1024;

void *TakeZeroed(size_t count, size_t size, LiveBytes *live) {
  const size_t bytes = count * size;
  void *block = Timed(&Latencies::take, [=] { return calloc(count, size); });
  if (block == nullptr) DieOutOfMemory(bytes);
  Expect(block, 0);
  live->Add(bytes);
  *static_cast<uint64_t *>(block) = bytes;
  benchmark::DoNotOptimize(block);
  return block;
}

void Run(const Settings &settings, Outcome *outcome) {
  SizeTable sizes;
  SizeTable::FillLogUniform(kLow, kHigh, settings.seed, &sizes);
  Scratch<void *> slots(kSlots);
  Random random(settings.seed);
  LiveBytes live;
  outcome->stopwatch.Start();
  for (int64_t step = 0; step < kSteps; step++) {
    void *&slot = slots[static_cast<size_t>(step) % kSlots];
    if (slot != nullptr) Give(slot, &live);
    slot = step % kLargeEvery == 0 ? TakeZeroed(kLarge / 8, 8, &live)
                                   : TakeZeroed(1, sizes.Draw(&random), &live);
  }
  for (void *block : slots) {
    if (block != nullptr) Give(block, &live);
  }
  outcome->stopwatch.Stop();
  outcome->operations = kSteps;
  outcome->live_peak_bytes = live.peak();
}

}  // namespace

const Workload kMicroCalloc = {
    "micro/calloc", "clearing: how fast, and whether what the kernel just cleared is cleared again",
    "records and tables that start at zero", false, Run};

}  // namespace loam::cell
