#include "tests/fuzz/model.h"

#include <algorithm>

#include "tests/fuzz/expect.h"
#include "tests/support/random.h"
#include "tests/support/stamp.h"

namespace loam::test {
namespace {

constexpr size_t kLeastAlignment = 16;
constexpr size_t kEndBytes = 128;  // stamped at each end of a block too large to be stamped whole
constexpr size_t kWordBytes = 8;   // and at each power of two between
constexpr size_t kFirstWord = 256;
constexpr size_t kZeroWholeBytes = 64 * 1024;
constexpr size_t kPage = 4096;

uintptr_t Address(const void *at) { return reinterpret_cast<uintptr_t>(at); }

// Calls visit(offset, bytes) for each place of a block that is stamped; no two overlap.
template <typename Visit>
void ForEachStamped(size_t size, size_t whole_bytes, Visit visit) {
  if (size <= whole_bytes) {
    visit(size_t{0}, size);
    return;
  }
  visit(size_t{0}, kEndBytes);
  for (size_t at = kFirstWord; at + kWordBytes <= size - kEndBytes; at *= 2) visit(at, kWordBytes);
  visit(size - kEndBytes, kEndBytes);
}

void ExpectSums(const loam_stats &stats) {
  Expect(stats.mapped_bytes == stats.allocated_bytes + stats.free_bytes + stats.metadata_bytes,
         "mapped bytes are not the sum of allocated, free and metadata");
  Expect(stats.malloc_calls - stats.free_calls == stats.live_blocks,
         "live blocks are not malloc calls less free calls");
  Expect(stats.large_blocks <= stats.live_blocks, "more large blocks than live ones");
  Expect(stats.largest_free_bytes <= stats.free_bytes, "more bytes in one free block than in all");
}

}  // namespace

Model::Model(const loam_variant &variant, size_t slots, bool thorough)
    : v_(variant), thorough_(thorough), whole_bytes_(thorough ? 16384 : 512), blocks_(slots) {
  v_.stats(&before_);
}

void Model::Count(const Block &block, bool lives) {
  const auto count = [&](Totals *totals) {
    totals->blocks += lives ? size_t{1} : -size_t{1};
    totals->bytes += lives ? block.usable : -block.usable;
  };
  count(&all_);
  if (block.origin == Origin::kHeap) count(&heaps_[block.heap]);
}

void Model::Add(size_t slot, Block block) {
  Expect(Address(block.at) % kLeastAlignment == 0, "block is not aligned to 16");
  Expect(block.alignment == 0 || Address(block.at) % block.alignment == 0,
         "block is not aligned as it was asked for");
  block.usable = v_.usable_size(block.at);
  Expect(block.usable >= block.size, "usable size is under what was asked for");
  PutBack(slot, block);
  Block &kept = blocks_[slot];
  kept.seed = Mix(++seeds_);
  ForEachStamped(kept.usable, whole_bytes_, [&](size_t offset, size_t bytes) {
    Stamp(static_cast<char *>(kept.at) + offset, bytes, kept.seed + offset);
  });
}

void Model::PutBack(size_t slot, const Block &block) {
  blocks_[slot] = block;
  Count(block, true);
  if (!thorough_) return;
  const uintptr_t begin = Address(block.at);
  const uintptr_t end = begin + block.usable;
  const auto next = ranges_.lower_bound(begin);
  Expect(next == ranges_.end() || end <= next->first, "block overlaps the one behind it");
  Expect(next == ranges_.begin() || std::prev(next)->second <= begin,
         "block overlaps the one before it");
  ranges_.emplace_hint(next, begin, end);
}

Block Model::Take(size_t slot) {
  const Block block = blocks_[slot];
  ExpectWhole(block);
  Count(block, false);
  if (thorough_) ranges_.erase(Address(block.at));
  blocks_[slot].at = nullptr;
  return block;
}

bool Model::IsStampedUpTo(const void *at, size_t limit, const Block &block) const {
  bool stamped = true;
  ForEachStamped(block.usable, whole_bytes_, [&](size_t offset, size_t bytes) {
    if (offset >= limit || !stamped) return;
    stamped = IsStamped(static_cast<const char *>(at) + offset, std::min(bytes, limit - offset),
                        block.seed + offset);
  });
  return stamped;
}

void Model::ExpectWhole(const Block &block) const {
  if (thorough_) {
    Expect(v_.usable_size(block.at) == block.usable, "usable size of a live block has changed");
  }
  Expect(IsStampedUpTo(block.at, block.usable, block), "content of a live block has changed");
}

void Model::ExpectKept(const void *at, size_t size, const Block &old) const {
  Expect(IsStampedUpTo(at, std::min(size, old.size), old), "content is lost on the way");
}

void Model::ExpectZero(const void *at, size_t size) const {
  if (thorough_ || size <= kZeroWholeBytes) {
    Expect(IsZero(at, size), "block is not zero");
    return;
  }
  // What was ever written into large blocks stands at their ends and near the
  // start of pages: see ForEachStamped.
  const auto *bytes = static_cast<const char *>(at);
  for (size_t offset = 0; offset + kEndBytes <= size; offset += kPage) {
    Expect(IsZero(bytes + offset, kWordBytes), "block is not zero");
  }
  Expect(IsZero(bytes, kPage), "block is not zero at its start");
  Expect(IsZero(bytes + size - kPage, kPage), "block is not zero at its end");
}

void Model::ExpectApart() const {
  std::vector<std::pair<uintptr_t, uintptr_t>> ranges;
  ranges.reserve(all_.blocks);
  for (const Block &block : blocks_) {
    if (block.at == nullptr) continue;
    ranges.emplace_back(Address(block.at), Address(block.at) + block.usable);
  }
  std::sort(ranges.begin(), ranges.end());
  for (size_t i = 1; i < ranges.size(); ++i) {
    Expect(ranges[i - 1].second <= ranges[i].first, "two live blocks overlap");
  }
}

void Model::ExpectCounters() const {
  loam_stats now = {};
  v_.stats(&now);
  ExpectSums(now);
  Expect(now.live_blocks - before_.live_blocks == all_.blocks, "live_blocks is wrong");
  Expect(now.allocated_bytes - before_.allocated_bytes == all_.bytes, "allocated_bytes is wrong");
}

void Model::ExpectHeapCounters(size_t heap, const loam_stats &stats) const {
  ExpectSums(stats);
  Expect(stats.live_blocks == heaps_[heap].blocks, "live_blocks of a heap is wrong");
  Expect(stats.allocated_bytes == heaps_[heap].bytes, "allocated_bytes of a heap is wrong");
}

}  // namespace loam::test
