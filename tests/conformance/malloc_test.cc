// malloc, free in all its forms, and usable_size.

#include <gtest/gtest.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <set>
#include <vector>

#include "tests/conformance/variant_test.h"
#include "tests/support/memory.h"
#include "tests/support/stamp.h"

namespace loam::test {
namespace {

constexpr size_t kPtrdiffMax = std::numeric_limits<ptrdiff_t>::max();
constexpr size_t kSizeMax = std::numeric_limits<size_t>::max();
constexpr int kSentinel = 12345;  // no errno of the system

bool IsAligned(const void *block, size_t alignment) {
  return reinterpret_cast<uintptr_t>(block) % alignment == 0;
}

class MallocTest : public VariantTest {};

TEST_P(MallocTest, ZeroBytesGiveUniqueBlocks) {
  std::set<void *> blocks;
  for (int i = 0; i < 1000; ++i) {
    void *block = v.malloc(0);
    ASSERT_NE(block, nullptr);
    EXPECT_TRUE(IsAligned(block, 16));
    EXPECT_TRUE(blocks.insert(block).second) << "handed out twice";
  }
  for (void *block : blocks) v.free(block);
}

TEST_P(MallocTest, EverySizeIsAlignedAndUsable) {
  std::vector<std::pair<void *, size_t>> blocks;
  for (size_t size : SizesUpTo(8 * kMiB)) {
    void *block = v.malloc(size);
    ASSERT_NE(block, nullptr) << size;
    EXPECT_TRUE(IsAligned(block, 16)) << size;
    EXPECT_GE(v.usable_size(block), size);
    Stamp(block, size, size);
    blocks.emplace_back(block, size);
  }
  ExpectWhole();
  for (auto [block, size] : blocks) {
    EXPECT_TRUE(IsStamped(block, size, size)) << size;
    v.free(block);
  }
}

TEST_P(MallocTest, ImpossibleSizesFail) {
  for (size_t size : {kPtrdiffMax + 1, kPtrdiffMax + 4096, kSizeMax - 4096, kSizeMax - 64,
                      kSizeMax - 16, kSizeMax - 1, kSizeMax}) {
    errno = kSentinel;
    EXPECT_EQ(v.malloc(size), nullptr) << size;
    EXPECT_EQ(errno, ENOMEM) << size;
  }
}

// Legal sizes that no address space holds: rounding them up must not wrap.
TEST_P(MallocTest, SizesOverTheAddressSpaceFail) {
  for (size_t size : {kPtrdiffMax, kPtrdiffMax - 1, kPtrdiffMax - 16, kPtrdiffMax - 4095,
                      kPtrdiffMax - 8192, kPtrdiffMax / 2, size_t{1} << 48}) {
    errno = kSentinel;
    EXPECT_EQ(v.malloc(size), nullptr) << size;
    EXPECT_EQ(errno, ENOMEM) << size;
  }
}

TEST_P(MallocTest, SuccessKeepsErrno) {
  for (size_t size : SizesUpTo(8 * kMiB)) {
    errno = kSentinel;
    void *block = v.malloc(size);
    EXPECT_EQ(errno, kSentinel) << size;
    v.free(block);
  }
}

TEST_P(MallocTest, FreeOfNullDoesNothing) {
  errno = kSentinel;
  v.free(nullptr);
  v.free_sized(nullptr, 0);
  v.free_sized(nullptr, 100);
  v.free_aligned_sized(nullptr, 64, 100);
  EXPECT_EQ(errno, kSentinel);
}

TEST_P(MallocTest, FreeKeepsErrno) {
  for (size_t size : SizesUpTo(64 * kMiB)) {
    void *block = v.malloc(size);
    ASSERT_NE(block, nullptr) << size;
    errno = kSentinel;
    v.free(block);
    EXPECT_EQ(errno, kSentinel) << size;
  }
}

TEST_P(MallocTest, SizedFreesTakeTheSizeThatWasAskedFor) {
  for (size_t size : SizesUpTo(8 * kMiB)) {
    errno = kSentinel;
    void *block = v.malloc(size);
    ASSERT_NE(block, nullptr);
    v.free_sized(block, size);
    block = v.calloc(1, size);
    ASSERT_NE(block, nullptr);
    v.free_sized(block, size);
    block = v.realloc(v.malloc(size / 2), size);
    ASSERT_NE(block, nullptr);
    v.free_sized(block, size);
    for (size_t alignment : {size_t{16}, size_t{64}, size_t{8192}}) {
      block = v.aligned_alloc(alignment, size);
      ASSERT_NE(block, nullptr);
      v.free_aligned_sized(block, alignment, size);
    }
    EXPECT_EQ(errno, kSentinel);
  }
}

TEST_P(MallocTest, UsableSizeOfNullIsZero) { EXPECT_EQ(v.usable_size(nullptr), 0u); }

TEST_P(MallocTest, AllOfTheUsableSizeMayBeWritten) {
  struct Block {
    void *at;
    size_t usable;
  };
  std::vector<Block> blocks;
  for (size_t size : SizesUpTo(kMiB)) {
    for (int twin = 0; twin < 3; ++twin) {
      void *block = v.malloc(size);
      ASSERT_NE(block, nullptr);
      const size_t usable = v.usable_size(block);
      EXPECT_GE(usable, size);
      Stamp(block, usable, blocks.size());
      blocks.push_back({block, usable});
    }
  }
  ExpectWhole();
  for (size_t i = 0; i < blocks.size(); ++i) {
    EXPECT_EQ(v.usable_size(blocks[i].at), blocks[i].usable) << "changed while the block lived";
    EXPECT_TRUE(IsStamped(blocks[i].at, blocks[i].usable, i));
  }
  for (size_t i = 0; i < blocks.size(); i += 2) v.free(blocks[i].at);
  ExpectWhole();
  for (size_t i = 1; i < blocks.size(); i += 2) {
    EXPECT_TRUE(IsStamped(blocks[i].at, blocks[i].usable, i));
    v.free(blocks[i].at);
  }
}

// A block that was freed serves again: the heap does not grow for ever.
TEST_P(MallocTest, FreedMemoryIsUsedAgain) {
  for (size_t size : {size_t{24}, size_t{700}, 20 * kKiB, 3 * kMiB}) {
    v.free(v.malloc(size));
    const size_t before = AddressSpaceBytes();
    for (size_t total = 0; total < 256 * kMiB; total += size + 4096) {
      void *block = v.malloc(size);
      ASSERT_NE(block, nullptr);
      static_cast<char *>(block)[0] = 1;
      v.free(block);
    }
    EXPECT_LE(AddressSpaceBytes(), before + 16 * kMiB) << size;
  }
}

LOAM_TEST_EVERY_VARIANT(MallocTest);

}  // namespace
}  // namespace loam::test
