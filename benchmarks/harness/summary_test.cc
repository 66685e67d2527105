#include "benchmarks/harness/summary.h"

#include <gtest/gtest.h>

namespace loam::matrix {
namespace {

constexpr size_t kTime = 0;
constexpr size_t kPeakRss = 1;
constexpr size_t kTroughRss = 2;

// Three allocators, the baseline in the middle and the floor last, and one
// workload; times of each round in ns for one operation.
class SummaryTest : public ::testing::Test {
 protected:
  SummaryTest() {
    for (auto [name, kind] :
         {std::pair("peer", AllocatorKind::kPeer), std::pair("glibc", AllocatorKind::kSystem),
          std::pair("floor", AllocatorKind::kFloor)}) {
      Allocator allocator;
      allocator.name = name;
      allocator.kind = kind;
      matrix_.allocators.push_back(allocator);
      Cell cell;
      cell.allocator = matrix_.allocators.size() - 1;
      matrix_.cells.push_back(cell);
    }
    Workload workload;
    workload.name = "micro/pair";
    matrix_.workloads.push_back(workload);
    matrix_.baseline = 1;
  }

  void Measure(size_t cell, const std::vector<int64_t> &times_ns) {
    for (size_t i = 0; i < times_ns.size(); i++) {
      Repetition repetition;
      repetition.round = static_cast<int>(i);
      repetition.operations = 10;
      repetition.work_wall_ns = times_ns[i] * 10;
      repetition.process.peak_rss_bytes = 1 << 20;
      matrix_.cells[cell].repetitions.push_back(repetition);
    }
  }

  Matrix matrix_;
};

TEST_F(SummaryTest, PairsRoundsAndMarksTheBestWithoutTheFloor) {
  Measure(0, {50, 60, 70, 80, 90, 100});
  Measure(1, {100, 120, 140, 160, 180, 200});
  Measure(2, {1, 1, 1, 1, 1, 1});
  const Summary summary = Summarise(matrix_, 1);
  const MetricSummary &peer = *summary.cells[0].metrics[kTime];
  EXPECT_DOUBLE_EQ(peer.median, 75);
  EXPECT_DOUBLE_EQ(peer.ratio->ratio, 0.5);
  EXPECT_EQ(peer.judgement->verdict, statistics::Verdict::kLess);
  EXPECT_TRUE(peer.best);
  EXPECT_DOUBLE_EQ(summary.cells[1].metrics[kTime]->ratio->ratio, 1);
  EXPECT_FALSE(summary.cells[1].metrics[kTime]->best);
  EXPECT_FALSE(summary.cells[2].metrics[kTime]->best);
}

// The median of the first cell's values of a metric.
double MedianOf(const Matrix &matrix, const std::string &name) {
  const Summary summary = Summarise(matrix, 1);
  for (size_t i = 0; i < Metrics().size(); i++) {
    if (Metrics()[i].name != name) continue;
    const std::optional<MetricSummary> &metric = summary.cells[0].metrics[i];
    return metric ? metric->median : -1;
  }
  return -2;
}

TEST_F(SummaryTest, FragmentationIsOfWhatTheWorkAdded) {
  constexpr int64_t kMebibyte = 1 << 20;
  Measure(0, {50});
  Repetition &only = matrix_.cells[0].repetitions[0];
  only.start_rss_bytes = 2 * kMebibyte;
  only.process.peak_rss_bytes = 14 * kMebibyte;
  EXPECT_EQ(MedianOf(matrix_, "peak_fragmentation"), -1);  // live bytes are not known
  only.live_peak_bytes = 8 * kMebibyte;
  EXPECT_EQ(MedianOf(matrix_, "peak_fragmentation"), 1.5);
  EXPECT_EQ(MedianOf(matrix_, "end_fragmentation"), -1);
  only.trough_rss_bytes = 12 * kMebibyte;
  only.trough_live_bytes = 5 * kMebibyte;
  EXPECT_EQ(MedianOf(matrix_, "end_fragmentation"), 2);
  only.live_peak_bytes = 1000;  // too little to tell
  EXPECT_EQ(MedianOf(matrix_, "peak_fragmentation"), -1);
}

TEST_F(SummaryTest, WhatWasNotCountedHasNoValueAndWhatWasZeroIsZero) {
  Measure(0, {50});
  Repetition &only = matrix_.cells[0].repetitions[0];
  for (const char *name : {"system_calls", "cycles", "instructions", "mean_rss"}) {
    EXPECT_EQ(MedianOf(matrix_, name), -1) << name;
  }
  EXPECT_EQ(MedianOf(matrix_, "page_faults"), 0);
  only.process.minor_faults = 3;
  only.process.major_faults = 4;
  EXPECT_EQ(MedianOf(matrix_, "page_faults"), 7);
  only.system_calls = {{"mmap", 5}, {"munmap", 6}};
  EXPECT_EQ(MedianOf(matrix_, "system_calls"), 11);
  only.process.mean_rss_bytes = 12;
  EXPECT_EQ(MedianOf(matrix_, "mean_rss"), 12);
  only.settled_rss_bytes = 1;  // most of such a life is waiting
  EXPECT_EQ(MedianOf(matrix_, "mean_rss"), -1);
}

TEST_F(SummaryTest, ManyCellsAreJudgedTogether) {
  // A difference that one cell alone would show is chance among fifty.
  Measure(0, {97, 96, 99, 98, 97, 99, 96});
  Measure(1, {100, 100, 100, 100, 100, 100, 100});
  EXPECT_EQ(Summarise(matrix_, 1).cells[0].metrics[kTime]->judgement->verdict,
            statistics::Verdict::kLess);
  for (int threads = 2; threads <= 50; threads++) {
    for (size_t i = 0; i < 2; i++) {
      Cell cell = matrix_.cells[i];
      cell.threads = threads;
      cell.repetitions.clear();
      matrix_.cells.push_back(cell);
      Measure(matrix_.cells.size() - 1,
              i == 0 ? std::vector<int64_t>{90, 110, 95, 105, 100, 107, 93}
                     : std::vector<int64_t>{100, 100, 100, 100, 100, 100, 100});
    }
  }
  const Summary summary = Summarise(matrix_, 1);
  EXPECT_EQ(summary.cells[0].metrics[kTime]->judgement->verdict, statistics::Verdict::kCannotTell);
  EXPECT_FALSE(summary.cells[1].metrics[kTime]->judgement.has_value());
}

TEST_F(SummaryTest, ARoundThatOneOfTheTwoLacksIsLeftOut) {
  Measure(0, {50, 50, 50});
  Measure(1, {100, 100, 25});
  matrix_.cells[0].repetitions.pop_back();
  EXPECT_DOUBLE_EQ(Summarise(matrix_, 1).cells[0].metrics[kTime]->ratio->ratio, 0.5);
}

TEST_F(SummaryTest, WhatWasNotMeasuredHasNoSummary) {
  Measure(0, {50, 60});
  Measure(1, {100, 120});
  matrix_.cells[2].status = CellStatus::kSkipped;
  const Summary summary = Summarise(matrix_, 1);
  EXPECT_FALSE(summary.cells[0].metrics[kTroughRss].has_value());
  EXPECT_FALSE(summary.cells[2].metrics[kTime].has_value());
  EXPECT_FALSE(summary.geomeans[0][2][kTime].has_value());
}

TEST_F(SummaryTest, ACellThatFailedLaterHasNoSummary) {
  Measure(0, {50, 60});
  Measure(1, {100, 120});
  matrix_.cells[0].status = CellStatus::kFailed;
  EXPECT_FALSE(Summarise(matrix_, 1).cells[0].metrics[kTime].has_value());
}

TEST_F(SummaryTest, WithoutTheBaselineThereIsAMedianAndNoRatio) {
  Measure(0, {50, 60});
  matrix_.cells[1].status = CellStatus::kFailed;
  const Summary summary = Summarise(matrix_, 1);
  EXPECT_DOUBLE_EQ(summary.cells[0].metrics[kTime]->median, 55);
  EXPECT_FALSE(summary.cells[0].metrics[kTime]->ratio.has_value());
}

TEST_F(SummaryTest, TheGeomeanGoesOverTheRowsThatTheAllocatorHas) {
  Measure(0, {50, 50});
  Measure(1, {100, 100});
  for (size_t i = 0; i < 3; i++) {
    Cell cell = matrix_.cells[i];
    cell.threads = 2;
    for (Repetition &repetition : cell.repetitions) {
      if (i == 0) repetition.work_wall_ns *= 4;
    }
    matrix_.cells.push_back(cell);
  }
  const Summary summary = Summarise(matrix_, 1);
  EXPECT_DOUBLE_EQ(summary.geomeans[0][0][kTime]->ratio, 1);  // of 0.5 and 2
  EXPECT_EQ(summary.geomeans[0][0][kTime]->rows, 2u);
  EXPECT_DOUBLE_EQ(summary.geomeans[0][0][kPeakRss]->ratio, 1);
}

}  // namespace
}  // namespace loam::matrix
