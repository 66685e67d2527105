// realloc and reallocarray: contents kept, neighbours kept, and the old block
// whole when there is no new one.

#include <gtest/gtest.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "tests/conformance/variant_test.h"
#include "tests/support/memory.h"
#include "tests/support/random.h"
#include "tests/support/sanitizers.h"
#include "tests/support/stamp.h"

namespace loam::test {
namespace {

constexpr int kSentinel = 12345;
constexpr size_t kPtrdiffMax = std::numeric_limits<ptrdiff_t>::max();
constexpr size_t kSizeMax = std::numeric_limits<size_t>::max();

class ReallocTest : public VariantTest {
 protected:
  // One step from `from` bytes, stamped with `seed`, to `to` bytes, stamped anew.
  void *Step(void *block, size_t from, size_t to, uint64_t seed) {
    errno = kSentinel;
    void *moved = v.realloc(block, to);
    EXPECT_NE(moved, nullptr) << from << " -> " << to;
    if (moved == nullptr) return block;
    EXPECT_EQ(errno, kSentinel) << from << " -> " << to;
    EXPECT_EQ(reinterpret_cast<uintptr_t>(moved) % 16, 0u) << from << " -> " << to;
    EXPECT_GE(v.usable_size(moved), to);
    EXPECT_TRUE(IsStamped(moved, from < to ? from : to, seed)) << from << " -> " << to;
    Stamp(moved, to, seed);
    return moved;
  }
};

TEST_P(ReallocTest, OfNullIsMalloc) {
  for (size_t size : SizesUpTo(8 * kMiB)) {
    errno = kSentinel;
    void *block = v.realloc(nullptr, size);
    ASSERT_NE(block, nullptr);
    EXPECT_EQ(errno, kSentinel);
    Stamp(block, size, size);
    EXPECT_TRUE(IsStamped(block, size, size));
    v.free(block);
  }
}

TEST_P(ReallocTest, ToZeroKeepsAMinimalBlock) {
  for (size_t size : {size_t{0}, size_t{1}, size_t{100}, size_t{5000}, 2 * kMiB}) {
    void *block = v.realloc(v.malloc(size), 0);
    ASSERT_NE(block, nullptr) << size;
    void *other = v.malloc(size);
    EXPECT_NE(block, other) << "the block was freed";
    v.free(other);
    block = Step(block, 0, 300, 1);
    v.free(block);
  }
}

TEST_P(ReallocTest, GrowsAndShrinksThroughEverySize) {
  const std::vector<size_t> sizes = SizesUpTo(16 * kMiB);
  void *block = v.malloc(0);
  ASSERT_NE(block, nullptr);
  size_t now = 0;
  for (size_t size : sizes) {
    block = Step(block, now, size, 3);
    now = size;
  }
  ExpectWhole();
  for (auto size = sizes.rbegin(); size != sizes.rend(); ++size) {
    block = Step(block, now, *size, 3);
    now = *size;
  }
  v.free(block);
}

TEST_P(ReallocTest, JumpsBetweenSmallAndLarge) {
  const size_t sizes[] = {16,         100 * kKiB, 24,        5 * kMiB,  4096,     64,
                          33 * kMiB,  2 * kMiB,   70 * kMiB, 1000,      kMiB,     1,
                          300 * kKiB, 128 * kKiB, 0,         12 * kMiB, 9 * kMiB, 40};
  void *block = v.malloc(8);
  ASSERT_NE(block, nullptr);
  Stamp(block, 8, 11);
  size_t now = 8;
  for (size_t size : sizes) {
    void *fence = v.malloc(size / 2 + 1);  // so that growing in place is not always possible
    Stamp(fence, size / 2 + 1, size);
    block = Step(block, now, size, 11);
    now = size;
    EXPECT_TRUE(IsStamped(fence, size / 2 + 1, size));
    v.free(fence);
  }
  v.free(block);
}

TEST_P(ReallocTest, GrowsIntoAFreeNeighbourWithoutHarm) {
  for (size_t size : {size_t{48}, size_t{400}, size_t{3000}, 50 * kKiB}) {
    std::vector<void *> row;
    for (size_t i = 0; i < 64; ++i) {
      row.push_back(v.malloc(size));
      ASSERT_NE(row.back(), nullptr);
      Stamp(row.back(), size, i);
    }
    for (size_t i = 1; i < row.size(); i += 2) v.free(row[i]);
    for (size_t i = 0; i < row.size(); i += 4) row[i] = Step(row[i], size, size + size / 2, i);
    ExpectWhole();
    for (size_t i = 2; i < row.size(); i += 4) EXPECT_TRUE(IsStamped(row[i], size, i)) << size;
    for (size_t i = 0; i < row.size(); i += 4) {
      EXPECT_TRUE(IsStamped(row[i], size + size / 2, i)) << size;
    }
    for (size_t i = 0; i < row.size(); i += 2) v.free(row[i]);
  }
}

TEST_P(ReallocTest, ManyBlocksWalkAtRandom) {
  struct Walker {
    void *block;
    size_t size;
  };
  Random random(2718);
  std::vector<Walker> walkers;
  for (size_t i = 0; i < 100; ++i) walkers.push_back({v.malloc(0), 0});
  for (int step = 0; step < 20000; ++step) {
    const size_t who = random.Below(walkers.size());
    const size_t size = random.BlockSize(4 * kMiB);
    walkers[who].block = Step(walkers[who].block, walkers[who].size, size, who);
    walkers[who].size = size;
    if (step % 4000 == 0) ExpectWhole();
  }
  for (size_t i = 0; i < walkers.size(); ++i) {
    EXPECT_TRUE(IsStamped(walkers[i].block, walkers[i].size, i));
    v.free(walkers[i].block);
  }
}

TEST_P(ReallocTest, FailureLeavesTheOldBlockWhole) {
  for (size_t size : {size_t{1}, size_t{40}, size_t{5000}, 200 * kKiB, 9 * kMiB}) {
    void *block = v.malloc(size);
    ASSERT_NE(block, nullptr);
    const size_t usable = v.usable_size(block);
    Stamp(block, usable, 5);
    for (size_t wish : {kPtrdiffMax + 1, kSizeMax, kSizeMax - 32, kPtrdiffMax, kPtrdiffMax - 4096,
                        size_t{1} << 48}) {
      errno = kSentinel;
      EXPECT_EQ(v.realloc(block, wish), nullptr) << wish;
      EXPECT_EQ(errno, ENOMEM) << wish;
      EXPECT_EQ(v.usable_size(block), usable);
      EXPECT_TRUE(IsStamped(block, usable, 5)) << size << " -> " << wish;
    }
    v.free(block);
  }
}

TEST_P(ReallocTest, ShrinkingALargeBlockGivesItsPagesBack) {
  LOAM_SKIP_UNDER_SANITIZER("resident memory");
  constexpr size_t kLarge = 96 * kMiB;
  void *block = v.malloc(kLarge);
  ASSERT_NE(block, nullptr);
  Stamp(block, kLarge, 9);
  const size_t before = ResidentBytes();
  block = v.realloc(block, kMiB);
  ASSERT_NE(block, nullptr);
  EXPECT_TRUE(IsStamped(block, kMiB, 9));
  v.trim(0);
  EXPECT_LE(ResidentBytes(), before - kLarge + 4 * kMiB);
  v.free(block);
}

// As who reads all of a file does, with a buffer that doubled.
TEST_P(ReallocTest, ShrinkingByAThirdDoesToo) {
  LOAM_SKIP_UNDER_SANITIZER("resident memory");
  for (const size_t size : {3 * kMiB, 96 * kMiB}) {
    char *block = static_cast<char *>(v.malloc(size));
    ASSERT_NE(block, nullptr);
    Stamp(block, size, 9);
    const size_t before = ResidentBytes();
    const size_t least = size / 3 * 2;
    block = static_cast<char *>(v.realloc(block, least));
    ASSERT_NE(block, nullptr);
    EXPECT_TRUE(IsStamped(block, least, 9));
    v.trim(0);
    EXPECT_LE(ResidentBytes(), before - size / 3 + kMiB / 2) << size;
    v.free(block);
    v.trim(0);
  }
}

TEST_P(ReallocTest, ReallocarrayMultipliesSafely) {
  void *block = v.reallocarray(nullptr, 10, 30);
  ASSERT_NE(block, nullptr);
  Stamp(block, 300, 1);
  const size_t half = size_t{1} << 32;
  const size_t pairs[][2] = {
      {kSizeMax, 2}, {half, half}, {2, kSizeMax / 2 + 1}, {kSizeMax / 2, 1}, {kSizeMax, kSizeMax}};
  for (const auto &pair : pairs) {
    errno = kSentinel;
    EXPECT_EQ(v.reallocarray(block, pair[0], pair[1]), nullptr);
    EXPECT_EQ(errno, ENOMEM);
    EXPECT_TRUE(IsStamped(block, 300, 1));
  }
  errno = kSentinel;
  block = v.reallocarray(block, 1000, 50);
  ASSERT_NE(block, nullptr);
  EXPECT_EQ(errno, kSentinel);
  EXPECT_GE(v.usable_size(block), 50000u);
  EXPECT_TRUE(IsStamped(block, 300, 1));
  block = v.reallocarray(block, 0, 50);
  ASSERT_NE(block, nullptr);
  block = v.reallocarray(block, kSizeMax, 0);
  ASSERT_NE(block, nullptr);
  v.free(block);
}

LOAM_TEST_EVERY_VARIANT(ReallocTest);

}  // namespace
}  // namespace loam::test
