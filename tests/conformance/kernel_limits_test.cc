// What the kernel grants is little: no descriptors, no further mappings, no huge pages; and
// threads that come and go by the thousand.

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <iterator>
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

// --- Blocks by chance, where any malloc may fail --------------------------------

class Churn {
 public:
  explicit Churn(const loam_variant &variant) : v(variant), random_(1) {}

  // False, with a line on stderr, when a block does not hold what it should.
  bool Run(int steps) {
    for (int i = 0; i < steps; ++i) {
      Slot &slot = slots_[random_.Below(kSlots)];
      if (slot.block == nullptr) {
        Allocate(slot);
      } else if (!Release(slot)) {
        return false;
      }
    }
    return true;
  }

  bool ReleaseAll() {
    for (Slot &slot : slots_) {
      if (slot.block != nullptr && !Release(slot)) return false;
    }
    return true;
  }

  size_t allocated() const { return allocated_; }

 private:
  static constexpr size_t kSlots = 300;

  struct Slot {
    void *block = nullptr;
    size_t size = 0;
  };

  void Allocate(Slot &slot) {
    slot.size = random_.BlockSize(2 * kMiB);
    slot.block = v.malloc(slot.size);
    if (slot.block == nullptr) return;
    Stamp(slot.block, slot.size, slot.size);
    ++allocated_;
  }

  bool Release(Slot &slot) {
    if (!IsStamped(slot.block, slot.size, slot.size)) {
      fprintf(stderr, "a block of %zu bytes has changed\n", slot.size);
      return false;
    }
    v.free(slot.block);
    slot.block = nullptr;
    return true;
  }

  const loam_variant &v;
  Random random_;
  Slot slots_[kSlots];  // in the object: the test needs no memory
  size_t allocated_ = 0;
};

class KernelLimitsTest : public VariantTest {};

// --- Descriptors ----------------------------------------------------------------

constexpr int kDescriptors = 1024;

// The status that the child ends with: 0, or the step that failed.
int ChurnWithoutDescriptors(const loam_variant &v) {
  for (int descriptor = 0; descriptor < kDescriptors; ++descriptor) close(descriptor);
  static Churn churn(v);
  if (!churn.Run(20000) || !churn.ReleaseAll()) return 2;
  v.trim(0);
  if (v.check != nullptr && !v.check()) return 3;
  for (int descriptor = 0; descriptor < kDescriptors; ++descriptor) {
    if (close(descriptor) == 0) return 4;  // the allocator opened one
  }
  return 0;
}

TEST_P(KernelLimitsTest, NoDescriptorIsNeeded) {
  const ChildResult child = RunInChild([this] { return ChurnWithoutDescriptors(v); });
  EXPECT_TRUE(child.Exited(0)) << child.Describe();
}

// --- Huge pages -----------------------------------------------------------------

// Blocks of the sizes that would have them, in a process that gets none.
int UseLargeBlocksWithoutHugePages(const loam_variant &v) {
  if (prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) != 0) return 2;
  for (int round = 0; round < 2; ++round) {  // the first finds out
    void *blocks[5];
    size_t sizes[] = {5 * kMiB, 9 * kMiB, 4 * kMiB, 33 * kMiB, 70 * kMiB};
    for (size_t i = 0; i < std::size(sizes); ++i) {
      blocks[i] = i % 2 == 0 ? v.malloc(sizes[i]) : v.calloc(1, sizes[i]);
      if (blocks[i] == nullptr) return 3;
      if (i % 2 != 0 && !IsZero(blocks[i], sizes[i])) return 4;
      Stamp(blocks[i], sizes[i], i);
    }
    for (size_t i = 0; i < std::size(sizes); ++i) {
      const size_t resized = i % 2 == 0 ? sizes[i] * 3 / 2 : sizes[i] / 2;
      blocks[i] = v.realloc(blocks[i], resized);
      if (blocks[i] == nullptr) return 3;
      if (!IsStamped(blocks[i], std::min(sizes[i], resized), i)) return 5;
    }
    for (void *block : blocks) v.free(block);
  }
  v.trim(0);
  if (v.check != nullptr && !v.check()) return 6;
  loam_stats stats = {};
  if (v.stats != nullptr) v.stats(&stats);
  return stats.mapped_bytes > 4 * kMiB ? 7 : 0;
}

TEST_P(KernelLimitsTest, WithoutHugePagesLargeBlocksServe) {
  const ChildResult child = RunInChild([this] { return UseLargeBlocksWithoutHugePages(v); });
  EXPECT_TRUE(child.Exited(0)) << child.Describe();
}

// --- Mappings -------------------------------------------------------------------

// Pages of alternating protection, each a mapping of its own, until no more can be had.
class Mappings {
 public:
  bool TakeAll() {
    const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    start_ = static_cast<char *>(mmap(nullptr, kPages * page, PROT_NONE,
                                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    bytes_ = kPages * page;
    if (start_ == MAP_FAILED) return false;
    for (size_t i = 1; i < kPages; i += 2) {
      if (mprotect(start_ + i * page, page, PROT_READ) != 0) return TakeLast(page);
    }
    return false;  // this kernel allows more than we take
  }

  void GiveBack() { munmap(start_, bytes_); }

 private:
  // mprotect's limit is one mapping or two below that of mmap.
  static bool TakeLast(size_t page) {
    for (int i = 0; i < 100; ++i) {
      const int protection = i % 2 == 0 ? PROT_READ | PROT_EXEC : PROT_READ;
      if (mmap(nullptr, page, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED) {
        return errno == ENOMEM;
      }
    }
    return false;
  }

  static constexpr size_t kPages = size_t{1} << 22;  // 16 GiB, nothing of it resident

  char *start_ = nullptr;
  size_t bytes_ = 0;
};

constexpr int kMoreThanWeTake = 77;

int ChurnWithoutMappings(const loam_variant &v) {
  static Churn churn(v);
  if (!churn.Run(1000)) return 1;
  Mappings mappings;
  if (!mappings.TakeAll()) return kMoreThanWeTake;
  if (!churn.Run(20000)) return 2;
  if (v.check != nullptr && !v.check()) return 3;
  v.trim(0);
  if (!churn.Run(2000) || !churn.ReleaseAll()) return 4;
  v.trim(0);
  if (v.check != nullptr && !v.check()) return 5;
  mappings.GiveBack();
  void *large = v.malloc(100 * kMiB);
  if (large == nullptr) return 6;
  v.free(large);
  return churn.Run(5000) && churn.ReleaseAll() && (v.check == nullptr || v.check()) ? 0 : 7;
}

TEST_P(KernelLimitsTest, WithoutFurtherMappingsMallocWorksOrSaysNo) {
  if (kSanitizerRuntime) GTEST_SKIP() << "the sanitizer's runtime needs mappings of its own";
  const ChildResult child = RunInChild([this] { return ChurnWithoutMappings(v); }, 300);
  if (child.Exited(kMoreThanWeTake)) GTEST_SKIP() << "this kernel allows millions of mappings";
  EXPECT_TRUE(child.Exited(0)) << child.Describe();
}

// From nothing: the variant's first call of all finds no mapping.
TEST_P(KernelLimitsTest, TheFirstMallocIsAnsweredToo) {
  if (kSanitizerRuntime) GTEST_SKIP() << "the sanitizer's runtime needs mappings of its own";
  const ChildResult child = RunInChild(
      [this] {
        Mappings mappings;
        if (!mappings.TakeAll()) return kMoreThanWeTake;
        void *block = v.malloc(100);
        v.free(block);
        mappings.GiveBack();
        block = v.malloc(100);
        if (block == nullptr) return 2;
        v.free(block);
        return 0;
      },
      300);
  if (child.Exited(kMoreThanWeTake)) GTEST_SKIP() << "this kernel allows millions of mappings";
  EXPECT_TRUE(child.Exited(0)) << child.Describe();
}

// --- Threads --------------------------------------------------------------------

constexpr size_t kThreads = kSlowBuild ? 1000 : 10000;
constexpr size_t kAtOnce = 10;
constexpr size_t kBlocks = 40;
constexpr size_t kGrowthBytesMax = 8 * kMiB;  // from the first tenth on: under 1 KiB a thread

struct Handed {
  void *blocks[kBlocks] = {};
};

// Each frees what one before it left, and leaves its own.
void LiveBriefly(const loam_variant &v, Handed &handed, uint64_t seed) {
  Random random(seed);
  for (void *&block : handed.blocks) {
    v.free(block);
    const size_t size = random.BlockSize(8 * kKiB) + 1;
    block = v.malloc(size);
    if (block != nullptr) static_cast<char *>(block)[size - 1] = 1;
  }
}

TEST_P(KernelLimitsTest, ThreadsByTheThousandLeaveNothing) {
  std::vector<Handed> handed(kAtOnce);
  std::vector<std::thread> threads(kAtOnce);
  size_t resident = 0;
  for (size_t started = 0; started < kThreads; started += kAtOnce) {
    for (size_t i = 0; i < kAtOnce; ++i) {
      // Not the place that the thread of this number had before it.
      Handed &place = handed[(i + started / kAtOnce) % kAtOnce];
      threads[i] = std::thread([this, &place, seed = started + i] { LiveBriefly(v, place, seed); });
    }
    for (std::thread &thread : threads) thread.join();
    if (started == kThreads / 10) resident = ResidentBytes();
  }
  if (!kSanitizerRuntime) {
    EXPECT_LE(ResidentBytes(), resident + kGrowthBytesMax);
  }
  for (Handed &place : handed) {
    for (void *block : place.blocks) v.free(block);
  }
  if (v.stats != nullptr) {
    EXPECT_EQ(Stats().live_blocks, 0u);
  }
}

LOAM_TEST_EVERY_VARIANT(KernelLimitsTest);

}  // namespace
}  // namespace loam::test
