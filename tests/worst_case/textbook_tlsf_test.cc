#include "tests/worst_case/textbook_tlsf.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "tests/support/memory.h"
#include "tests/support/random.h"
#include "tests/support/stamp.h"

namespace loam::test {
namespace {

class TextbookTlsfTest : public ::testing::Test {
 protected:
  TextbookTlsfTest() : memory_(kMiB + 5), heap_(textbook_tlsf_create(&memory_[5], kMiB)) {}

  void SetUp() override { ASSERT_NE(heap_, nullptr); }
  void TearDown() override { EXPECT_TRUE(textbook_tlsf_check(heap_)); }

  // The size of the largest block that there is, to the accuracy of good fit.
  size_t Largest() {
    size_t low = 0;
    size_t high = kMiB;
    while (high - low > 1) {
      const size_t size = (low + high) / 2;
      void *block = textbook_tlsf_malloc(heap_, size);
      textbook_tlsf_free(heap_, block);
      (block != nullptr ? low : high) = size;
    }
    return low;
  }

  std::vector<char> memory_;
  textbook_tlsf *heap_;
};

TEST_F(TextbookTlsfTest, MemoryThatIsTooSmall) {
  for (size_t bytes : {size_t{0}, size_t{100}, size_t{8000}}) {
    EXPECT_EQ(textbook_tlsf_create(memory_.data(), bytes), nullptr) << bytes;
  }
}

TEST_F(TextbookTlsfTest, AlignedBlocksInsideTheMemory) {
  for (size_t size = 0; size < 3000; size += 7) {
    auto *block = static_cast<char *>(textbook_tlsf_malloc(heap_, size));
    ASSERT_NE(block, nullptr);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % 16, 0u);
    EXPECT_GE(block, &memory_[5]);
    EXPECT_LE(block + size, &memory_[0] + memory_.size());
    textbook_tlsf_free(heap_, block);
  }
}

TEST_F(TextbookTlsfTest, MoreThanThereIs) {
  EXPECT_EQ(textbook_tlsf_malloc(heap_, kMiB), nullptr);
  EXPECT_EQ(textbook_tlsf_malloc(heap_, SIZE_MAX), nullptr);
  EXPECT_EQ(textbook_tlsf_malloc(heap_, size_t{1} << 39), nullptr);
}

TEST_F(TextbookTlsfTest, AFreedBlockMergesWithBothNeighbours) {
  const size_t before = Largest();
  EXPECT_GT(before, kMiB * 9 / 10);
  void *blocks[3];
  for (void *&block : blocks) block = textbook_tlsf_malloc(heap_, 300 * kKiB);
  EXPECT_LT(Largest(), 200 * kKiB);
  textbook_tlsf_free(heap_, blocks[0]);
  textbook_tlsf_free(heap_, blocks[2]);
  EXPECT_LT(Largest(), 500 * kKiB);
  textbook_tlsf_free(heap_, blocks[1]);
  EXPECT_EQ(Largest(), before);
}

// Of two free blocks it takes the one that is closer to the request.
TEST_F(TextbookTlsfTest, TakesTheClosestList) {
  void *small = textbook_tlsf_malloc(heap_, 5000);
  void *guard = textbook_tlsf_malloc(heap_, 1);
  void *large = textbook_tlsf_malloc(heap_, 9000);
  ASSERT_NE(textbook_tlsf_malloc(heap_, 1), nullptr);
  textbook_tlsf_free(heap_, small);
  textbook_tlsf_free(heap_, large);
  EXPECT_EQ(textbook_tlsf_malloc(heap_, 8000), large);
  EXPECT_EQ(textbook_tlsf_malloc(heap_, 4800), small);
  EXPECT_NE(guard, nullptr);
}

TEST_F(TextbookTlsfTest, RandomCallsKeepContents) {
  struct Block {
    void *at = nullptr;
    size_t size = 0;
  };
  const size_t before = Largest();
  std::vector<Block> blocks(500);
  Random random(1);
  for (uint64_t step = 0; step < 50000; ++step) {
    const size_t index = random.Below(blocks.size());
    Block &block = blocks[index];
    if (block.at != nullptr) {
      ASSERT_TRUE(IsStamped(block.at, block.size, index));
    }
    textbook_tlsf_free(heap_, block.at);
    block.size = random.BlockSize(32 * kKiB);
    block.at = textbook_tlsf_malloc(heap_, block.size);
    if (block.at != nullptr) Stamp(block.at, block.size, index);
    if (step % 500 == 0) {
      ASSERT_TRUE(textbook_tlsf_check(heap_));
    }
  }
  for (const Block &block : blocks) textbook_tlsf_free(heap_, block.at);
  EXPECT_EQ(Largest(), before);
}

TEST_F(TextbookTlsfTest, TheWalkSeesWhatIsBroken) {
  void *block = textbook_tlsf_malloc(heap_, 100);
  auto *size = static_cast<size_t *>(block) - 1;
  *size ^= 2;
  EXPECT_FALSE(textbook_tlsf_check(heap_));
  *size ^= 2;
  EXPECT_TRUE(textbook_tlsf_check(heap_));
}

}  // namespace
}  // namespace loam::test
