// calloc: a product that cannot wrap, and zeroes also where old content was.

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "tests/conformance/variant_test.h"
#include "tests/support/memory.h"
#include "tests/support/random.h"
#include "tests/support/stamp.h"

namespace loam::test {
namespace {

constexpr int kSentinel = 12345;
constexpr size_t kSizeMax = std::numeric_limits<size_t>::max();

class CallocTest : public VariantTest {};

TEST_P(CallocTest, ProductThatOverflowsFails) {
  const size_t half = size_t{1} << 32;
  const size_t pairs[][2] = {{kSizeMax, 2},        {2, kSizeMax},         {half, half},
                             {half + 1, half},     {kSizeMax / 2 + 1, 2}, {kSizeMax / 16 + 2, 16},
                             {kSizeMax, kSizeMax}, {kSizeMax / 2, 1},     {1, kSizeMax / 2 + 1}};
  for (const auto &pair : pairs) {
    errno = kSentinel;
    EXPECT_EQ(v.calloc(pair[0], pair[1]), nullptr) << pair[0] << " * " << pair[1];
    EXPECT_EQ(errno, ENOMEM);
  }
}

TEST_P(CallocTest, ZeroCountOrSizeGivesUniqueBlocks) {
  void *first = v.calloc(0, 8);
  void *second = v.calloc(8, 0);
  void *third = v.calloc(0, kSizeMax);
  EXPECT_NE(first, nullptr);
  EXPECT_NE(second, nullptr);
  EXPECT_NE(third, nullptr);
  EXPECT_NE(first, second);
  EXPECT_NE(first, third);
  EXPECT_NE(second, third);
  v.free(first);
  v.free(second);
  v.free(third);
}

TEST_P(CallocTest, EverySizeIsZeroAlignedAndKeepsErrno) {
  std::vector<std::pair<void *, size_t>> blocks;
  for (size_t size : SizesUpTo(8 * kMiB)) {
    errno = kSentinel;
    void *block = v.calloc(size, 1);
    ASSERT_NE(block, nullptr) << size;
    EXPECT_EQ(errno, kSentinel);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % 16, 0u);
    EXPECT_TRUE(IsZero(block, size)) << size;
    Stamp(block, size, size);
    blocks.emplace_back(block, size);
  }
  for (auto [block, size] : blocks) {
    EXPECT_TRUE(IsStamped(block, size, size)) << size;
    v.free(block);
  }
}

TEST_P(CallocTest, RecycledBlockIsZero) {
  for (size_t size : SizesUpTo(16 * kMiB)) {
    void *dirty = v.malloc(size);
    ASSERT_NE(dirty, nullptr);
    std::memset(dirty, 0xff, v.usable_size(dirty));
    v.free(dirty);
    void *block = v.calloc(1, size);
    ASSERT_NE(block, nullptr);
    EXPECT_TRUE(IsZero(block, size)) << size;
    v.free(block);
  }
}

// Memory fresh from the system, up to where each stretch of it ends: sizes that
// divide a stretch without a rest, and sizes that do not.
TEST_P(CallocTest, FreshMemoryIsZeroToItsEnd) {
  LOAM_SKIP_WITHOUT(heap_create);
  // Further levels look at each block for longer.
  const size_t total_max = (IsLevel("default") ? 10 : 2) * kMiB;
  for (size_t size : {size_t{40}, size_t{24}, size_t{104}, size_t{136}, size_t{296}, size_t{1000},
                      size_t{1160}, size_t{4088}, 40 * kKiB - 8}) {
    loam_heap *heap = v.heap_create();
    ASSERT_NE(heap, nullptr);
    for (size_t total = 0; total < total_max; total += size) {
      void *block = v.heap_calloc(heap, 1, size);
      ASSERT_NE(block, nullptr);
      ASSERT_TRUE(IsZero(block, size)) << size << " bytes, after " << total;
      std::memset(block, 0xff, size);
    }
    v.heap_destroy(heap);
  }
}

// Dirty memory that was split, coalesced, trimmed and grown into again.
TEST_P(CallocTest, RecycledHeapIsZero) {
  Random random(7);
  std::vector<void *> blocks;
  for (int round = 0; round < 6; ++round) {
    for (int i = 0; i < 1500; ++i) {
      void *block = v.malloc(random.BlockSize(kMiB));
      ASSERT_NE(block, nullptr);
      std::memset(block, 0xff, v.usable_size(block));
      blocks.push_back(block);
    }
    for (void *block : blocks) v.free(block);
    blocks.clear();
    if (round % 2 == 1) v.trim(0);
    for (int i = 0; i < 1500; ++i) {
      const size_t size = random.BlockSize(kMiB);
      void *block = v.calloc(1, size);
      ASSERT_NE(block, nullptr);
      ASSERT_TRUE(IsZero(block, size)) << "round " << round << ", block " << i << ", " << size;
      std::memset(block, 0xff, v.usable_size(block));
      blocks.push_back(block);
    }
    for (void *block : blocks) v.free(block);
    blocks.clear();
  }
}

// Memory that a realloc left behind is as dirty as any.
TEST_P(CallocTest, ZeroAfterReallocGaveMemoryBack) {
  for (size_t size : {size_t{2000}, 100 * kKiB, 6 * kMiB}) {
    void *grown = v.malloc(size);
    ASSERT_NE(grown, nullptr);
    std::memset(grown, 0xff, size);
    grown = v.realloc(grown, size / 4);
    ASSERT_NE(grown, nullptr);
    void *block = v.calloc(1, size / 2);
    ASSERT_NE(block, nullptr);
    EXPECT_TRUE(IsZero(block, size / 2)) << size;
    v.free(block);
    v.free(grown);
  }
}

LOAM_TEST_EVERY_VARIANT(CallocTest);

}  // namespace
}  // namespace loam::test
