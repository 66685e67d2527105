#include "tests/worst_case/mix.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "tests/support/memory.h"
#include "tests/support/random.h"

namespace loam::test {
namespace {

constexpr size_t kSmallMax = 120;
constexpr size_t kMiddleMax = 64 * kKiB;
constexpr size_t kPhases = 8;

// Blocks alive at a time, at most: a phase makes a few calls for each, and a
// whole round shall fit.
size_t BlocksMax(size_t operations) { return std::max<size_t>(operations / (4 * kPhases), 64); }

class Mixer {
 public:
  Mixer(const MixOptions &options, Calls *calls)
      : options_(options),
        calls_(calls),
        random_(options.seed),
        blocks_(BlocksMax(options.operations)) {}

  MixResult Run() {
    while (!IsOver()) {
      Phase("consolidate", &Mixer::Consolidate);
      Phase("comb", &Mixer::Comb);
      Phase("stack", &Mixer::Stack);
      Phase("queue", &Mixer::Queue);
      Phase("random", &Mixer::AnyOrder);
      Phase("neighbours", &Mixer::Neighbours);
      Phase("split", &Mixer::Split);
      Phase("exhaust", &Mixer::Exhaust);
    }
    return result_;
  }

 private:
  struct Block {
    void *at = nullptr;
    size_t size = 0;
  };

  // --- One call --------------------------------------------------------------

  bool IsOver() const {
    return result_.operations >= options_.operations || result_.fault != nullptr;
  }

  static uint64_t Word(const Block &block) {
    return Mix(reinterpret_cast<uintptr_t>(block.at) ^ (uint64_t{block.size} << 40));
  }

  void Fault(const char *what) {
    if (result_.fault == nullptr) result_.fault = what;
  }

  // A block, or none: the allocator says no, the heap is full, or the mix is over.
  Block Take(size_t size) {
    size = std::max(size, sizeof(uint64_t));
    if (IsOver() || live_bytes_ + size > options_.heap_bytes) return {};
    const Block block = {calls_->Malloc(size), size};
    ++result_.operations;
    if (block.at == nullptr) {
      ++result_.refused;
      return {};
    }
    if (reinterpret_cast<uintptr_t>(block.at) % 16 != 0) Fault("a block is not aligned");
    *static_cast<uint64_t *>(block.at) = Word(block);
    live_bytes_ += size;
    result_.live_bytes_max = std::max(result_.live_bytes_max, live_bytes_);
    return block;
  }

  // One more block in the table; false when there is none, or no place for it.
  bool Get(size_t size) {
    if (count_ == blocks_.size()) return false;
    blocks_[count_] = Take(size);
    if (blocks_[count_].at == nullptr) return false;
    ++count_;
    return true;
  }

  // Ends the block, and leaves a hole among the blocks.
  void Put(size_t index) {
    Block &block = blocks_[index];
    if (block.at == nullptr) return;
    if (*static_cast<uint64_t *>(block.at) != Word(block)) Fault("a block's content changed");
    calls_->Free(block.at, block.size);
    ++result_.operations;
    live_bytes_ -= block.size;
    block.at = nullptr;
  }

  // --- Many calls ------------------------------------------------------------

  void Phase(const char *name, void (Mixer::*phase)()) {
    if (IsOver()) return;
    calls_->BeginPhase(name);
    (this->*phase)();
    PutAll();
  }

  size_t Between(size_t low, size_t high) { return low + random_.Below(high - low + 1); }

  // Each power of two as likely as the others.
  size_t AnySize() {
    const size_t high = size_t{32} << random_.Below(12);
    return Between(high / 2, high);
  }

  // Blocks until the heap is as full as `bytes`, or somebody says no.
  void Fill(size_t low, size_t high, size_t bytes) {
    while (live_bytes_ < bytes && Get(Between(low, high))) {
    }
  }

  void FillMost(size_t low, size_t high) { Fill(low, high, options_.heap_bytes / 4 * 3); }

  void Shuffle() {
    for (size_t i = count_; i > 1; --i) std::swap(blocks_[i - 1], blocks_[random_.Below(i)]);
  }

  // Either from the first or from the last, or in no order.
  void PutAll() {
    const size_t order = random_.Below(3);
    if (order == 0) std::reverse(blocks_.begin(), blocks_.begin() + static_cast<long>(count_));
    if (order == 1) Shuffle();
    for (size_t i = 0; i < count_; ++i) Put(i);
    count_ = 0;
  }

  // --- The phases ------------------------------------------------------------

  void Consolidate() {
    FillMost(16, kSmallMax);
    PutAll();
    Get(kMiddleMax);
    Get(options_.heap_bytes / 4);
  }

  void Comb() {
    const size_t low = size_t{64} << random_.Below(10);
    const size_t high = random_.Below(2) == 0 ? low + low / 4 : kMiddleMax;
    while (live_bytes_ < options_.heap_bytes / 4 * 3 && Get(Between(low, high)) && Get(1)) {
    }
    const size_t teeth = count_;
    for (size_t i = 0; i < teeth; i += 2) Put(i);
    // The holes make place in the table, too.
    count_ = 0;
    for (size_t i = 1; i < teeth; i += 2) blocks_[count_++] = blocks_[i];
    for (size_t i = 0; i < teeth / 8 && Get(high + 16 + i % 64); ++i) {
    }
  }

  void Stack() {
    for (int i = 0; i < 4; ++i) {
      FillMost(16, kMiddleMax);
      while (count_ > blocks_.size() / 2) Put(--count_);
    }
    while (count_ > 0) Put(--count_);
  }

  void Queue() {
    FillMost(16, kMiddleMax);
    const size_t length = count_;
    for (size_t i = 0; i < length; ++i) {
      Put(i);
      blocks_[i] = Take(AnySize());
    }
  }

  void AnyOrder() {
    while (live_bytes_ < options_.heap_bytes / 4 * 3 && Get(AnySize())) {
    }
    const size_t turns = 2 * count_;
    const size_t length = count_;
    for (size_t i = 0; i < turns; ++i) {
      const size_t index = random_.Below(length);
      Put(index);
      blocks_[index] = Take(AnySize());
    }
  }

  void Neighbours() {
    const size_t size = AnySize();
    FillMost(size, size);
    for (size_t i = 0; i + 3 < count_; i += 4) {  // the fourth keeps the others apart
      Put(i);
      Put(i + 2);
      Put(i + 1);
    }
  }

  void Split() {
    for (int i = 0; i < 16; ++i) {
      Get(16);
      Get(options_.heap_bytes / 2);
      Get(AnySize());
      PutAll();
      if (Get(options_.heap_bytes / 4 * 3)) PutAll();
    }
  }

  void Exhaust() {
    const size_t high = std::min(kMiddleMax, options_.heap_bytes / 64);
    Fill(16, high, options_.heap_bytes);
    for (size_t size = high; size >= 16; size /= 2) {
      while (live_bytes_ < options_.heap_bytes && Get(size)) {
      }
    }
    const size_t length = count_;
    for (size_t i = 0; i < length; ++i) {
      const size_t index = random_.Below(length);
      Put(index);
      blocks_[index] = Take(Between(16, high));
    }
  }

  const MixOptions options_;
  Calls *const calls_;
  Random random_;
  std::vector<Block> blocks_;  // of which the first count_ are in use; holes have no address
  size_t count_ = 0;
  size_t live_bytes_ = 0;
  MixResult result_;
};

}  // namespace

MixResult RunMix(const MixOptions &options, Calls *calls) { return Mixer(options, calls).Run(); }

}  // namespace loam::test
