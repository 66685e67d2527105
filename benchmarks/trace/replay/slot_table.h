// Doing an operation: the call, what the program does with the block, and the
// count of live bytes.
//
// As in the cell's own workloads, a new block's first word and a byte of each of
// its pages are written, as far as the trace says that they were touched, and the
// word is looked at before the block is resized or freed: a block that another
// one overlaps is found, and is a failed repetition.

#ifndef LOAM_BENCHMARKS_TRACE_REPLAY_SLOT_TABLE_H_
#define LOAM_BENCHMARKS_TRACE_REPLAY_SLOT_TABLE_H_

#include <sched.h>
#include <stdlib.h>
#include <time.h>

#include <atomic>
#include <cstdint>

#include "benchmarks/cell/blocks.h"
#include "benchmarks/cell/scratch.h"
#include "benchmarks/trace/replay/plan.h"

namespace loam::trace {

struct Slot {
  void *block;
  uint64_t bytes;
};

struct SharedSlot {
  Slot slot;
  std::atomic<uint32_t> turn;  // how many operations are done
};

// Processor time that is given away while another thread has to go first.
inline void WaitALittle(uint32_t waited) {
  constexpr uint32_t kSpins = 256;
  constexpr uint32_t kYields = 4096;
  if (waited < kSpins) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  } else if (waited < kYields) {
    sched_yield();
  } else {
    const timespec nap = {0, 50'000};
    nanosleep(&nap, nullptr);
  }
}

class SlotTable {
 public:
  explicit SlotTable(const PlanHeader &header)
      : own_(header.own_slots + 1), shared_(header.shared_slots + 1) {}

  // Any thread, if the plan says that it is its own.
  void Do(const Operation &operation, int64_t *live_bytes) {
    if (__builtin_expect(operation.shared, 0)) {
      DoShared(operation, live_bytes);
    } else {
      Call(operation, &own_[operation.slot], live_bytes);
    }
  }

  // Makes all blocks' turns begin again; none is live, and no thread runs.
  void Reset() {
    for (SharedSlot &shared : shared_) shared.turn.store(0, std::memory_order_relaxed);
  }

 private:
  void DoShared(const Operation &operation, int64_t *live_bytes) {
    SharedSlot &shared = shared_[operation.slot];
    for (uint32_t waited = 0; shared.turn.load(std::memory_order_acquire) != operation.turn;
         waited++) {
      WaitALittle(waited);
    }
    Call(operation, &shared.slot, live_bytes);
    shared.turn.store(operation.turn + 1, std::memory_order_release);
  }

  static uint64_t Mark(const Slot &slot) { return slot.bytes ^ reinterpret_cast<uintptr_t>(&slot); }

  static void Check(const Slot &slot) {
    if (slot.bytes < cell::kSmallestBlock) return;
    const uint64_t found = *static_cast<const uint64_t *>(slot.block);
    if (__builtin_expect(found != Mark(slot), 0)) {
      cell::DieCorrupted(slot.block, Mark(slot), found);
    }
  }

  static void Touch(const Operation &operation, Slot *slot) {
    if (slot->bytes < cell::kSmallestBlock) return;
    char *bytes = static_cast<char *>(slot->block);
    const uint64_t known = uint64_t{operation.touched_pages} * cell::kPage;
    const uint64_t end = slot->bytes < known ? slot->bytes : known;
    for (size_t at = cell::kPage; at < end; at += cell::kPage) bytes[at] = 1;
    *static_cast<uint64_t *>(slot->block) = Mark(*slot);
    benchmark::DoNotOptimize(slot->block);
  }

  static void Received(const Operation &operation, void *block, Slot *slot, int64_t *live_bytes) {
    if (__builtin_expect(block == nullptr && operation.bytes != 0, 0)) {
      cell::DieOutOfMemory(operation.bytes);
    }
    slot->block = block;
    slot->bytes = operation.bytes;
    *live_bytes += static_cast<int64_t>(operation.bytes);
    Touch(operation, slot);
  }

  static void *Aligned(const Operation &operation) {
    size_t alignment = size_t{1} << operation.log2_align;
    if (alignment < sizeof(void *)) alignment = sizeof(void *);
    void *block;
    return posix_memalign(&block, alignment, operation.bytes) == 0 ? block : nullptr;
  }

  // realloc(block, 0) may free: a byte more keeps what the trace had, a block.
  static void *Resized(const Operation &operation, const Slot &slot) {
    return realloc(slot.block, operation.bytes == 0 ? 1 : operation.bytes);
  }

  static void Resize(const Operation &operation, Slot *slot, int64_t *live_bytes) {
    Check(*slot);
    const uint64_t mark = Mark(*slot);
    const uint64_t old_bytes = slot->bytes;
    void *block = Resized(operation, *slot);
    *live_bytes -= static_cast<int64_t>(old_bytes);
    const bool kept = old_bytes >= cell::kSmallestBlock && operation.bytes >= cell::kSmallestBlock;
    if (kept && block != nullptr && *static_cast<uint64_t *>(block) != mark) {
      cell::DieCorrupted(block, mark, *static_cast<uint64_t *>(block));
    }
    Received(operation, block, slot, live_bytes);
  }

  static void Call(const Operation &operation, Slot *slot, int64_t *live_bytes) {
    switch (operation.action) {
      case Action::kMalloc:
        Received(operation, malloc(operation.bytes), slot, live_bytes);
        break;
      case Action::kCalloc: {
        void *block = calloc(1, operation.bytes);
        if (block != nullptr && operation.bytes >= cell::kSmallestBlock) {
          const uint64_t found = *static_cast<uint64_t *>(block);
          if (found != 0) cell::DieCorrupted(block, 0, found);
        }
        Received(operation, block, slot, live_bytes);
        break;
      }
      case Action::kAligned:
        Received(operation, Aligned(operation), slot, live_bytes);
        break;
      case Action::kRealloc:
        Resize(operation, slot, live_bytes);
        break;
      case Action::kFree:
        Check(*slot);
        *live_bytes -= static_cast<int64_t>(slot->bytes);
        free(slot->block);
        slot->block = nullptr;
        break;
    }
  }

  cell::Scratch<Slot> own_;
  cell::Scratch<SharedSlot> shared_;
};

}  // namespace loam::trace

#endif  // LOAM_BENCHMARKS_TRACE_REPLAY_SLOT_TABLE_H_
