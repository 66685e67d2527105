#include "benchmarks/cell/threads.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace loam::cell {
namespace {

TEST(ShareTest, AddsUpAndDiffersByOneAtMost) {
  for (int64_t total : {0, 1, 7, 64, 1000}) {
    for (size_t count : {1u, 2u, 3u, 7u, 64u}) {
      int64_t sum = 0;
      for (size_t i = 0; i < count; i++) {
        sum += Share(total, count, i);
        EXPECT_LE(Share(total, count, 0) - Share(total, count, i), 1);
        EXPECT_GE(Share(total, count, 0), Share(total, count, i));
      }
      EXPECT_EQ(sum, total) << count;
    }
  }
}

struct Worker {
  pthread_t thread;
  int runs;
};

void Note(Worker *worker) {
  worker->thread = pthread_self();
  worker->runs++;
}

TEST(RunAllTest, GivesEveryWorkerAThreadOfItsOwn) {
  Scratch<Worker> workers(5);
  RunAll<Note>(&workers);
  for (const Worker &worker : workers) {
    EXPECT_EQ(worker.runs, 1);
    EXPECT_FALSE(pthread_equal(worker.thread, pthread_self()));
  }
}

TEST(RunAllTest, ASingleWorkerStaysOnTheCallersThread) {
  Scratch<Worker> workers(1);
  RunAll<Note>(&workers);
  EXPECT_EQ(workers[0].runs, 1);
  EXPECT_TRUE(pthread_equal(workers[0].thread, pthread_self()));
}

TEST(RunOnThreadsTest, ASingleWorkerGetsAThreadToo) {
  Scratch<Worker> workers(1);
  RunOnThreads<Note>(&workers);
  EXPECT_EQ(workers[0].runs, 1);
  EXPECT_FALSE(pthread_equal(workers[0].thread, pthread_self()));
}

}  // namespace
}  // namespace loam::cell
