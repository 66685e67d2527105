// trim: memory that was freed goes back to the system.

#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <vector>

#include "tests/conformance/variant_test.h"
#include "tests/support/memory.h"
#include "tests/support/random.h"
#include "tests/support/sanitizers.h"
#include "tests/support/stamp.h"

namespace loam::test {
namespace {

constexpr size_t kTotal = 96 * kMiB;
constexpr size_t kSlack = 2 * kMiB;

class TrimTest : public VariantTest {
 protected:
  // Allocates and touches kTotal bytes in blocks of up to `largest` bytes.
  void Fill(size_t smallest, size_t largest, std::vector<void *> *blocks) const {
    Random random(largest);
    for (size_t total = 0; total < kTotal;) {
      const size_t size = smallest + random.Below(largest - smallest + 1);
      void *block = v.malloc(size);
      ASSERT_NE(block, nullptr);
      for (size_t at = 0; at < size; at += 4096) static_cast<char *>(block)[at] = 1;
      blocks->push_back(block);
      total += size;
    }
  }

  // Frees in an order that is neither first in nor last in, first out.
  void FreeAll(std::vector<void *> *blocks) const {
    for (size_t turn = 0; turn < 3; ++turn) {
      for (size_t i = turn; i < blocks->size(); i += 3) v.free((*blocks)[i]);
    }
    blocks->clear();
  }

  // The list of blocks itself: before the first look at resident memory.
  static std::vector<void *> TouchedList(size_t blocks) {
    std::vector<void *> list(blocks, nullptr);
    list.clear();
    return list;
  }

  void ExpectFreedMemoryReturns(size_t smallest, size_t largest) {
    std::vector<void *> blocks = TouchedList(3 * kTotal / (smallest + largest));
    v.free(v.malloc(smallest));
    v.trim(0);
    const size_t before = ResidentBytes();
    Fill(smallest, largest, &blocks);
    EXPECT_GE(ResidentBytes(), before + kTotal / 10 * 9);
    FreeAll(&blocks);
    v.trim(0);
    EXPECT_LE(ResidentBytes(), before + kSlack);
  }

  // Most of a heap is freed, and `call` comes again and again.
  template <typename Call>
  void ExpectMemoryOfAHeapReturns(Call call) {
    std::vector<void *> blocks = TouchedList(kTotal / kKiB);
    v.trim(0);
    const size_t before = ResidentBytes();
    loam_heap *heap = v.heap_create();
    ASSERT_NE(heap, nullptr);
    for (size_t i = 0; i < kTotal / (2 * kKiB); ++i) {
      void *block = v.heap_malloc(heap, 2000);
      ASSERT_NE(block, nullptr);
      Stamp(block, 2000, i);
      blocks.push_back(block);
    }
    for (size_t i = 0; i < blocks.size(); ++i) {
      if (i % 100 != 0) v.heap_free(heap, blocks[i]);
    }
    for (int tenth = 0; tenth < 200 && ResidentBytes() > before + kTotal / 4; ++tenth) {
      for (int i = 0; i < 2000; ++i) call(heap);
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    EXPECT_LE(ResidentBytes(), before + kTotal / 4);
    v.heap_destroy(heap);
  }
};

TEST_P(TrimTest, SmallBlocksReturn) {
  LOAM_SKIP_UNDER_SANITIZER("resident memory");
  ExpectFreedMemoryReturns(200, 600);
}

TEST_P(TrimTest, MediumBlocksReturn) {
  LOAM_SKIP_UNDER_SANITIZER("resident memory");
  ExpectFreedMemoryReturns(4 * kKiB, 64 * kKiB);
}

TEST_P(TrimTest, LargeBlocksReturn) {
  LOAM_SKIP_UNDER_SANITIZER("resident memory");
  ExpectFreedMemoryReturns(300 * kKiB, 20 * kMiB);
}

TEST_P(TrimTest, BlocksOfThreadsThatEndedReturn) {
  LOAM_SKIP_UNDER_SANITIZER("resident memory");
  LOAM_SKIP_WITHOUT(check);  // libc keeps the arenas of threads
  constexpr size_t kThreads = 4;
  std::vector<std::vector<void *>> blocks(kThreads);
  for (auto &list : blocks) list = TouchedList(3 * kTotal / (18 * kKiB));
  v.trim(0);
  const size_t before = ResidentBytes();
  std::vector<std::thread> threads;
  for (auto &list : blocks)
    threads.emplace_back([this, &list] { Fill(2 * kKiB, 16 * kKiB, &list); });
  for (std::thread &thread : threads) thread.join();
  for (auto &list : blocks) FreeAll(&list);
  v.trim(0);
  EXPECT_LE(ResidentBytes(), before + kSlack);
}

TEST_P(TrimTest, LiveBlocksAreLeftAlone) {
  std::vector<std::pair<void *, size_t>> kept;
  std::vector<void *> freed;
  Random random(17);
  for (size_t i = 0; i < 4000; ++i) {
    const size_t size = random.Below(20 * kKiB);
    void *block = v.malloc(size);
    ASSERT_NE(block, nullptr);
    if (random.Below(4) == 0) {
      Stamp(block, size, kept.size());
      kept.emplace_back(block, size);
    } else {
      Stamp(block, size, 0);
      freed.push_back(block);
    }
  }
  for (void *block : freed) v.free(block);
  v.trim(0);
  ExpectWhole();
  for (size_t i = 0; i < kept.size(); ++i) {
    EXPECT_TRUE(IsStamped(kept[i].first, kept[i].second, i));
  }
  for (auto [block, size] : kept) v.free(block);
}

TEST_P(TrimTest, AHeapThatWasTrimmedServesAgain) {
  for (int round = 0; round < 5; ++round) {
    std::vector<void *> blocks;
    for (size_t i = 0; i < 2000; ++i) {
      blocks.push_back(v.malloc(i * 10));
      ASSERT_NE(blocks.back(), nullptr);
      Stamp(blocks.back(), i * 10, i);
    }
    for (size_t i = 0; i < blocks.size(); ++i) {
      EXPECT_TRUE(IsStamped(blocks[i], i * 10, i));
      v.free(blocks[i]);
    }
    v.trim(0);
    ExpectWhole();
  }
}

TEST_P(TrimTest, SomeMemoryMayBeKept) {
  LOAM_SKIP_UNDER_SANITIZER("resident memory");
  constexpr size_t kKeep = 32 * kMiB;
  std::vector<void *> blocks = TouchedList(kTotal / kKiB);
  v.trim(0);
  const size_t before = ResidentBytes();
  Fill(2 * kKiB, 200 * kKiB, &blocks);
  FreeAll(&blocks);
  v.trim(kKeep);
  EXPECT_LE(ResidentBytes(), before + kKeep + 4 * kMiB + kSlack);  // "about"
  v.trim(0);
  EXPECT_LE(ResidentBytes(), before + kSlack);
}

// On the calls that come anyway, and without a trim.
TEST_P(TrimTest, MemoryThatIsFreeForAWhileReturnsByItself) {
  LOAM_SKIP_UNDER_SANITIZER("resident memory");
  LOAM_SKIP_WITHOUT(check);  // libc keeps what is below a live block
  std::vector<void *> blocks = TouchedList(kTotal / kKiB);
  v.trim(0);
  const size_t before = ResidentBytes();
  Fill(2 * kKiB, 200 * kKiB, &blocks);
  void *kept = v.malloc(1000);
  FreeAll(&blocks);
  for (int tenth = 0; tenth < 200 && ResidentBytes() > before + kTotal / 10; ++tenth) {
    for (int i = 0; i < 2000; ++i) v.free(v.malloc(100));
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  EXPECT_LE(ResidentBytes(), before + kTotal / 10);
  v.free(kept);
}

// What calls come while the memory of a heap is free: calls of that heap, or of the process alone.
TEST_P(TrimTest, MemoryOfAHeapThatIsFreeForAWhileReturnsByItself) {
  LOAM_SKIP_UNDER_SANITIZER("resident memory");
  LOAM_SKIP_WITHOUT(heap_create);
  ExpectMemoryOfAHeapReturns(
      [this](loam_heap *heap) { v.heap_free(heap, v.heap_malloc(heap, 100)); });
}

TEST_P(TrimTest, MemoryOfAHeapThatNobodyCallsReturnsByItself) {
  LOAM_SKIP_UNDER_SANITIZER("resident memory");
  LOAM_SKIP_WITHOUT(heap_create);
  ExpectMemoryOfAHeapReturns([this](loam_heap *) { v.free(v.malloc(100)); });
}

// A slow machine may give all back before the trim comes: then it tries again.
TEST_P(TrimTest, ATrimThatFindsSomethingSaysSo) {
  bool found = false;
  for (int attempt = 0; attempt < 20 && !found; ++attempt) {
    std::vector<void *> blocks;
    for (int i = 0; i < 100; ++i) {
      blocks.push_back(v.malloc(100 * kKiB));
      Stamp(blocks.back(), 100 * kKiB, 1);
    }
    for (void *block : blocks) v.free(block);
    found = v.trim(0);
  }
  EXPECT_TRUE(found);
}

TEST_P(TrimTest, ASecondTrimFindsNothing) {
  LOAM_SKIP_WITHOUT(check);  // libc says true whenever it tried
  std::vector<void *> blocks;
  for (int i = 0; i < 100; ++i) {
    blocks.push_back(v.malloc(100 * kKiB));
    Stamp(blocks.back(), 100 * kKiB, 1);
  }
  for (void *block : blocks) v.free(block);
  v.trim(0);
  EXPECT_FALSE(v.trim(0));
}

LOAM_TEST_EVERY_VARIANT(TrimTest);

}  // namespace
}  // namespace loam::test
