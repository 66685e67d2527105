// Threads whose last act allocates and frees: thread_local destructors and
// pthread keys, in all the rounds that POSIX gives them.

#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/random.h"
#include "tests/support/stamp.h"

namespace loam::test {
namespace {

constexpr size_t kBytes = 3000;
std::atomic<int> destroyed;

// A block that checks its content when its thread ends, and allocates once more.
struct Last {
  void *block = malloc(kBytes);
  Last() { Stamp(block, kBytes, 1); }
  ~Last() {
    EXPECT_TRUE(IsStamped(block, kBytes, 1));
    free(block);
    void *again = malloc(kBytes * 20);
    Stamp(again, kBytes * 20, 2);
    EXPECT_TRUE(IsStamped(again, kBytes * 20, 2));
    free(again);
    ++destroyed;
  }
};

thread_local Last thread_local_last;

TEST(ThreadExitTest, ThreadLocalDestructorsAllocate) {
  destroyed = 0;
  constexpr int kThreads = 64;
  for (int i = 0; i < kThreads; ++i) {
    std::thread([] { ASSERT_NE(thread_local_last.block, nullptr); }).join();
  }
  EXPECT_EQ(destroyed, kThreads);
}

pthread_key_t keys[3];
std::atomic<int> rounds;

// Sets its key again for as many rounds as POSIX runs: the allocator's own end
// of the thread comes before the last of these.
void KeyDestructor(void *value) {
  EXPECT_TRUE(IsStamped(value, kBytes, 5));
  free(value);
  const int round = ++rounds;
  void *next = malloc(kBytes);
  Stamp(next, kBytes, 5);
  const size_t which = static_cast<size_t>(round) % 3;
  if (round < 9) {
    if (pthread_getspecific(keys[which]) == nullptr) {
      pthread_setspecific(keys[which], next);
      return;
    }
  }
  free(next);
}

TEST(ThreadExitTest, KeyDestructorsAllocateInEveryRound) {
  for (pthread_key_t &key : keys) ASSERT_EQ(pthread_key_create(&key, KeyDestructor), 0);
  for (int i = 0; i < 64; ++i) {
    rounds = 0;
    std::thread([] {
      for (pthread_key_t key : keys) {
        void *value = malloc(kBytes);
        Stamp(value, kBytes, 5);
        ASSERT_EQ(pthread_setspecific(key, value), 0);
      }
    }).join();
    EXPECT_GE(rounds, 3);
  }
  for (pthread_key_t key : keys) pthread_key_delete(key);
}

TEST(ThreadExitTest, BlocksOutliveTheirThread) {
  std::vector<void *> left(200);
  for (size_t i = 0; i < left.size(); ++i) {
    std::thread([&left, i] {
      left[i] = malloc(100 * i + 1);
      Stamp(left[i], 100 * i + 1, i);
    }).join();
  }
  for (size_t i = 0; i < left.size(); ++i) {
    EXPECT_TRUE(IsStamped(left[i], 100 * i + 1, i));
    free(left[i]);
  }
}

// pthread_create itself allocates (stacks, TLS); a storm of threads at once.
TEST(ThreadExitTest, StormOfThreads) {
  for (int wave = 0; wave < 10; ++wave) {
    std::vector<std::thread> threads;
    for (uint64_t id = 0; id < 64; ++id) {
      threads.emplace_back([id] {
        Random random(id);
        std::vector<std::string> words;
        for (int i = 0; i < 300; ++i) words.emplace_back(random.BlockSize(2000), 'w');
        ASSERT_NE(thread_local_last.block, nullptr);
      });
    }
    for (std::thread &thread : threads) thread.join();
  }
}

// A thread that is cancelled while it allocates still lets the others work.
TEST(ThreadExitTest, ThreadsThatEndByPthreadExit) {
  for (int i = 0; i < 50; ++i) {
    pthread_t thread;
    ASSERT_EQ(pthread_create(
                  &thread, nullptr,
                  [](void *) -> void * {
                    void *block = malloc(777);
                    std::string unwound(5000, 'u');
                    pthread_exit(block);
                  },
                  nullptr),
              0);
    void *block = nullptr;
    ASSERT_EQ(pthread_join(thread, &block), 0);
    ASSERT_NE(block, nullptr);
    free(block);
  }
}

}  // namespace
}  // namespace loam::test
