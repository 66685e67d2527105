// A handful of blocks of 3 to 12 MiB, replaced one by one, every page written:
// whether memory of this size is kept for the next block, or comes from the
// kernel, page by page, each time.

#include "benchmarks/cell/blocks.h"
#include "benchmarks/cell/random.h"
#include "benchmarks/workloads/workloads.h"

namespace loam::cell {
namespace {

constexpr size_t kMebibyte = size_t{1} << 20;
constexpr size_t kLow = 3 * kMebibyte;
constexpr size_t kHigh = 12 * kMebibyte;
constexpr size_t kSlots = 4;
constexpr int kBlocks = 16;

void Run(const Settings &settings, Outcome *outcome) {
  Random random(settings.seed);
  LiveBytes live;
  void *slots[kSlots] = {};
  outcome->stopwatch.Start();
  for (int i = 0; i < kBlocks; i++) {
    void *&slot = slots[random.Below(kSlots)];
    if (slot != nullptr) Give(slot, &live);
    slot = Take(random.Between(kLow, kHigh), &live);
  }
  for (void *slot : slots) {
    if (slot != nullptr) Give(slot, &live);
  }
  outcome->stopwatch.Stop();
  outcome->operations = kBlocks;
  outcome->live_peak_bytes = live.peak();
}

}  // namespace

const Workload kMicroLargeBlocks = {
    "micro/large_blocks", "blocks of 3 to 12 MiB, a few at a time: are their pages used again?",
    "images, matrices, messages: large buffers, one after the other", false, Run};

}  // namespace loam::cell
