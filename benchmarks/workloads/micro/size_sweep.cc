// Every doubling from 8 bytes to 16 MiB and a size between each two, a few
// blocks alive at a time, every page written.

#include "benchmarks/cell/blocks.h"
#include "benchmarks/workloads/workloads.h"

namespace loam::cell {
namespace {

constexpr size_t kLow = 8;
constexpr size_t kHigh = size_t{16} << 20;
constexpr size_t kWindow = 4;                      // blocks alive at a time
constexpr size_t kBytesPerSize = size_t{4} << 20;  // so that large sizes do not drown small ones
constexpr size_t kMostBlocks = 20'000;

class Sweep {
 public:
  // The blocks of one size: a window of them slides over the count.
  void RunSize(size_t size) {
    size_t count = kBytesPerSize / size;
    if (count > kMostBlocks) count = kMostBlocks;
    if (count < 2) count = 2;
    void *window[kWindow] = {};
    for (size_t i = 0; i < count; i++) {
      void *&oldest = window[i % kWindow];
      if (oldest != nullptr) Give(oldest, &live_);
      oldest = Take(size, &live_);
    }
    for (void *block : window) {
      if (block != nullptr) Give(block, &live_);
    }
    operations_ += static_cast<int64_t>(count);
  }

  int64_t operations() const { return operations_; }
  const LiveBytes &live() const { return live_; }

 private:
  LiveBytes live_;
  int64_t operations_ = 0;
};

void Run(const Settings &, Outcome *outcome) {
  Sweep sweep;
  outcome->stopwatch.Start();
  for (size_t size = kLow; size <= kHigh; size *= 2) {
    sweep.RunSize(size);
    if (size < kHigh) sweep.RunSize(size + size / 2 + 1);
  }
  outcome->stopwatch.Stop();
  outcome->operations = sweep.operations();
  outcome->live_peak_bytes = sweep.live().peak();
}

}  // namespace

const Workload kMicroSizeSweep = {
    "micro/size_sweep", "every size class, and how large blocks come from the kernel and go back",
    "buffers of every size: strings, images, arrays", false, Run};

}  // namespace loam::cell
