// Guarded sampling in thread_heap: what a program does wrong with a sampled block is told with its
// stacks, and what it does right works as ever, also in threads and after a fork.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "allocators/thread_heap/thread_heap.h"
#include "tests/support/process.h"
#include "tests/support/random.h"
#include "tests/support/sanitizers.h"

namespace loam::test {

// The names are looked for in reports: not static, not inlined, not the last call.
extern "C" {
[[gnu::noinline]] char *AllocateOfTest(size_t bytes) {
  void *block = th_malloc(bytes);
  asm volatile("" : : "r"(block) : "memory");
  return static_cast<char *>(block);
}

[[gnu::noinline]] void FreeOfTest(void *block) {
  th_free(block);
  asm volatile("" : : : "memory");
}
}

namespace {

// A guarded block's usable size is what was asked for; no other's is, of such a size.
bool IsGuarded(const void *block, size_t bytes) { return th_usable_size(block) == bytes; }

ChildResult RunGuarded(const std::string &share, const std::function<int()> &body) {
  return RunInChild([&] {
    setenv("LOAM_OPTIONS", ("guard_sample=" + share).c_str(), 1);
    return body();
  });
}

bool Has(const std::string &text, const std::string &part) {
  return text.find(part) != std::string::npos;
}

// What follows a title in a report: its stack.
std::string Part(const std::string &report, const std::string &title) {
  std::string part;
  bool is_inside = false;
  for (const std::string &line : Lines(report)) {
    if (line.compare(0, 4, "    ") != 0) is_inside = line == "  " + title;
    if (is_inside) part += line + "\n";
  }
  return part;
}

struct Mistake {
  const char *name;
  int signal;
  const char *what;   // in the first line
  const char *place;  // in the second
  bool is_freed;
  void (*make)(volatile char *block, size_t bytes);
};

constexpr size_t kSizes[] = {24, 1000, 20000};

const Mistake kMistakes[] = {
    {"WriteAfterFree", SIGSEGV, "use after free", "0 bytes into a freed block of ", true,
     [](volatile char *block, size_t) {
       FreeOfTest(const_cast<char *>(block));
       block[0] = 1;
     }},
    {"ReadAfterFree", SIGSEGV, "use after free", "1 bytes into a freed block of ", true,
     [](volatile char *block, size_t) {
       FreeOfTest(const_cast<char *>(block));
       (void)block[1];
     }},
    {"Overflow", SIGSEGV, "overflow", "32 bytes behind a block of ", false,
     [](volatile char *block, size_t bytes) { block[bytes + 32] = 1; }},
    {"ReadBehind", SIGSEGV, "overflow", "100 bytes behind a block of ", false,
     [](volatile char *block, size_t bytes) { (void)block[bytes + 100]; }},
    {"Underflow", SIGSEGV, "underflow", "4096 bytes before a block of ", false,
     [](volatile char *block, size_t) { block[-4096] = 1; }},
    {"WriteByOneBefore", SIGABRT, "free: written before a block", "1 bytes before a block of ",
     false,
     [](volatile char *block, size_t) {
       block[-1] = 1;
       FreeOfTest(const_cast<char *>(block));
     }},
    {"OffByOne", SIGABRT, "free: written behind a block", "0 bytes behind a block of ", false,
     [](volatile char *block, size_t bytes) {
       block[bytes] = 0;
       FreeOfTest(const_cast<char *>(block));
     }},
    {"DoubleFree", SIGABRT, "free: a block that is free (double free?)",
     "0 bytes into a freed block of ", true,
     [](volatile char *block, size_t) {
       FreeOfTest(const_cast<char *>(block));
       FreeOfTest(const_cast<char *>(block));
     }},
    {"InteriorFree", SIGABRT, "free: not the start of a block", "16 bytes into a block of ", false,
     [](volatile char *block, size_t) { FreeOfTest(const_cast<char *>(block + 16)); }},
    {"ReallocAfterFree", SIGABRT, "free: a block that is free (double free?)",
     "0 bytes into a freed block of ", true,
     [](volatile char *block, size_t bytes) {
       FreeOfTest(const_cast<char *>(block));
       (void)!th_realloc(const_cast<char *>(block), bytes * 2);
     }},
};

class MistakeTest : public ::testing::TestWithParam<Mistake> {};

TEST_P(MistakeTest, IsToldWithItsStacks) {
  if (kSanitizerRuntime && GetParam().signal == SIGSEGV) {
    GTEST_SKIP() << "a sanitizer handles the fault";
  }
  for (const size_t bytes : kSizes) {
    // The slack behind 1000 and 24 bytes is 8; there is none behind 20000.
    if (bytes == 20000 && std::string(GetParam().name) == "OffByOne") continue;
    const ChildResult child = RunGuarded("1", [&] {
      char *block = AllocateOfTest(bytes);
      if (!IsGuarded(block, bytes)) return 3;
      GetParam().make(block, bytes);
      return 4;
    });
    EXPECT_TRUE(child.Signalled(GetParam().signal)) << bytes << ": " << child.Describe();
    EXPECT_TRUE(Has(Lines(child.err + "\n")[0], GetParam().what)) << child.err;
    EXPECT_TRUE(Has(child.err, GetParam().place + std::to_string(bytes) + " bytes at 0x"))
        << child.err;
    EXPECT_TRUE(Has(Part(child.err, "allocated at"), " AllocateOfTest+0x")) << child.err;
    EXPECT_EQ(Has(Part(child.err, "freed at"), " FreeOfTest+0x"), GetParam().is_freed) << child.err;
    EXPECT_TRUE(Has(child.err, "\n  found at\n    #0 0x")) << child.err;
  }
}

INSTANTIATE_TEST_SUITE_P(, MistakeTest, ::testing::ValuesIn(kMistakes),
                         [](const auto &info) { return std::string(info.param.name); });

// --- The handler -------------------------------------------------------------

void ExitQuietly(int) { _exit(7); }

TEST(GuardHandlerTest, WhoHandledTheSignalBeforeStillDoes) {
  if (kSanitizerRuntime) GTEST_SKIP() << "a sanitizer handles the fault";
  const ChildResult child = RunGuarded("1", [] {
    signal(SIGSEGV, ExitQuietly);
    char *volatile block = AllocateOfTest(24);
    FreeOfTest(block);
    block[0] = 1;
    return 0;
  });
  EXPECT_TRUE(child.Exited(7)) << child.Describe();
  EXPECT_TRUE(Has(child.err, "use after free")) << child.err;
}

TEST(GuardHandlerTest, OtherFaultsAreNoConcernOfIts) {
  if (kSanitizerRuntime) GTEST_SKIP() << "a sanitizer handles the fault";
  for (const bool is_sent : {false, true}) {
    const ChildResult child = RunGuarded("1", [&] {
      FreeOfTest(AllocateOfTest(24));
      if (is_sent) raise(SIGSEGV);
      volatile char *volatile nowhere = nullptr;
      *nowhere = 1;
      return 0;
    });
    EXPECT_TRUE(child.Signalled(SIGSEGV)) << child.Describe();
    EXPECT_EQ(child.err, "");
  }
}

// --- What is right -----------------------------------------------------------

// How many of so many blocks are guarded, with a pause after each; -1 for a broken heap.
int CountGuarded(const std::string &share, int blocks, int pause_us) {
  const ChildResult child = RunGuarded(share, [&] {
    int guarded = 0;
    for (int i = 0; i < blocks; ++i) {
      void *block = th_malloc(24);
      guarded += IsGuarded(block, 24);
      th_free(block);
      if (pause_us != 0) usleep(static_cast<useconds_t>(pause_us));
    }
    printf("%d", guarded);
    return th_check() ? 0 : 1;
  });
  return child.Exited(0) ? std::stoi(child.out) : -1;
}

TEST(GuardTest, OneInSoManyIsGuarded) {
  // 15, of a Poisson distribution: outside once in 100,000 times. (20 a second: below the pace.)
  const int guarded = CountGuarded("1/20", 300, 2500);
  EXPECT_GE(guarded, 2);
  EXPECT_LE(guarded, 36);
}

TEST(GuardTest, NoMoreInATimeThanItsPace) {
  const auto start = std::chrono::steady_clock::now();
  const int guarded = CountGuarded("1/2", 60000, 0);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  EXPECT_GE(guarded, 4);
  EXPECT_LE(guarded, 5 + 50 * seconds.count());
}

TEST(GuardTest, WithoutTheOptionThereIsNone) {
  const ChildResult child = RunInChild([] {
    unsetenv("LOAM_OPTIONS");
    for (int i = 0; i < 20000; ++i) {
      if (IsGuarded(th_malloc(24), 24)) return 1;
    }
    return 0;
  });
  EXPECT_TRUE(child.Exited(0)) << child.Describe();
}

// A block of some kind, filled; changed in size; and right each time. False when it is not.
bool UseBlock(Random *random) {
  const size_t bytes = 1 + random->Below(9000);
  const auto fill = static_cast<unsigned char>(1 + random->Below(255));
  const size_t kind = random->Below(3);
  auto *block = static_cast<unsigned char *>(kind == 0   ? th_malloc(bytes)
                                             : kind == 1 ? th_calloc(1, bytes)
                                                         : th_aligned_alloc(256, bytes));
  if (block == nullptr || th_usable_size(block) < bytes) return false;
  if (kind == 2 && reinterpret_cast<uintptr_t>(block) % 256 != 0) return false;
  for (size_t i = 0; kind == 1 && i < bytes; ++i) {
    if (block[i] != 0) return false;
  }
  memset(block, fill, bytes);
  const size_t resized = 1 + random->Below(18000);
  block = static_cast<unsigned char *>(th_realloc(block, resized));
  if (block == nullptr || th_usable_size(block) < resized) return false;
  for (size_t i = 0; i < std::min(bytes, resized); ++i) {
    if (block[i] != fill) return false;
  }
  th_free(block);
  return true;
}

int UseBlocks(uint64_t seed) {
  Random random(seed);
  for (int i = 0; i < 3000; ++i) {
    if (!UseBlock(&random)) return 1;
  }
  return th_check() ? 0 : 2;
}

bool IsEmpty() {
  loam_stats stats;
  th_stats(&stats);
  return stats.live_blocks == 0 && stats.allocated_bytes == 0 &&
         stats.mapped_bytes == stats.allocated_bytes + stats.free_bytes + stats.metadata_bytes;
}

TEST(GuardTest, BlocksWorkAsEverAlsoWithTheProfile) {
  for (const char *options : {"1/2", "1/3,profile_sample=2K"}) {
    const ChildResult child = RunGuarded(options, [] {
      const int result = UseBlocks(1);
      return result != 0 ? result : IsEmpty() ? 0 : 3;
    });
    EXPECT_TRUE(child.Exited(0)) << options << ": " << child.Describe();
  }
}

TEST(GuardTest, ThreadsAndForksShareThem) {
  const ChildResult child = RunGuarded("1/2,profile_sample=16K", [] {
    std::vector<std::thread> threads;
    std::vector<int> results(4);
    for (size_t i = 0; i < results.size(); ++i) {
      threads.emplace_back([&, i] { results[i] = UseBlocks(i); });
    }
    int failed = 0;
    for (int i = 0; i < 5; ++i) {
      const pid_t forked = fork();
      if (forked == 0) {
        alarm(30);
        _exit(UseBlocks(9));
      }
      int status = 0;
      waitpid(forked, &status, 0);
      failed |= status;
    }
    for (std::thread &thread : threads) thread.join();
    for (const int result : results) failed |= result;
    return failed != 0 ? 1 : IsEmpty() ? 0 : 3;
  });
  EXPECT_TRUE(child.Exited(0)) << child.Describe();
}

}  // namespace
}  // namespace loam::test
