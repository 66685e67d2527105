// Heaps: every entry point, blocks that others free, and a destroy that gives
// back all that a heap held.

#include <gtest/gtest.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <set>
#include <thread>
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

class HeapTest : public VariantTest {
 protected:
  loam_stats HeapStats(loam_heap *heap) const {
    loam_stats stats = {};
    v.heap_stats(heap, &stats);
    return stats;
  }
};

TEST_P(HeapTest, AFreshHeapIsEmpty) {
  LOAM_SKIP_WITHOUT(heap_create);
  loam_heap *heap = v.heap_create();
  ASSERT_NE(heap, nullptr);
  const loam_stats stats = HeapStats(heap);
  EXPECT_EQ(stats.live_blocks, 0u);
  EXPECT_EQ(stats.allocated_bytes, 0u);
  v.heap_destroy(heap);
}

TEST_P(HeapTest, EverySizeIsAlignedAndUsable) {
  LOAM_SKIP_WITHOUT(heap_create);
  loam_heap *heap = v.heap_create();
  ASSERT_NE(heap, nullptr);
  std::vector<std::pair<void *, size_t>> blocks;
  for (size_t size : SizesUpTo(8 * kMiB)) {
    errno = kSentinel;
    void *block = v.heap_malloc(heap, size);
    ASSERT_NE(block, nullptr) << size;
    EXPECT_EQ(errno, kSentinel);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % 16, 0u) << size;
    EXPECT_GE(v.usable_size(block), size);
    Stamp(block, size, size);
    blocks.emplace_back(block, size);
  }
  ExpectWhole();
  EXPECT_EQ(HeapStats(heap).live_blocks, blocks.size());
  for (auto [block, size] : blocks) {
    EXPECT_TRUE(IsStamped(block, size, size)) << size;
    errno = kSentinel;
    v.heap_free(heap, block);
    EXPECT_EQ(errno, kSentinel);
  }
  v.heap_free(heap, nullptr);
  EXPECT_EQ(HeapStats(heap).live_blocks, 0u);
  v.heap_destroy(heap);
}

TEST_P(HeapTest, CallocIsZeroAlsoInRecycledMemory) {
  LOAM_SKIP_WITHOUT(heap_create);
  loam_heap *heap = v.heap_create();
  ASSERT_NE(heap, nullptr);
  for (size_t size : SizesUpTo(8 * kMiB)) {
    void *dirty = v.heap_malloc(heap, size);
    ASSERT_NE(dirty, nullptr);
    Stamp(dirty, v.usable_size(dirty), 1);
    v.heap_free(heap, dirty);
    void *block = v.heap_calloc(heap, 1, size);
    ASSERT_NE(block, nullptr);
    EXPECT_TRUE(IsZero(block, size)) << size;
    v.heap_free(heap, block);
  }
  errno = kSentinel;
  EXPECT_EQ(v.heap_calloc(heap, kSizeMax / 2 + 1, 2), nullptr);
  EXPECT_EQ(errno, ENOMEM);
  v.heap_destroy(heap);
}

TEST_P(HeapTest, ReallocKeepsContents) {
  LOAM_SKIP_WITHOUT(heap_create);
  loam_heap *heap = v.heap_create();
  ASSERT_NE(heap, nullptr);
  Random random(31);
  size_t now = 100;
  void *block = v.heap_realloc(heap, nullptr, now);
  ASSERT_NE(block, nullptr);
  Stamp(block, now, 8);
  for (int step = 0; step < 3000; ++step) {
    const size_t size = step % 100 == 0 ? 0 : random.BlockSize(8 * kMiB);
    block = v.heap_realloc(heap, block, size);
    ASSERT_NE(block, nullptr) << now << " -> " << size;
    ASSERT_TRUE(IsStamped(block, std::min(now, size), 8)) << now << " -> " << size;
    Stamp(block, size, 8);
    now = size;
  }
  EXPECT_EQ(HeapStats(heap).live_blocks, 1u);
  errno = kSentinel;
  EXPECT_EQ(v.heap_realloc(heap, block, kPtrdiffMax + 1), nullptr);
  EXPECT_EQ(errno, ENOMEM);
  EXPECT_TRUE(IsStamped(block, now, 8));
  v.heap_destroy(heap);
}

TEST_P(HeapTest, AlignedAllocHoldsEveryAlignment) {
  LOAM_SKIP_WITHOUT(heap_create);
  loam_heap *heap = v.heap_create();
  ASSERT_NE(heap, nullptr);
  for (size_t alignment = 1; alignment <= 64 * kMiB; alignment *= 2) {
    for (size_t size : {size_t{0}, size_t{1}, size_t{100}, size_t{9000}, 700 * kKiB}) {
      void *block = v.heap_aligned_alloc(heap, alignment, size);
      ASSERT_NE(block, nullptr) << alignment << ", " << size;
      EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % alignment, 0u);
      Stamp(block, size, alignment);
      EXPECT_TRUE(IsStamped(block, size, alignment));
    }
  }
  errno = kSentinel;
  EXPECT_EQ(v.heap_aligned_alloc(heap, 48, 100), nullptr);
  EXPECT_EQ(errno, EINVAL);
  errno = kSentinel;
  EXPECT_EQ(v.heap_aligned_alloc(heap, 64, kPtrdiffMax), nullptr);
  EXPECT_EQ(errno, ENOMEM);
  v.heap_destroy(heap);
}

TEST_P(HeapTest, ImpossibleSizesFail) {
  LOAM_SKIP_WITHOUT(heap_create);
  loam_heap *heap = v.heap_create();
  ASSERT_NE(heap, nullptr);
  for (size_t size : {kPtrdiffMax + 1, kPtrdiffMax, kPtrdiffMax - 4096, kSizeMax, kSizeMax - 32}) {
    errno = kSentinel;
    EXPECT_EQ(v.heap_malloc(heap, size), nullptr);
    EXPECT_EQ(errno, ENOMEM);
  }
  v.heap_destroy(heap);
}

TEST_P(HeapTest, BlocksMayBeFreedByThePlainFree) {
  LOAM_SKIP_WITHOUT(heap_create);
  loam_heap *heap = v.heap_create();
  ASSERT_NE(heap, nullptr);
  std::vector<void *> blocks;
  for (size_t size : SizesUpTo(4 * kMiB)) {
    blocks.push_back(v.heap_malloc(heap, size));
    ASSERT_NE(blocks.back(), nullptr);
  }
  for (void *block : blocks) v.free(block);
  EXPECT_EQ(HeapStats(heap).live_blocks, 0u);
  EXPECT_EQ(HeapStats(heap).allocated_bytes, 0u);
  v.heap_destroy(heap);
}

TEST_P(HeapTest, BlocksMayBeFreedByAnotherThread) {
  LOAM_SKIP_WITHOUT(heap_create);
  loam_heap *heap = v.heap_create();
  ASSERT_NE(heap, nullptr);
  for (int round = 0; round < 5; ++round) {
    std::vector<std::pair<void *, size_t>> blocks;
    for (size_t size : SizesUpTo(kMiB)) {
      blocks.emplace_back(v.heap_malloc(heap, size), size);
      ASSERT_NE(blocks.back().first, nullptr);
      Stamp(blocks.back().first, size, size);
    }
    std::thread([&] {
      for (auto [block, size] : blocks) {
        EXPECT_TRUE(IsStamped(block, size, size));
        if (size % 2 == 0) {
          v.free(block);
        } else {
          v.heap_free(heap, block);
        }
      }
    }).join();
  }
  EXPECT_EQ(HeapStats(heap).live_blocks, 0u);
  v.heap_destroy(heap);
}

TEST_P(HeapTest, ThreadsShareAHeap) {
  LOAM_SKIP_WITHOUT(heap_create);
  loam_heap *heap = v.heap_create();
  ASSERT_NE(heap, nullptr);
  std::vector<std::thread> threads;
  for (uint64_t id = 0; id < 4; ++id) {
    threads.emplace_back([&, id] {
      Random random(id);
      std::vector<std::pair<void *, size_t>> mine(64, {nullptr, 0});
      for (int step = 0; step < 8000; ++step) {
        auto &[block, size] = mine[random.Below(mine.size())];
        if (block != nullptr) {
          EXPECT_TRUE(IsStamped(block, size, id));
        }
        v.heap_free(heap, block);
        size = random.BlockSize(64 * kKiB);
        block = v.heap_malloc(heap, size);
        ASSERT_NE(block, nullptr);
        Stamp(block, size, id);
      }
    });
  }
  for (std::thread &thread : threads) thread.join();
  EXPECT_EQ(HeapStats(heap).live_blocks, 4 * 64u);
  ExpectWhole();
  v.heap_destroy(heap);
}

TEST_P(HeapTest, HeapsCountForThemselves) {
  LOAM_SKIP_WITHOUT(heap_create);
  loam_heap *one = v.heap_create();
  loam_heap *two = v.heap_create();
  ASSERT_TRUE(one != nullptr && two != nullptr);
  size_t usable = 0;
  for (size_t size : SizesUpTo(64 * kKiB)) usable += v.usable_size(v.heap_malloc(one, size));
  v.free(v.malloc(1000));
  const loam_stats stats = HeapStats(one);
  EXPECT_EQ(stats.live_blocks, SizesUpTo(64 * kKiB).size());
  EXPECT_EQ(stats.allocated_bytes, usable);
  EXPECT_EQ(stats.mapped_bytes, stats.allocated_bytes + stats.free_bytes + stats.metadata_bytes);
  EXPECT_EQ(HeapStats(two).live_blocks, 0u);
  v.heap_destroy(one);
  EXPECT_EQ(HeapStats(two).live_blocks, 0u);
  void *block = v.heap_malloc(two, 100);
  ASSERT_NE(block, nullptr);
  v.heap_destroy(two);
}

TEST_P(HeapTest, DestroyFreesAllThatIsHeld) {
  LOAM_SKIP_WITHOUT(heap_create);
  v.trim(0);
  const loam_stats before = Stats();
  const size_t resident = ResidentBytes();
  loam_heap *heap = v.heap_create();
  ASSERT_NE(heap, nullptr);
  Random random(5);
  for (size_t total = 0; total < 100 * kMiB;) {
    const size_t size = random.BlockSize(16 * kMiB);
    void *block = v.heap_malloc(heap, size);
    ASSERT_NE(block, nullptr);
    Stamp(block, size, 1);
    total += size;
  }
  EXPECT_GE(Stats().allocated_bytes, before.allocated_bytes + 100 * kMiB);
  v.heap_destroy(heap);
  v.trim(0);
  const loam_stats after = Stats();
  EXPECT_EQ(after.live_blocks, before.live_blocks);
  EXPECT_EQ(after.allocated_bytes, before.allocated_bytes);
  EXPECT_LE(after.mapped_bytes, before.mapped_bytes + 2 * kMiB);
  if (!kSanitizerRuntime) {
    EXPECT_LE(ResidentBytes(), resident + 2 * kMiB);
  }
}

TEST_P(HeapTest, ManyHeapsLiveSideBySide) {
  LOAM_SKIP_WITHOUT(heap_create);
  constexpr size_t kHeaps = 200;
  std::set<loam_heap *> distinct;
  std::vector<loam_heap *> heaps;
  std::vector<void *> blocks;
  for (size_t i = 0; i < kHeaps; ++i) {
    heaps.push_back(v.heap_create());
    ASSERT_NE(heaps.back(), nullptr);
    EXPECT_TRUE(distinct.insert(heaps.back()).second);
  }
  for (size_t turn = 0; turn < 20; ++turn) {
    for (size_t i = 0; i < kHeaps; ++i) {
      void *block = v.heap_malloc(heaps[i], 100 * turn + i);
      ASSERT_NE(block, nullptr);
      Stamp(block, 100 * turn + i, blocks.size());
      blocks.push_back(block);
    }
  }
  for (size_t i = 0; i < kHeaps; i += 2) v.heap_destroy(heaps[i]);
  ExpectWhole();
  for (size_t at = 0; at < blocks.size(); ++at) {
    const size_t i = at % kHeaps;
    if (i % 2 == 1) {
      EXPECT_TRUE(IsStamped(blocks[at], 100 * (at / kHeaps) + i, at));
    }
  }
  for (size_t i = kHeaps - 1; i < kHeaps; i -= 2) v.heap_destroy(heaps[i]);
}

TEST_P(HeapTest, HeapsThatComeAndGoLeaveNothing) {
  LOAM_SKIP_WITHOUT(heap_create);
  auto cycle = [this](int times) {
    for (int i = 0; i < times; ++i) {
      loam_heap *heap = v.heap_create();
      ASSERT_NE(heap, nullptr);
      ASSERT_NE(v.heap_malloc(heap, 100), nullptr);
      ASSERT_NE(v.heap_malloc(heap, 100 * kKiB), nullptr);
      if (i % 50 == 0) {
        ASSERT_NE(v.heap_malloc(heap, 8 * kMiB), nullptr);
      }
      v.heap_destroy(heap);
    }
  };
  cycle(100);
  const loam_stats before = Stats();
  cycle(2000);
  const loam_stats after = Stats();
  EXPECT_EQ(after.live_blocks, before.live_blocks);
  EXPECT_LE(after.mapped_bytes, before.mapped_bytes + kMiB);
}

LOAM_TEST_EVERY_VARIANT(HeapTest);

}  // namespace
}  // namespace loam::test
