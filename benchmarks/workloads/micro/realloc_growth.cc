// Buffers that grow while they fill: by half, as a vector does, and by small
// steps, as a string that is read piece by piece does.

#include "benchmarks/cell/blocks.h"
#include "benchmarks/workloads/workloads.h"

namespace loam::cell {
namespace {

constexpr size_t kBuffers = 8;  // grown in turn, so that neighbours are in the way
constexpr size_t kStart = 32;
constexpr size_t kVectorEnd = size_t{1} << 20;
constexpr size_t kStringEnd = 32 * 1024;
constexpr size_t kStringStep = 96;
constexpr int kRepeats = 6;

class Buffers {
 public:
  template <typename Grow>
  void Fill(size_t end, Grow grow) {
    for (void *&buffer : buffers_) buffer = Take(kStart, &live_);
    operations_ += static_cast<int64_t>(kBuffers);
    for (size_t size = kStart; size < end;) {
      const size_t larger = grow(size);
      for (void *&buffer : buffers_) buffer = Resize(buffer, size, larger);
      operations_ += static_cast<int64_t>(kBuffers);
      size = larger;
    }
    for (void *buffer : buffers_) Give(buffer, &live_);
  }

  int64_t operations() const { return operations_; }
  const LiveBytes &live() const { return live_; }

 private:
  void *Resize(void *buffer, size_t size, size_t larger) {
    void *moved = Timed(&Latencies::take, [=] { return realloc(buffer, larger); });
    if (moved == nullptr) DieOutOfMemory(larger);
    Expect(moved, size);
    live_.Add(larger - size);
    *static_cast<uint64_t *>(moved) = larger;
    char *bytes = static_cast<char *>(moved);
    for (size_t at = size; at < larger; at += kPage) bytes[at] = 1;
    bytes[larger - 1] = 1;
    benchmark::DoNotOptimize(moved);
    return moved;
  }

  void *buffers_[kBuffers] = {};
  LiveBytes live_;
  int64_t operations_ = 0;
};

void Run(const Settings &, Outcome *outcome) {
  Buffers buffers;
  outcome->stopwatch.Start();
  for (int repeat = 0; repeat < kRepeats; repeat++) {
    buffers.Fill(kVectorEnd, [](size_t size) { return size + size / 2; });
    buffers.Fill(kStringEnd, [](size_t size) { return size + kStringStep; });
  }
  outcome->stopwatch.Stop();
  outcome->operations = buffers.operations();
  outcome->live_peak_bytes = buffers.live().peak();
}

}  // namespace

const Workload kMicroReallocGrowth = {
    "micro/realloc_growth", "growing in place, moving pages instead of bytes, copying when neither",
    "vectors and strings that grow while they are filled", false, Run};

}  // namespace loam::cell
