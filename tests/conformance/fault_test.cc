// The system says no: for every n, the n-th system call of a fixed sequence of
// calls fails, alone or with all after it. Each call of the allocator succeeds
// or gives NULL with ENOMEM, no content is lost, and the heap stays whole.

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <sstream>
#include <vector>

#include "common/os/os.h"
#include "tests/conformance/variant_test.h"
#include "tests/support/memory.h"
#include "tests/support/process.h"
#include "tests/support/random.h"
#include "tests/support/sanitizers.h"
#include "tests/support/stamp.h"

namespace loam::test {
namespace {

constexpr size_t kSmallBlocks = 150;
constexpr size_t kCallsMax = 5000;  // of the system; a sequence that makes more is a bug

enum class Plan {
  kOneCall,     // the n-th call fails
  kAllFromOne,  // and all after it
  kOneMapping,  // the n-th of those that ask for memory fails: nothing may leak
};

// The hook's state: calls are counted from 1; n = 0 fails none.
Plan plan;
size_t failing_call;
size_t calls_so_far;

bool FailByPlan(enum loam_os_call call, size_t) {
  if (plan == Plan::kOneMapping && call != LOAM_OS_MAP && call != LOAM_OS_COMMIT) return false;
  ++calls_so_far;
  if (failing_call == 0) return false;
  return plan == Plan::kAllFromOne ? calls_so_far >= failing_call : calls_so_far == failing_call;
}

// The sequence, run in a child of its own, so that each n begins afresh.
class Sequence {
 public:
  explicit Sequence(const loam_variant &variant) : v(variant) {}

  // The exit status: 0, or 1 after a line on stderr.
  int Run() {
    loam_os_set_fault_hook(FailByPlan);
    for (int round = 0; round < 2; ++round) {
      AllocateSmall();
      AllocateLarge();
      ResizeAll();
      UseAHeap();
      FreeSome();
      v.trim(0);
      ExpectWhole("after a round");
    }
    loam_os_set_fault_hook(nullptr);
    Recover();
    return failed_ ? 1 : 0;
  }

 private:
  struct Block {
    void *at;
    size_t size;
    uint64_t seed;
  };

  void Expect(bool true_that, const char *what) {
    if (true_that || failed_) return;
    fprintf(stderr, "call %zu: %s\n", calls_so_far, what);
    failed_ = true;
  }

  // What every allocation must keep: a block, or NULL and ENOMEM.
  void Keep(void *block, size_t size) {
    if (block == nullptr) {
      Expect(errno == ENOMEM, "NULL without ENOMEM");
    } else {
      Expect(errno == 0, "success that sets errno");
      Stamp(block, size, blocks_.size());
      blocks_.push_back({block, size, blocks_.size()});
    }
    errno = 0;
  }

  void AllocateSmall() {
    errno = 0;
    for (size_t i = 0; i < kSmallBlocks; ++i) {
      const size_t size = random_.BlockSize(8 * kKiB);
      Keep(v.malloc(size), size);
    }
    for (size_t size : {size_t{100}, 20 * kKiB, 100 * kKiB}) {
      void *block = v.calloc(1, size);
      Expect(block == nullptr || IsZero(block, size), "calloc that is not zero");
      Keep(block, size);
      Keep(v.aligned_alloc(4096, size), size);
    }
  }

  void AllocateLarge() {
    errno = 0;
    for (size_t size : {300 * kKiB, 600 * kKiB}) {
      Keep(v.malloc(size), size);
      void *block = v.calloc(1, size);
      Expect(block == nullptr || IsZero(block, size), "large calloc that is not zero");
      Keep(block, size);
      Keep(v.aligned_alloc(2 * kMiB, size), size);
      block = nullptr;
      const int error = v.posix_memalign(&block, 64 * kKiB, size);
      Expect(error == 0 || (error == ENOMEM && block == nullptr), "posix_memalign's error");
      errno = error;
      Keep(block, size);
    }
  }

  void ResizeAll() {
    for (size_t i = 0; i < blocks_.size(); i += blocks_[i].size < 64 * kKiB ? 7 : 1) {
      Block &block = blocks_[i];
      const size_t size = i % 2 == 0 ? block.size * 2 + 10 : block.size / 3;
      errno = 0;
      void *moved = v.realloc(block.at, size);
      if (moved == nullptr) {
        Expect(errno == ENOMEM, "realloc: NULL without ENOMEM");
        Expect(IsStamped(block.at, block.size, block.seed), "failed realloc: content lost");
        continue;
      }
      Expect(errno == 0, "realloc that succeeds sets errno");
      Expect(IsStamped(moved, std::min(size, block.size), block.seed), "realloc: content lost");
      Stamp(moved, size, block.seed);
      block = {moved, size, block.seed};
    }
  }

  void UseAHeap() {
    errno = 0;
    loam_heap *heap = v.heap_create();
    if (heap == nullptr) {
      Expect(errno == ENOMEM, "heap_create: NULL without ENOMEM");
      return;
    }
    for (size_t size : {size_t{100}, 50 * kKiB, 2 * kMiB}) {
      errno = 0;
      void *block = v.heap_malloc(heap, size);
      Expect(block != nullptr || errno == ENOMEM, "heap_malloc: NULL without ENOMEM");
      if (block != nullptr) Stamp(block, size, 1);
    }
    errno = 0;
    v.heap_destroy(heap);
    Expect(errno == 0, "heap_destroy sets errno");
  }

  void Release(const Block &block) {
    Expect(IsStamped(block.at, block.size, block.seed), "content lost");
    errno = 0;
    v.free(block.at);
    Expect(errno == 0, "free sets errno");
  }

  void FreeSome() {
    std::vector<Block> kept;
    for (size_t i = 0; i < blocks_.size(); ++i) {
      if (i % 3 == 0) {
        kept.push_back(blocks_[i]);
      } else {
        Release(blocks_[i]);
      }
    }
    blocks_.swap(kept);
  }

  void ExpectWhole(const char *what) { Expect(v.check(), what); }

  // The system says yes again: all is as before.
  void Recover() {
    for (const Block &block : blocks_) Release(block);
    blocks_.clear();
    ExpectWhole("at the end");
    loam_stats stats = {};
    v.stats(&stats);
    Expect(stats.live_blocks == 0 && stats.allocated_bytes == 0, "blocks are left");
    Expect(stats.mapped_bytes == stats.allocated_bytes + stats.free_bytes + stats.metadata_bytes,
           "the statistics do not add up");
    failing_call = 0;
    AllocateSmall();
    AllocateLarge();
    Expect(blocks_.size() == kSmallBlocks + 3 * 2 + 2 * 4, "memory did not come back");
    for (const Block &block : blocks_) Release(block);
    v.trim(0);
  }

  const loam_variant &v;
  Random random_{42};
  std::vector<Block> blocks_;
  bool failed_ = false;
};

class FaultTest : public VariantTest {
 protected:
  // What a run came to.
  struct Outcome {
    size_t calls = 0;          // of the system, as far as the plan counts them
    size_t address_space = 0;  // in bytes, when all was freed and trimmed
  };

  Outcome RunWithFault(Plan the_plan, size_t n) {
    plan = the_plan;
    failing_call = n;
    calls_so_far = 0;
    const ChildResult child = RunInChild([this] {
      const int result = Sequence(v).Run();
      printf("%zu %zu\n", calls_so_far, AddressSpaceBytes());
      return result;
    });
    EXPECT_TRUE(child.Exited(0)) << "call " << n << " failed: " << child.Describe();
    Outcome outcome;
    std::istringstream(child.out) >> outcome.calls >> outcome.address_space;
    return outcome;
  }

  void RunWithEveryFault(Plan the_plan) {
    if (v.check == nullptr) GTEST_SKIP() << v.name << " does not make its system calls through us";
    const Outcome plain = RunWithFault(the_plan, 0);
    ASSERT_GT(plain.calls, 10u) << "the sequence makes no system calls worth failing";
    ASSERT_LT(plain.calls, kCallsMax);
    // One call after another where that is quick; elsewhere a sample of them.
    const bool is_default = IsLevel("default");
    const size_t stride =
        (kSlowBuild ? 7 : 1) * (is_default ? 1 : 4) * (the_plan == Plan::kOneCall ? 1 : 3);
    for (size_t n = 1; n <= plain.calls && !HasFailure(); n += stride) {
      const Outcome outcome = RunWithFault(the_plan, n);
      if (the_plan == Plan::kOneMapping && !kSanitizerRuntime) {
        EXPECT_LE(outcome.address_space, plain.address_space + kMiB) << "call " << n;
      }
    }
  }
};

TEST_P(FaultTest, OneCallFails) { RunWithEveryFault(Plan::kOneCall); }

TEST_P(FaultTest, AllCallsFailFromOneOn) { RunWithEveryFault(Plan::kAllFromOne); }

TEST_P(FaultTest, AFailedMappingLeavesNothingBehind) { RunWithEveryFault(Plan::kOneMapping); }

LOAM_TEST_EVERY_VARIANT(FaultTest);

}  // namespace
}  // namespace loam::test
