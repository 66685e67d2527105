// One block at a time: malloc, touch, free, over and over. The next malloc
// finds what the last free left, so this is the length of the fast path.

#include "benchmarks/cell/blocks.h"
#include "benchmarks/workloads/workloads.h"

namespace loam::cell {
namespace {

constexpr int64_t kPairsPerSize = 500'000;
constexpr size_t kSizes = 16;  // 16, 32, ... 256 bytes, one after the other

void Run(const Settings &, Outcome *outcome) {
  outcome->stopwatch.Start();
  for (size_t size = 16; size <= 16 * kSizes; size += 16) {
    for (int64_t i = 0; i < kPairsPerSize; i++) Give(Take(size));
  }
  outcome->stopwatch.Stop();
  outcome->operations = kPairsPerSize * static_cast<int64_t>(kSizes);
  outcome->live_peak_bytes = 16 * kSizes;
}

}  // namespace

const Workload kMicroPair = {"micro/pair", "the fast path of malloc and free, nothing else",
                             "a temporary that lives for one call", false, Run};

}  // namespace loam::cell
