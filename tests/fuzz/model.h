// The shadow of an allocator: which blocks live, what they hold, and what its
// counters must say. Its own memory is libc's.
//
// A block is stamped over all of its usable size when it is small, else at its
// ends and at some places between, so that a block of megabytes costs no more
// than a few pages.

#ifndef LOAM_TESTS_FUZZ_MODEL_H_
#define LOAM_TESTS_FUZZ_MODEL_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "common/variant/variant.h"
#include "tests/fuzz/operation.h"

namespace loam::test {

// Which functions made a block: they decide which may free it.
enum class Origin : uint8_t { kPlain, kAlignedAlloc, kPosixMemalign, kHeap };

struct Block {
  void *at = nullptr;  // NULL: the slot is empty
  size_t size = 0;     // as it was asked for
  size_t usable = 0;
  uint64_t seed = 0;     // of the stamp
  size_t alignment = 0;  // as it was asked for; 0: as every block
  Origin origin = Origin::kPlain;
  uint8_t heap = 0;  // of kHeap
};

// Blocks of one heap, or of all.
struct Totals {
  size_t blocks = 0;
  size_t bytes = 0;  // usable
};

class Model {
 public:
  // `thorough`: looks for overlap at every block, and at more of a block's bytes.
  Model(const loam_variant &variant, size_t slots, bool thorough);

  size_t slots() const { return blocks_.size(); }
  const Block &At(size_t slot) const { return blocks_[slot]; }
  const Totals &all() const { return all_; }
  const Totals &of_heap(size_t heap) const { return heaps_[heap]; }

  // A block was handed out: `block` but for usable and seed. Proves its
  // alignment and its place, and stamps it. The slot is empty.
  void Add(size_t slot, Block block);

  // The block leaves the model, and must be as it was stamped.
  Block Take(size_t slot);

  // Undoes the last Take.
  void PutBack(size_t slot, const Block &block);

  // It is as it was stamped, and as large as it was.
  void ExpectWhole(const Block &block) const;

  // The first `size` bytes are those of `old`, which is perhaps no more.
  void ExpectKept(const void *at, size_t size, const Block &old) const;

  void ExpectZero(const void *at, size_t size) const;

  // No two blocks overlap.
  void ExpectApart() const;

  // The variant's counters have moved by what lives here.
  void ExpectCounters() const;

  // So have those of one heap.
  void ExpectHeapCounters(size_t heap, const loam_stats &stats) const;

 private:
  void Count(const Block &block, bool lives);
  bool IsStampedUpTo(const void *at, size_t limit, const Block &block) const;

  const loam_variant &v_;
  const bool thorough_;
  const size_t whole_bytes_;  // blocks up to here are stamped all over
  loam_stats before_ = {};
  uint64_t seeds_ = 0;
  Totals all_;
  Totals heaps_[kHeaps];
  std::vector<Block> blocks_;
  std::map<uintptr_t, uintptr_t> ranges_;  // thorough: begin to end
};

}  // namespace loam::test

#endif  // LOAM_TESTS_FUZZ_MODEL_H_
