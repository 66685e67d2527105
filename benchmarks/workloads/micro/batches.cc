// Batches of small blocks, given back in the opposite or in the same order.

#include "benchmarks/cell/blocks.h"
#include "benchmarks/cell/scratch.h"
#include "benchmarks/cell/sizes.h"
#include "benchmarks/workloads/workloads.h"

namespace loam::cell {
namespace {

constexpr size_t kBatch = 4000;
constexpr int64_t kBatches = 1200;
constexpr size_t kLow = 16;
constexpr size_t kHigh = 512;

enum class Order { kLastFirst, kFirstFirst };

void RunBatches(Order order, const Settings &settings, Outcome *outcome) {
  SizeTable sizes;
  SizeTable::FillLogUniform(kLow, kHigh, settings.seed, &sizes);
  Scratch<void *> blocks(kBatch);
  LiveBytes live;
  outcome->stopwatch.Start();
  for (int64_t batch = 0; batch < kBatches; batch++) {
    for (size_t i = 0; i < kBatch; i++) {
      blocks[i] = Take(sizes.At(i + static_cast<size_t>(batch)), &live);
    }
    for (size_t i = 0; i < kBatch; i++) {
      Give(blocks[order == Order::kLastFirst ? kBatch - 1 - i : i], &live);
    }
  }
  outcome->stopwatch.Stop();
  outcome->operations = kBatches * static_cast<int64_t>(kBatch);
  outcome->live_peak_bytes = live.peak();
}

void RunLifo(const Settings &settings, Outcome *outcome) {
  RunBatches(Order::kLastFirst, settings, outcome);
}

void RunFifo(const Settings &settings, Outcome *outcome) {
  RunBatches(Order::kFirstFirst, settings, outcome);
}

}  // namespace

const Workload kMicroLifoBatch = {
    "micro/lifo_batch", "refilling and draining caches of small blocks, newest block first",
    "a tree or a stack of objects that is built and torn down", false, RunLifo};

const Workload kMicroFifoBatch = {
    "micro/fifo_batch", "refilling and draining caches of small blocks, oldest block first",
    "a queue of messages, or a container destroyed front to back", false, RunFifo};

}  // namespace loam::cell
