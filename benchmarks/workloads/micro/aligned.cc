// Blocks at multiples of 32 bytes to a page, among plain ones.

#include "benchmarks/cell/blocks.h"
#include "benchmarks/cell/scratch.h"
#include "benchmarks/cell/sizes.h"
#include "benchmarks/workloads/workloads.h"

namespace loam::cell {
namespace {

constexpr size_t kSlots = 1000;
constexpr int64_t kSteps = 1'600'000;
constexpr size_t kLow = 16;
constexpr size_t kHigh = 4096;
constexpr size_t kLeastLog2 = 5;
constexpr size_t kMostLog2 = 12;

// Small alignments are far more common than large ones.
size_t DrawAlignment(Random *random) {
  const size_t log2 = kLeastLog2 + static_cast<size_t>(__builtin_ctzll(random->Next() | 1u << 7));
  return size_t{1} << (log2 < kMostLog2 ? log2 : kMostLog2);
}

void *TakeAligned(size_t alignment, size_t size, LiveBytes *live) {
  void *block = nullptr;
  const int error =
      Timed(&Latencies::take, [&] { return posix_memalign(&block, alignment, size); });
  if (error != 0) DieOutOfMemory(size);
  live->Add(size);
  return Received(block, size);
}

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
    const size_t size = sizes.Draw(&random);
    slot = step % 4 == 0 ? Take(size, &live) : TakeAligned(DrawAlignment(&random), size, &live);
  }
  for (void *block : slots) {
    if (block != nullptr) Give(block, &live);
  }
  outcome->stopwatch.Stop();
  outcome->operations = kSteps;
  outcome->live_peak_bytes = live.peak();
}

}  // namespace

const Workload kMicroAligned = {
    "micro/aligned", "aligned requests: the way to an aligned block, and what it wastes",
    "vector code, cache-line-sized objects, direct I/O buffers", false, Run};

}  // namespace loam::cell
