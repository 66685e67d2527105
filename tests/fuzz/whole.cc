// Heaps, and calls that concern the variant as a whole.

#include <cerrno>

#include "tests/fuzz/expect.h"
#include "tests/fuzz/faults.h"
#include "tests/fuzz/interpreter.h"

namespace loam::test {
namespace {

constexpr size_t kBlocksForEachCheck = 8;  // operations for each block that a walk visits
constexpr uint32_t kEveryCall = 31;        // one bit for each of enum loam_os_call

}  // namespace

// Makes the heap if there is none; false if it cannot be made.
bool Interpreter::EnsureHeap(size_t heap) {
  if (heaps_[heap] != nullptr) return true;
  Begin();
  heaps_[heap] = v_.heap_create();
  if (!Gave(heaps_[heap], true, ENOMEM)) return false;
  HeapStats(heap);
  return true;
}

void Interpreter::HeapStats(size_t heap) {
  if (heaps_[heap] == nullptr) return;
  Begin();
  loam_stats stats = {};
  v_.heap_stats(heaps_[heap], &stats);
  ExpectErrnoKept();
  model_.ExpectHeapCounters(heap, stats);
}

// With whatever blocks it still holds.
void Interpreter::HeapDestroy(size_t heap) {
  if (heaps_[heap] == nullptr) return;
  for (size_t slot = 0; slot < model_.slots(); ++slot) {
    const Block &block = model_.At(slot);
    if (block.at == nullptr || block.origin != Origin::kHeap || block.heap != heap) continue;
    model_.Take(slot);
  }
  Begin();
  v_.heap_destroy(heaps_[heap]);
  ExpectErrnoKept();
  heaps_[heap] = nullptr;
}

void Interpreter::UsableSize(size_t slot) {
  const Block &block = model_.At(slot);
  Begin();
  Expect(v_.usable_size(block.at) == (block.at == nullptr ? 0 : block.usable),
         "usable size has changed");
  ExpectErrnoKept();
  if (block.at != nullptr) model_.ExpectWhole(block);
}

void Interpreter::Trim(const Operation &operation) {
  const size_t keep = operation.extra % 2 == 0 ? 0 : operation.Size();
  Begin();
  v_.trim(keep);
  if (keep == 0) {
    const bool again = v_.trim(0);
    Expect(!again || TakeFaultInjected(), "a second trim finds something to give back");
  }
  ExpectErrnoKept();
}

void Interpreter::SetFaultPlan(const Operation &operation) {
  FaultPlan plan;
  plan.skip = operation.size_code & 31;
  plan.count = operation.size_code >> 5 & 63;
  plan.calls = operation.extra & kEveryCall;
  if (plan.calls == 0) plan.calls = kEveryCall;
  SetFaults(plan);
}

void Interpreter::CheckAll() {
  Begin();
  Expect(v_.check(), "the walk found a broken heap");
  model_.ExpectCounters();
  ExpectErrnoKept();
  for (size_t heap = 0; heap < kHeaps; ++heap) HeapStats(heap);
  model_.ExpectApart();
  next_check_ = operations_ + options_.check_every + kBlocksForEachCheck * model_.all().blocks;
}

}  // namespace loam::test
