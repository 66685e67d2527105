// A bounded queue of blocks from one thread to one other, in batches, so that
// the queue costs little beside the malloc and free on its two ends.

#ifndef LOAM_BENCHMARKS_WORKLOADS_THREADED_CHANNEL_H_
#define LOAM_BENCHMARKS_WORKLOADS_THREADED_CHANNEL_H_

#include <sched.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "benchmarks/cell/blocks.h"

namespace loam::cell {

struct Batch {
  static constexpr size_t kMost = 64;

  size_t count;
  void *blocks[kMost];
};

// One thread fills batches and sends them, another takes them; valid when
// zeroed, as Scratch gives it.
class Channel {
 public:
  // The batch to fill next, or null while all are on their way.
  Batch *Room() {
    const size_t sent = sent_.load(std::memory_order_relaxed);
    if (sent - taken_.load(std::memory_order_acquire) == kBatches) return nullptr;
    return &batches_[sent % kBatches];
  }
  Batch *AwaitRoom() {
    Batch *batch;
    while ((batch = Room()) == nullptr) sched_yield();
    return batch;
  }
  // The batch that Room gave is complete.
  void Send() { sent_.fetch_add(1, std::memory_order_release); }

  // Gives back the blocks of the oldest batch; false when there is none.
  bool GiveBatch() {
    const size_t taken = taken_.load(std::memory_order_relaxed);
    if (taken == sent_.load(std::memory_order_acquire)) return false;
    Batch *batch = &batches_[taken % kBatches];
    int64_t bytes = 0;
    for (size_t i = 0; i < batch->count; i++) {
      bytes += static_cast<int64_t>(SizeOf(batch->blocks[i]));
      Give(batch->blocks[i]);
    }
    given_bytes_.store(given_bytes_.load(std::memory_order_relaxed) + bytes,
                       std::memory_order_relaxed);
    taken_.store(taken + 1, std::memory_order_release);
    return true;
  }
  // Gives back `batches` batches as they come.
  void GiveBatches(int64_t batches) {
    while (batches > 0) {
      if (GiveBatch()) {
        batches--;
      } else {
        sched_yield();
      }
    }
  }

  // Of all blocks that were given back; the sender may ask while they are.
  int64_t given_bytes() const { return given_bytes_.load(std::memory_order_relaxed); }

 private:
  static constexpr size_t kBatches = 16;

  alignas(128) std::atomic<size_t> sent_;
  alignas(128) std::atomic<size_t> taken_;
  std::atomic<int64_t> given_bytes_;
  alignas(128) Batch batches_[kBatches];
};

}  // namespace loam::cell

#endif  // LOAM_BENCHMARKS_WORKLOADS_THREADED_CHANNEL_H_
