// Statistics: they add up, they agree with what was asked for, and they return
// to where they were.

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "tests/conformance/variant_test.h"
#include "tests/support/memory.h"
#include "tests/support/random.h"

namespace loam::test {
namespace {

class StatsTest : public VariantTest {
 protected:
  static void ExpectAddsUp(const loam_stats &stats) {
    EXPECT_EQ(stats.mapped_bytes, stats.allocated_bytes + stats.free_bytes + stats.metadata_bytes);
    EXPECT_EQ(stats.live_blocks, stats.malloc_calls - stats.free_calls);
    EXPECT_LE(stats.large_blocks, stats.live_blocks);
    EXPECT_LE(stats.largest_free_bytes, stats.free_bytes);
    EXPECT_EQ(stats.free_blocks == 0, stats.free_bytes == 0);
    EXPECT_EQ(stats.free_bytes == 0, stats.largest_free_bytes == 0);
  }
};

TEST_P(StatsTest, CountersAgreeWithWhatWasAllocated) {
  LOAM_SKIP_WITHOUT(stats);
  const loam_stats before = Stats();
  ExpectAddsUp(before);
  std::vector<void *> blocks;
  size_t usable = 0;
  for (size_t size : SizesUpTo(16 * kMiB)) {
    for (void *block : {v.malloc(size), v.calloc(1, size), v.aligned_alloc(128, size)}) {
      ASSERT_NE(block, nullptr);
      usable += v.usable_size(block);
      blocks.push_back(block);
    }
  }
  const loam_stats full = Stats();
  ExpectAddsUp(full);
  EXPECT_EQ(full.live_blocks - before.live_blocks, blocks.size());
  EXPECT_EQ(full.allocated_bytes - before.allocated_bytes, usable);
  EXPECT_EQ(full.malloc_calls - before.malloc_calls, blocks.size());
  EXPECT_EQ(full.free_calls, before.free_calls);
  EXPECT_GE(full.mapped_bytes, full.allocated_bytes);

  for (void *block : blocks) v.free(block);
  const loam_stats after = Stats();
  ExpectAddsUp(after);
  EXPECT_EQ(after.live_blocks, before.live_blocks);
  EXPECT_EQ(after.large_blocks, before.large_blocks);
  EXPECT_EQ(after.allocated_bytes, before.allocated_bytes);
  EXPECT_EQ(after.free_calls - before.free_calls, blocks.size());
}

TEST_P(StatsTest, FailuresCountNothing) {
  LOAM_SKIP_WITHOUT(stats);
  void *block = v.malloc(100);
  ASSERT_NE(block, nullptr);
  const loam_stats before = Stats();
  EXPECT_EQ(v.malloc(SIZE_MAX), nullptr);
  EXPECT_EQ(v.calloc(SIZE_MAX, 2), nullptr);
  EXPECT_EQ(v.realloc(block, SIZE_MAX), nullptr);
  EXPECT_EQ(v.aligned_alloc(3, 100), nullptr);
  EXPECT_EQ(v.aligned_alloc(64, SIZE_MAX), nullptr);
  v.free(nullptr);
  const loam_stats after = Stats();
  ExpectAddsUp(after);
  EXPECT_EQ(after.malloc_calls, before.malloc_calls);
  EXPECT_EQ(after.free_calls, before.free_calls);
  EXPECT_EQ(after.allocated_bytes, before.allocated_bytes);
  EXPECT_EQ(after.mapped_bytes, before.mapped_bytes);
  v.free(block);
}

TEST_P(StatsTest, ReallocKeepsTheCount) {
  LOAM_SKIP_WITHOUT(stats);
  const loam_stats before = Stats();
  Random random(99);
  std::vector<void *> blocks(50);
  for (void *&block : blocks) block = v.malloc(10);
  for (int step = 0; step < 4000; ++step) {
    void *&block = blocks[random.Below(blocks.size())];
    block = v.realloc(block, random.BlockSize(8 * kMiB));
    ASSERT_NE(block, nullptr);
    if (step % 100 == 0) {
      size_t usable = 0;
      for (void *each : blocks) usable += v.usable_size(each);
      const loam_stats now = Stats();
      ExpectAddsUp(now);
      EXPECT_EQ(now.live_blocks - before.live_blocks, blocks.size());
      EXPECT_EQ(now.allocated_bytes - before.allocated_bytes, usable);
    }
  }
  for (void *block : blocks) v.free(block);
  EXPECT_EQ(Stats().live_blocks, before.live_blocks);
  EXPECT_EQ(Stats().allocated_bytes, before.allocated_bytes);
}

TEST_P(StatsTest, ThreadsAreCountedAfterTheyEnd) {
  LOAM_SKIP_WITHOUT(stats);
  const loam_stats before = Stats();
  constexpr size_t kThreads = 4;
  constexpr size_t kEach = 5000;
  std::vector<void *> kept(kThreads);
  std::vector<std::thread> threads;
  for (size_t id = 0; id < kThreads; ++id) {
    threads.emplace_back([&, id] {
      Random random(id);
      kept[id] = v.malloc(random.BlockSize(kMiB));
      for (size_t i = 1; i < kEach; ++i) v.free(v.malloc(random.BlockSize(kMiB)));
    });
  }
  for (std::thread &thread : threads) thread.join();
  size_t usable = 0;
  for (void *block : kept) usable += v.usable_size(block);
  const loam_stats full = Stats();
  ExpectAddsUp(full);
  EXPECT_EQ(full.live_blocks - before.live_blocks, kThreads);
  EXPECT_EQ(full.malloc_calls - before.malloc_calls, kThreads * kEach);
  EXPECT_EQ(full.allocated_bytes - before.allocated_bytes, usable);
  for (void *block : kept) v.free(block);  // by another thread than allocated them
  const loam_stats after = Stats();
  ExpectAddsUp(after);
  EXPECT_EQ(after.live_blocks, before.live_blocks);
  EXPECT_EQ(after.allocated_bytes, before.allocated_bytes);
}

// What a heap still holds when it ends is freed.
TEST_P(StatsTest, TotalsNeverFallWhenAHeapEnds) {
  LOAM_SKIP_WITHOUT(heap_create);
  for (int round = 0; round < 3; ++round) {
    loam_heap *heap = v.heap_create();
    ASSERT_NE(heap, nullptr);
    const loam_stats before = Stats();
    size_t blocks = 0;
    for (size_t size : SizesUpTo(4 * kMiB)) {
      void *block = v.heap_malloc(heap, size);
      ASSERT_NE(block, nullptr);
      if (++blocks % 3 == 0) v.heap_free(heap, block);
    }
    const loam_stats full = Stats();
    EXPECT_EQ(full.malloc_calls - before.malloc_calls, blocks);
    EXPECT_EQ(full.free_calls - before.free_calls, blocks / 3);
    v.heap_destroy(heap);
    const loam_stats after = Stats();
    ExpectAddsUp(after);
    EXPECT_EQ(after.malloc_calls, full.malloc_calls);
    EXPECT_EQ(after.free_calls - before.free_calls, blocks);
    EXPECT_EQ(after.live_blocks, before.live_blocks);
  }
}

TEST_P(StatsTest, ReadingWhileThreadsWorkNeverBreaks) {
  LOAM_SKIP_WITHOUT(stats);
  std::thread worker([&] {
    Random random(4);
    for (int i = 0; i < 20000; ++i) v.free(v.malloc(random.BlockSize(2 * kMiB)));
  });
  for (int i = 0; i < 200; ++i) {
    const loam_stats now = Stats();
    EXPECT_LE(now.free_calls, now.malloc_calls);
    ExpectWhole();
  }
  worker.join();
  ExpectAddsUp(Stats());
}

LOAM_TEST_EVERY_VARIANT(StatsTest);

}  // namespace
}  // namespace loam::test
