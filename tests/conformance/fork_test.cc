// fork from a process whose other threads are inside the allocator: the child
// allocates and frees as if nothing had been. So do handlers around the fork.

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <thread>
#include <vector>

#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#endif

#include "common/os/os.h"
#include "tests/conformance/variant_test.h"
#include "tests/support/memory.h"
#include "tests/support/process.h"
#include "tests/support/random.h"
#include "tests/support/sanitizers.h"
#include "tests/support/stamp.h"

namespace loam::test {
namespace {

constexpr unsigned kHangSeconds = 30;

// --- Handlers around a fork --------------------------------------------------

// Whose malloc the handlers of a fork call, those that were registered before the first call of
// any variant and those that came after it; nullptr: none.
const loam_variant *early_handlers_use = nullptr;
const loam_variant *late_handlers_use = nullptr;

void AllocateFrom(const loam_variant *variant) {
  if (variant == nullptr) return;
  alarm(kHangSeconds);
  for (size_t bytes = 1; bytes < kMiB; bytes *= 5) variant->free(variant->malloc(bytes));
}

void AllocateEarly() { AllocateFrom(early_handlers_use); }
void AllocateLate() { AllocateFrom(late_handlers_use); }

// Before the constructors of the variants, as those of a program's libraries come before that of
// what is preloaded.
__attribute__((constructor(101))) void RegisterHandlers() {
  pthread_atfork(AllocateEarly, AllocateEarly, AllocateEarly);
  for (size_t i = 0; i < loam_variant_count; ++i) {
    loam_variants[i]->free(loam_variants[i]->malloc(100));
  }
  pthread_atfork(AllocateLate, AllocateLate, AllocateLate);
}

bool HasOneThread() {
#if __has_include(<sys/single_threaded.h>)
  return __libc_single_threaded;
#else
  return false;
#endif
}

// --- The child ---------------------------------------------------------------

// What the child does. Ends with 0, or the number of the step that failed.
class Child {
 public:
  explicit Child(const loam_variant &variant) : v(variant) {}

  [[noreturn]] void Run(void *inherited, size_t size, uint64_t seed) const {
    alarm(kHangSeconds);  // a lock that a lost thread holds would hang here
    if (!IsStamped(inherited, size, seed)) _exit(1);
    for (int round = 0; round < 3; ++round) {
      for (size_t bytes = 0; bytes < 2 * kMiB; bytes = bytes * 2 + 1) {
        void *block = v.malloc(bytes);
        if (block == nullptr) _exit(2);
        Stamp(block, bytes, bytes);
        block = v.realloc(block, bytes * 2);
        if (block == nullptr || !IsStamped(block, bytes, bytes)) _exit(3);
        v.free(block);
      }
      if (v.check != nullptr && !v.check()) _exit(4);
    }
    v.free(inherited);
    if (v.heap_create != nullptr && !UsesAHeap()) _exit(5);
    v.trim(0);
    if (v.check != nullptr && !v.check()) _exit(6);
    _exit(0);
  }

 private:
  bool UsesAHeap() const {
    loam_heap *heap = v.heap_create();
    if (heap == nullptr || v.heap_malloc(heap, 1000) == nullptr) return false;
    v.heap_destroy(heap);
    return true;
  }

  const loam_variant &v;
};

class ForkTest : public VariantTest {
 protected:
  void ForkOnce(uint64_t seed) {
    const size_t size = 1000 + 5000 * seed;
    void *block = v.malloc(size);
    ASSERT_NE(block, nullptr);
    Stamp(block, size, seed);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) Child(v).Run(block, size, seed);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status)) << "signal " << WTERMSIG(status);
    if (WIFEXITED(status)) {
      EXPECT_EQ(WEXITSTATUS(status), 0) << "the step that failed";
    }
    EXPECT_TRUE(IsStamped(block, size, seed));
    v.free(block);
  }

  // Forks where `handlers`, one of those above, use the variant: in a process of its own, so that a
  // hang is the end of that one. `around` runs the fork, and whatever else at the same time.
  template <typename Around>
  void ExpectHandlersToReturn(const loam_variant **handlers, Around around) {
    const ChildResult result = RunInChild(
        [this, handlers, &around] {
          *handlers = &v;
          around([this] { ForkOnce(1); });
          return HasFailure() ? 1 : 0;
        },
        kHangSeconds);
    EXPECT_TRUE(result.Exited(0)) << result.Describe() << "\n" << result.out;
  }

  // Runs `forks` while three threads allocate and free.
  template <typename Forks>
  void WhileOthersAllocate(Forks forks) {
    std::atomic<bool> done{false};
    std::vector<std::thread> threads;
    for (uint64_t id = 0; id < 3; ++id) {
      threads.emplace_back([this, id, &done] {
        Random random(id);
        std::vector<void *> blocks(100, nullptr);
        while (!done) {
          void *&block = blocks[random.Below(blocks.size())];
          v.free(block);
          block = v.malloc(random.BlockSize(512 * kKiB));
        }
        for (void *block : blocks) v.free(block);
      });
    }
    forks();
    done = true;
    for (std::thread &thread : threads) thread.join();
  }

  void ForkOften() {
    const uint64_t forks = !kSlowBuild && IsLevel("default") ? 12 : 4;
    for (uint64_t i = 0; i < forks && !HasFailure(); ++i) ForkOnce(i);
  }
};

// (First of all tests: later ones have had threads.)
TEST_P(ForkTest, HandlersFromBeforeTheFirstCallAllocateInOneThread) {
  if (kSanitizerRuntime || !HasOneThread()) {  // a sanitizer may have a thread of its own
    GTEST_SKIP() << "for a process that never had a second thread";
  }
  if (IsDebugLevel()) GTEST_SKIP() << "the level's own lock is taken with one thread, too";
  ExpectHandlersToReturn(&early_handlers_use, [](auto fork_once) { fork_once(); });
}

TEST_P(ForkTest, HandlersAllocate) {
  ExpectHandlersToReturn(&late_handlers_use, [](auto fork_once) { fork_once(); });
}

TEST_P(ForkTest, HandlersAllocateWhileOtherThreadsDo) {
  ExpectHandlersToReturn(&late_handlers_use,
                         [this](auto fork_once) { WhileOthersAllocate(fork_once); });
}

TEST_P(ForkTest, OfASingleThread) {
  for (uint64_t i = 0; i < 5; ++i) ForkOnce(i);
}

TEST_P(ForkTest, WhileOtherThreadsAllocate) {
  WhileOthersAllocate([this] { ForkOften(); });
}

// The child's only thread is not the one that main ran in.
TEST_P(ForkTest, FromAThreadWhileOtherThreadsAllocate) {
  WhileOthersAllocate([this] { std::thread([this] { ForkOften(); }).join(); });
}

// Heaps come and go while the process forks.
TEST_P(ForkTest, WhileOtherThreadsMakeHeaps) {
  LOAM_SKIP_WITHOUT(heap_create);
  std::atomic<bool> done{false};
  std::vector<std::thread> threads;
  for (uint64_t id = 0; id < 3; ++id) {
    threads.emplace_back([this, &done] {
      while (!done) {
        loam_heap *heap = v.heap_create();
        ASSERT_NE(heap, nullptr);
        void *block = v.heap_malloc(heap, 100);
        ASSERT_NE(block, nullptr);
        v.heap_free(heap, block);
        v.heap_destroy(heap);
      }
    });
  }
  const uint64_t forks = !kSlowBuild && IsLevel("default") ? 12 : 4;
  for (uint64_t i = 0; i < forks && !HasFailure(); ++i) ForkOnce(i % 4);
  done = true;
  for (std::thread &thread : threads) thread.join();
}

// A child of a child, and children at the same time as their parent.
TEST_P(ForkTest, GenerationsWorkSideBySide) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    void *block = v.malloc(3000);
    if (block == nullptr) _exit(7);
    Stamp(block, 3000, 3);
    const pid_t grandchild = fork();
    if (grandchild == 0) Child(v).Run(block, 3000, 3);
    int status = 1;
    if (grandchild < 0 || waitpid(grandchild, &status, 0) != grandchild || status != 0) _exit(8);
    Child(v).Run(block, 3000, 3);
  }
  Random random(6);
  for (int i = 0; i < 3000; ++i) v.free(v.malloc(random.BlockSize(kMiB)));
  int status = 1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

// What the hook below works with: there is one hook in a process.
const loam_variant *moving_variant = nullptr;
int forks_while_moving = 0;
int failures_while_moving = 0;

// A thread that moves a block is at the system just now, which has no lock of ours. In the child
// its block stays in between for ever.
bool ForkWhileMoving(loam_os_call call, size_t) {
  if (call != LOAM_OS_REMAP) return false;
  const pid_t child = fork();
  if (child == 0) {
    alarm(kHangSeconds);
    moving_variant->free(moving_variant->malloc(8 * kMiB));
    _exit(moving_variant->check() ? 0 : 1);
  }
  int status = 1;
  ++forks_while_moving;
  if (waitpid(child, &status, 0) != child || status != 0) ++failures_while_moving;
  return false;
}

TEST_P(ForkTest, WhileABlockMoves) {
  LOAM_SKIP_WITHOUT(check);
  if (IsDebugLevel()) GTEST_SKIP() << "the level's own lock is held";
  moving_variant = &v;
  forks_while_moving = failures_while_moving = 0;
  void *block = v.malloc(kMiB);
  loam_os_set_fault_hook(ForkWhileMoving);
  for (size_t bytes = 2 * kMiB; bytes <= 128 * kMiB && block != nullptr; bytes *= 2) {
    block = v.realloc(block, bytes);
  }
  loam_os_set_fault_hook(nullptr);
  ASSERT_NE(block, nullptr);
  v.free(block);
  EXPECT_GT(forks_while_moving, 0);
  EXPECT_EQ(failures_while_moving, 0);
}

LOAM_TEST_EVERY_VARIANT(ForkTest);

}  // namespace
}  // namespace loam::test
