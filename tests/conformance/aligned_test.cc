// aligned_alloc and posix_memalign.

#include <gtest/gtest.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include "tests/conformance/variant_test.h"
#include "tests/support/memory.h"
#include "tests/support/sanitizers.h"
#include "tests/support/stamp.h"

namespace loam::test {
namespace {

constexpr int kSentinel = 12345;
constexpr size_t kSizeMax = std::numeric_limits<size_t>::max();
constexpr size_t kPtrdiffMax = std::numeric_limits<ptrdiff_t>::max();
constexpr size_t kLargestAlignment = 64 * kMiB;

class AlignedTest : public VariantTest {};

int CountMappings() {
  std::ifstream maps("/proc/self/maps");
  int count = 0;
  for (std::string line; std::getline(maps, line);) ++count;
  return count;
}

TEST_P(AlignedTest, AlignmentThatIsNoPowerOfTwoIsRefused) {
  for (size_t alignment :
       {size_t{0}, size_t{3}, size_t{24}, size_t{48}, size_t{4097}, kSizeMax, kSizeMax - 15}) {
    errno = kSentinel;
    EXPECT_EQ(v.aligned_alloc(alignment, 100), nullptr) << alignment;
    EXPECT_EQ(errno, EINVAL) << alignment;
  }
}

TEST_P(AlignedTest, EveryAlignmentHoldsForEverySize) {
  struct Block {
    void *at;
    size_t size;
  };
  std::vector<Block> blocks;
  for (size_t alignment = 1; alignment <= kLargestAlignment; alignment *= 2) {
    for (size_t size : {size_t{0}, size_t{1}, size_t{17}, size_t{100}, size_t{1000}, size_t{5000},
                        alignment / 4, alignment / 4 * 3 + 8, size_t{300} * kKiB}) {
      errno = kSentinel;
      void *block = v.aligned_alloc(alignment, size);
      ASSERT_NE(block, nullptr) << alignment << ", " << size;
      EXPECT_EQ(errno, kSentinel);
      EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % alignment, 0u) << alignment << ", " << size;
      EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % 16, 0u) << alignment << ", " << size;
      EXPECT_GE(v.usable_size(block), size);
      const size_t stamped = size < kMiB ? size : kMiB;
      Stamp(block, stamped, blocks.size());
      blocks.push_back({block, stamped});
    }
  }
  ExpectWhole();
  for (size_t turn : {size_t{2}, size_t{0}, size_t{1}}) {
    for (size_t i = turn; i < blocks.size(); i += 3) {
      EXPECT_TRUE(IsStamped(blocks[i].at, blocks[i].size, i));
      v.free(blocks[i].at);
    }
    ExpectWhole();
  }
}

// The kernel allows a process some 65,000 mappings.
TEST_P(AlignedTest, SmallBlocksOfLargeAlignmentShareMappings) {
  LOAM_SKIP_UNDER_SANITIZER("mappings");
  if (IsLevel("debug")) GTEST_SKIP() << "it keeps a mapping for each block that is large";
  constexpr int kBlocks = 300;
  for (const size_t alignment : {32 * kKiB, 64 * kKiB}) {
    std::vector<void *> blocks(kBlocks);
    const int before = CountMappings();
    for (void *&block : blocks) {
      block = v.aligned_alloc(alignment, 3000);
      ASSERT_NE(block, nullptr);
      EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % alignment, 0u);
      Stamp(block, 3000, alignment);
    }
    EXPECT_LE(CountMappings(), before + kBlocks / 2) << alignment;
    for (void *block : blocks) {
      EXPECT_TRUE(IsStamped(block, 3000, alignment));
      v.free(block);
    }
  }
  ExpectWhole();
}

TEST_P(AlignedTest, AllOfTheUsableSizeMayBeWritten) {
  for (size_t alignment : {size_t{32}, size_t{4096}, size_t{2} * kMiB, 8 * kMiB}) {
    void *before = v.malloc(alignment / 2);
    void *block = v.aligned_alloc(alignment, alignment / 2 + 3);
    void *after = v.malloc(alignment / 2);
    ASSERT_TRUE(before != nullptr && block != nullptr && after != nullptr);
    Stamp(before, alignment / 2, 1);
    Stamp(after, alignment / 2, 2);
    const size_t usable = v.usable_size(block);
    Stamp(block, usable, 3);
    EXPECT_TRUE(IsStamped(before, alignment / 2, 1));
    EXPECT_TRUE(IsStamped(after, alignment / 2, 2));
    EXPECT_TRUE(IsStamped(block, usable, 3));
    ExpectWhole();
    v.free(before);
    v.free(block);
    v.free(after);
  }
}

TEST_P(AlignedTest, ImpossibleRequestsFail) {
  const size_t requests[][2] = {{16, kSizeMax},
                                {64, kPtrdiffMax},
                                {4096, kPtrdiffMax + 1},
                                {4 * kMiB, kPtrdiffMax - kMiB},
                                {4 * kMiB, kSizeMax - 4 * kMiB},
                                {size_t{1} << 62, 100},
                                {size_t{1} << 63, 100},
                                {size_t{1} << 63, kSizeMax}};
  for (const auto &request : requests) {
    errno = kSentinel;
    EXPECT_EQ(v.aligned_alloc(request[0], request[1]), nullptr) << request[0] << ", " << request[1];
    EXPECT_EQ(errno, ENOMEM) << request[0] << ", " << request[1];
  }
}

TEST_P(AlignedTest, ReallocKeepsTheContents) {
  for (size_t alignment : {size_t{64}, size_t{1024}, size_t{16} * kKiB, kMiB, 8 * kMiB}) {
    for (size_t from : {size_t{10}, size_t{3000}, 600 * kKiB}) {
      for (size_t to : {size_t{0}, size_t{5}, size_t{20000}, 5 * kMiB}) {
        void *block = v.aligned_alloc(alignment, from);
        ASSERT_NE(block, nullptr);
        Stamp(block, from, from);
        block = v.realloc(block, to);
        ASSERT_NE(block, nullptr);
        EXPECT_TRUE(IsStamped(block, from < to ? from : to, from))
            << alignment << ": " << from << " -> " << to;
        Stamp(block, to, to);
        EXPECT_TRUE(IsStamped(block, to, to));
        v.free(block);
      }
    }
  }
}

TEST_P(AlignedTest, FreedMemoryIsUsedAgain) {
  for (size_t alignment : {size_t{256}, size_t{4096}, kMiB, 8 * kMiB}) {
    const size_t before = AddressSpaceBytes();
    for (int i = 0; i < 300; ++i) {
      void *block = v.aligned_alloc(alignment, 100 * kKiB);
      ASSERT_NE(block, nullptr);
      v.free(block);
    }
    if (IsDebugLevel()) v.trim(0);  // what waits for its reuse goes
    EXPECT_LE(AddressSpaceBytes(), before + 2 * alignment + 16 * kMiB) << alignment;
  }
}

TEST_P(AlignedTest, PosixMemalignRefusesBadAlignments) {
  int anchor;
  for (size_t alignment : {size_t{0}, size_t{1}, size_t{2}, size_t{4}, size_t{12}, size_t{24},
                           size_t{4104}, kSizeMax}) {
    void *block = &anchor;
    errno = kSentinel;
    EXPECT_EQ(v.posix_memalign(&block, alignment, 64), EINVAL) << alignment;
    EXPECT_EQ(errno, kSentinel);
    EXPECT_EQ(block, &anchor) << "*p was written on failure";
  }
}

TEST_P(AlignedTest, PosixMemalignFailsWithoutATrace) {
  int anchor;
  for (size_t size : {kSizeMax, kSizeMax - 100, kPtrdiffMax + 1, kPtrdiffMax}) {
    for (size_t alignment : {sizeof(void *), size_t{64}, size_t{4096}, 4 * kMiB}) {
      void *block = &anchor;
      errno = kSentinel;
      EXPECT_EQ(v.posix_memalign(&block, alignment, size), ENOMEM) << alignment << ", " << size;
      EXPECT_EQ(errno, kSentinel);
      EXPECT_EQ(block, &anchor) << "*p was written on failure";
    }
  }
}

TEST_P(AlignedTest, PosixMemalignGivesBlocks) {
  for (size_t alignment = sizeof(void *); alignment <= kLargestAlignment; alignment *= 2) {
    for (size_t size : {size_t{0}, size_t{1}, size_t{100}, size_t{70000}}) {
      void *block = nullptr;
      errno = kSentinel;
      ASSERT_EQ(v.posix_memalign(&block, alignment, size), 0) << alignment << ", " << size;
      EXPECT_EQ(errno, kSentinel);
      ASSERT_NE(block, nullptr);
      EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % alignment, 0u);
      Stamp(block, size, 4);
      EXPECT_TRUE(IsStamped(block, size, 4));
      v.free(block);
    }
  }
}

LOAM_TEST_EVERY_VARIANT(AlignedTest);

}  // namespace
}  // namespace loam::test
