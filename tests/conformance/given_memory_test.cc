// Heaps over memory that the caller gives: they stay inside it, never enter the
// kernel, and are whole when it is exhausted.

#include <gtest/gtest.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

#include "tests/conformance/variant_test.h"
#include "tests/support/memory.h"
#include "tests/support/process.h"
#include "tests/support/random.h"
#include "tests/support/sanitizers.h"
#include "tests/support/stamp.h"

namespace loam::test {
namespace {

constexpr size_t kGiB = 1024 * kMiB;

// Memory without a commitment, as long as it lives.
class Memory {
 public:
  explicit Memory(size_t bytes) : bytes_(bytes) {
    void *memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    start_ = memory == MAP_FAILED ? nullptr : static_cast<char *>(memory);
  }
  ~Memory() { munmap(start_, bytes_); }
  Memory(const Memory &) = delete;
  Memory &operator=(const Memory &) = delete;

  char *start() const { return start_; }
  size_t bytes() const { return bytes_; }

 private:
  char *start_;
  size_t bytes_;
};

class GivenMemoryTest : public VariantTest {
 protected:
  void SetUp() override { LOAM_SKIP_WITHOUT(heap_create_with_memory); }

  loam_stats HeapStats(loam_heap *heap) const {
    loam_stats stats = {};
    v.heap_stats(heap, &stats);
    return stats;
  }

  // Blocks of the size until there is no more.
  std::vector<void *> Exhaust(loam_heap *heap, size_t size) const {
    std::vector<void *> blocks;
    errno = 0;
    while (void *block = v.heap_malloc(heap, size)) blocks.push_back(block);
    EXPECT_EQ(errno, ENOMEM);
    return blocks;
  }
};

TEST_P(GivenMemoryTest, StaysInsideWhateverTheAlignment) {
  constexpr size_t kBytes = 64 * kKiB;
  constexpr size_t kMargin = 64;
  std::vector<unsigned char> memory(kBytes + 2 * kMargin, 0x5c);
  for (size_t shift = 0; shift < 17; ++shift) {
    unsigned char *begin = memory.data() + kMargin + shift;
    const size_t bytes = kBytes - shift * 3;
    loam_heap *heap = v.heap_create_with_memory(begin, bytes);
    ASSERT_NE(heap, nullptr);
    std::vector<void *> blocks = Exhaust(heap, 100);
    ASSERT_GT(blocks.size(), 400u);
    for (void *block : blocks) {
      EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % 16, 0u);
      EXPECT_GE(static_cast<unsigned char *>(block), begin);
      EXPECT_LE(static_cast<unsigned char *>(block) + v.usable_size(block), begin + bytes);
      Stamp(block, v.usable_size(block), shift);
    }
    ExpectWhole();
    EXPECT_EQ(HeapStats(heap).mapped_bytes, bytes);
    for (void *block : blocks) {
      EXPECT_TRUE(IsStamped(block, v.usable_size(block), shift));
      v.heap_free(heap, block);
    }
    v.heap_destroy(heap);
    for (unsigned char *byte = memory.data(); byte < begin; ++byte) ASSERT_EQ(*byte, 0x5c);
    for (size_t i = 0; i < kMargin; ++i) ASSERT_EQ(begin[bytes + i], 0x5c);
    memory.assign(memory.size(), 0x5c);
  }
}

TEST_P(GivenMemoryTest, TooLittleMemoryIsNoHeap) {
  std::vector<char> memory(64 * kKiB);
  size_t least = 0;
  for (size_t bytes = 0; bytes < memory.size() && least == 0; bytes += 8) {
    errno = 0;
    loam_heap *heap = v.heap_create_with_memory(memory.data(), bytes);
    if (heap == nullptr) {
      EXPECT_EQ(errno, ENOMEM);
      continue;
    }
    least = bytes;
    void *block = v.heap_malloc(heap, 1);
    EXPECT_NE(block, nullptr) << "the least heap holds a block";
    EXPECT_EQ(v.heap_malloc(heap, 1), nullptr);
    ExpectWhole();
    v.heap_destroy(heap);
  }
  EXPECT_GT(least, 0u);
  EXPECT_LE(least, 8 * kKiB);
  EXPECT_EQ(v.heap_create_with_memory(nullptr, kMiB), nullptr);
}

// After everything is freed all is one block again, whatever was in between.
TEST_P(GivenMemoryTest, ExhaustedAndWhole) {
  Memory memory(4 * kMiB);
  loam_heap *heap = v.heap_create_with_memory(memory.start(), memory.bytes());
  ASSERT_NE(heap, nullptr);
  const size_t largest = HeapStats(heap).largest_free_bytes - 16;
  for (size_t size : {size_t{1}, size_t{24}, size_t{1000}, 5 * kKiB, 300 * kKiB, largest}) {
    std::vector<void *> blocks = Exhaust(heap, size);
    EXPECT_GE(blocks.size(), 1u) << size;
    EXPECT_GE(blocks.size() * (size + 32), largest * 3 / 4) << size;
    ExpectWhole();
    EXPECT_EQ(HeapStats(heap).live_blocks, blocks.size());
    for (size_t i = 0; i < blocks.size(); i += 2) v.heap_free(heap, blocks[i]);
    ExpectWhole();
    for (size_t i = 1; i < blocks.size(); i += 2) v.heap_free(heap, blocks[i]);
    EXPECT_EQ(HeapStats(heap).free_blocks, 1u);
    EXPECT_EQ(HeapStats(heap).live_blocks, 0u);
  }
  v.heap_destroy(heap);
}

TEST_P(GivenMemoryTest, EveryEntryPoint) {
  Memory memory(8 * kMiB);
  memset(memory.start() + 4 * kMiB, 0xee, 2 * kMiB);
  loam_heap *heap = v.heap_create_with_memory(memory.start(), memory.bytes());
  ASSERT_NE(heap, nullptr);
  auto *zeroed = static_cast<char *>(v.heap_calloc(heap, 3, kMiB));
  ASSERT_NE(zeroed, nullptr);
  EXPECT_TRUE(IsZero(zeroed, 3 * kMiB));
  Stamp(zeroed, 3 * kMiB, 7);
  void *grown = v.heap_realloc(heap, zeroed, 4 * kMiB);
  ASSERT_NE(grown, nullptr);
  EXPECT_TRUE(IsStamped(grown, 3 * kMiB, 7));
  errno = 0;
  EXPECT_EQ(v.heap_realloc(heap, grown, 9 * kMiB), nullptr);
  EXPECT_EQ(errno, ENOMEM);
  EXPECT_TRUE(IsStamped(grown, 3 * kMiB, 7));
  void *aligned = v.heap_aligned_alloc(heap, 64 * kKiB, 100);
  ASSERT_NE(aligned, nullptr);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(aligned) % (64 * kKiB), 0u);
  EXPECT_EQ(v.heap_aligned_alloc(heap, 16 * kMiB, 100), nullptr);
  EXPECT_EQ(v.heap_aligned_alloc(heap, size_t{1} << 62, 100), nullptr);
  EXPECT_EQ(v.heap_malloc(heap, SIZE_MAX), nullptr);
  EXPECT_EQ(v.heap_malloc(heap, kGiB * 6), nullptr);
  EXPECT_EQ(v.heap_calloc(heap, SIZE_MAX, 2), nullptr);
  // The plain functions know its blocks, too.
  EXPECT_GE(v.usable_size(aligned), 100u);
  aligned = v.realloc(aligned, 200);
  ASSERT_NE(aligned, nullptr);
  v.free(aligned);
  v.free(v.realloc(grown, 10));
  EXPECT_EQ(HeapStats(heap).live_blocks, 0u);
  v.heap_destroy(heap);
}

// Sizes have 32 bits: more memory than that makes several segments.
TEST_P(GivenMemoryTest, MoreThanFourGiB) {
  LOAM_SKIP_UNDER_SANITIZER("so much address space");
  if (IsLevel("hardened")) GTEST_SKIP() << "it looks at each byte, several times";
  Memory memory(9 * kGiB);
  if (memory.start() == nullptr) GTEST_SKIP() << "no address space for it";
  loam_heap *heap = v.heap_create_with_memory(memory.start(), memory.bytes());
  ASSERT_NE(heap, nullptr);
  std::vector<void *> blocks;
  for (int i = 0; i < 2; ++i) blocks.push_back(v.heap_malloc(heap, 4 * kGiB - 8 * kKiB));
  for (void *block : blocks) {
    ASSERT_NE(block, nullptr);
    EXPECT_GE(v.usable_size(block), 4 * kGiB - 8 * kKiB);
    memset(block, 1, 4096);
    memset(static_cast<char *>(block) + 4 * kGiB - 16 * kKiB, 1, 8 * kKiB);
  }
  EXPECT_EQ(v.heap_malloc(heap, 2 * kGiB), nullptr);
  blocks.push_back(v.heap_malloc(heap, 900 * kMiB));
  ASSERT_NE(blocks.back(), nullptr);
  ExpectWhole();
  for (void *block : blocks) v.heap_free(heap, block);
  EXPECT_EQ(HeapStats(heap).free_blocks, 3u);
  EXPECT_EQ(HeapStats(heap).mapped_bytes, memory.bytes());
  v.heap_destroy(heap);
}

// Under strict seccomp any system call but read, write and exit kills. (glibc's
// _exit makes another one.)
TEST_P(GivenMemoryTest, NoSystemCall) {
  LOAM_SKIP_UNDER_SANITIZER("a filter of system calls");
  const ChildResult result = RunInChild([this] {
    Memory memory(16 * kMiB);
    loam_heap *heap = v.heap_create_with_memory(memory.start(), memory.bytes());
    if (heap == nullptr) return 1;
    std::vector<void *> blocks(2000, nullptr);
    Random random(1);
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0) return 2;
    size_t refused = 0;
    for (int step = 0; step < 300000; ++step) {
      void *&block = blocks[random.Below(blocks.size())];
      switch (random.Below(4)) {
        case 0:
          if (void *moved = v.heap_realloc(heap, block, random.BlockSize(kMiB))) block = moved;
          break;
        case 1:
          v.heap_free(heap, block);
          block = v.heap_aligned_alloc(heap, 64, random.BlockSize(kMiB));
          break;
        default:
          v.heap_free(heap, block);
          block = v.heap_malloc(heap, random.BlockSize(kMiB));
      }
      refused += block == nullptr;
    }
    for (void *block : blocks) v.heap_free(heap, block);
    loam_stats stats = {};
    v.heap_stats(heap, &stats);
    const bool good = stats.live_blocks == 0 && stats.free_blocks == 1 && refused > 0;
    syscall(SYS_exit, good ? 0 : 3);
    return 4;
  });
  EXPECT_TRUE(result.Exited(0)) << result.Describe();
}

TEST_P(GivenMemoryTest, ThreadsShareOne) {
  constexpr int kThreads = 4;
  Memory memory(16 * kMiB);
  loam_heap *heap = v.heap_create_with_memory(memory.start(), memory.bytes());
  ASSERT_NE(heap, nullptr);
  std::vector<std::atomic<void *>> mailboxes(64);
  std::vector<std::thread> threads;
  for (int id = 0; id < kThreads; ++id) {
    threads.emplace_back([&, id] {
      Random random(static_cast<uint64_t>(id));
      for (int step = 0; step < 20000; ++step) {
        auto *block = static_cast<uint64_t *>(v.heap_malloc(heap, 8 + random.BlockSize(4096)));
        if (block == nullptr) continue;
        *block = reinterpret_cast<uintptr_t>(block);
        auto *other =
            static_cast<uint64_t *>(mailboxes[random.Below(mailboxes.size())].exchange(block));
        if (other == nullptr) continue;
        EXPECT_EQ(*other, reinterpret_cast<uintptr_t>(other));
        v.heap_free(heap, other);
      }
    });
  }
  for (std::thread &thread : threads) thread.join();
  ExpectWhole();
  for (std::atomic<void *> &mailbox : mailboxes) v.heap_free(heap, mailbox.load());
  EXPECT_EQ(HeapStats(heap).live_blocks, 0u);
  v.heap_destroy(heap);
}

TEST_P(GivenMemoryTest, TheMemoryCanBeGivenAgain) {
  Memory memory(kMiB);
  for (int round = 0; round < 3; ++round) {
    loam_heap *heap = v.heap_create_with_memory(memory.start(), memory.bytes());
    ASSERT_NE(heap, nullptr);
    EXPECT_GT(Exhaust(heap, 1000).size(), 900u);
    ExpectWhole();
    v.heap_destroy(heap);
    memset(memory.start(), 0xff, memory.bytes());
  }
}

LOAM_TEST_EVERY_VARIANT(GivenMemoryTest);

}  // namespace
}  // namespace loam::test
