#include "benchmarks/cell/trough.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <time.h>

namespace {

// What an allocator would give back by and by.
struct Hoard {
  void *memory = nullptr;
  size_t bytes = 0;
  int64_t waited_ns = 0;

  void Fill(size_t size) {
    bytes = size;
    memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    ASSERT_NE(memory, MAP_FAILED);
  }
};

Hoard hoard;

}  // namespace

// Stands in for libc's: the test waits for nothing, and the hoard is given back
// when a second has been asked for.
extern "C" int nanosleep(const timespec *pause, timespec *) {
  constexpr int64_t kSecond = 1'000'000'000;
  hoard.waited_ns += pause->tv_sec * kSecond + pause->tv_nsec;
  if (hoard.memory != nullptr && hoard.waited_ns >= kSecond) {
    munmap(hoard.memory, hoard.bytes);
    hoard.memory = nullptr;
  }
  return 0;
}

namespace loam::cell {
namespace {

constexpr size_t kHoardBytes = size_t{64} << 20;
constexpr int64_t kSlackBytes = int64_t{4} << 20;  // what else the process does

TEST(TroughTest, WhatIsGivenBackWithinASecondShowsInTheSettledFigureAlone) {
  hoard.Fill(kHoardBytes);
  LiveBytes live;
  live.Add(12345);
  Outcome outcome;
  ReadTrough(Settings{1, 1, /*settle=*/true}, live, &outcome);
  EXPECT_EQ(outcome.trough_live_bytes, 12345);
  EXPECT_GE(outcome.trough_rss_bytes, static_cast<int64_t>(kHoardBytes));
  EXPECT_NEAR(static_cast<double>(outcome.trough_rss_bytes - outcome.settled_rss_bytes),
              static_cast<double>(kHoardBytes), static_cast<double>(kSlackBytes));
  EXPECT_EQ(hoard.waited_ns, 1'500'000'000);
}

TEST(TroughTest, DoesNotWaitUnasked) {
  hoard.waited_ns = 0;
  Outcome outcome;
  ReadTrough(Settings(), LiveBytes(), &outcome);
  EXPECT_GT(outcome.trough_rss_bytes, 0);
  EXPECT_EQ(outcome.settled_rss_bytes, kNotMeasured);
  EXPECT_EQ(hoard.waited_ns, 0);
}

TEST(NotePointTest, KeepsTheFirstOnesAndNeverOverflows) {
  Outcome outcome;
  LiveBytes live;
  for (int i = 0; i < Outcome::kMostPoints + 3; i++) {
    live.Add(1);
    NotePoint(live, &outcome);
  }
  EXPECT_EQ(outcome.point_count, Outcome::kMostPoints);
  EXPECT_EQ(outcome.points[0].live_bytes, 1);
  EXPECT_EQ(outcome.points[Outcome::kMostPoints - 1].live_bytes, Outcome::kMostPoints);
  EXPECT_GT(outcome.points[0].rss_bytes, 0);
}

}  // namespace
}  // namespace loam::cell
