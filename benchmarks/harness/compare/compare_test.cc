#include "benchmarks/harness/compare/compare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "benchmarks/harness/results/made_up_result.h"

namespace loam::matrix {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr size_t kPeer = 1;  // peer/micro/pair, next to glibc's

// Scales the times of a cell.
void Scale(double factor, Cell *cell) {
  for (Repetition &repetition : cell->repetitions) {
    repetition.work_wall_ns =
        static_cast<int64_t>(static_cast<double>(repetition.work_wall_ns) * factor);
  }
}

std::vector<std::string> Cells(const Differences &differences, statistics::Verdict verdict) {
  std::vector<std::string> names;
  for (const CellDifference &cell : differences.metrics[0].cells) {
    if (cell.judgement.verdict == verdict) names.push_back(cell.cell);
  }
  return names;
}

TEST(CompareTest, AResultDoesNotDifferFromItself) {
  const Result result = MadeUpResult();
  const Differences differences = *Compare(result, result);
  EXPECT_FALSE(differences.HasRegression());
  for (const MetricDifferences &metric : differences.metrics) {
    EXPECT_EQ(metric.Count(statistics::Verdict::kCannotTell), metric.cells.size());
  }
  EXPECT_THAT(differences.notes, IsEmpty());
}

TEST(CompareTest, FindsTheCellThatBecameSlowerOrFaster) {
  const Result before = MadeUpResult();
  Result after = MadeUpResult();
  Scale(1.1, &after.matrix.cells[kPeer]);
  const Differences slower = *Compare(before, after);
  EXPECT_THAT(Cells(slower, statistics::Verdict::kMore), ElementsAre("peer/micro/pair/threads:1"));
  EXPECT_THAT(Cells(slower, statistics::Verdict::kLess), IsEmpty());
  EXPECT_TRUE(slower.HasRegression());
  EXPECT_NEAR(slower.metrics[0].cells[0].comparison.ratio, 1.1, 0.01);
  const Differences faster = *Compare(after, before);
  EXPECT_THAT(Cells(faster, statistics::Verdict::kLess), ElementsAre("peer/micro/pair/threads:1"));
  EXPECT_FALSE(faster.HasRegression());
}

TEST(CompareTest, MoreMemoryIsARegressionToo) {
  Result after = MadeUpResult();
  for (Repetition &repetition : after.matrix.cells[kPeer].repetitions) {
    repetition.process.peak_rss_bytes = repetition.process.peak_rss_bytes * 6 / 5;
  }
  const Differences differences = *Compare(MadeUpResult(), after);
  EXPECT_THAT(Cells(differences, statistics::Verdict::kMore), IsEmpty());
  EXPECT_EQ(differences.metrics[1].Count(statistics::Verdict::kMore), 1u);
  EXPECT_TRUE(differences.HasRegression());
}

TEST(CompareTest, ASlowerMachineIsNoSlowerAllocator) {
  Result after = MadeUpResult();
  for (Cell &cell : after.matrix.cells) Scale(1.5, &cell);
  const Differences differences = *Compare(MadeUpResult(), after);
  EXPECT_FALSE(differences.HasRegression());
  EXPECT_THAT(differences.notes,
              Contains(HasSubstr("glibc, the same library in both, took another time in 3 of 3 "
                                 "cells (1.50 times")));
}

TEST(CompareTest, WithAnotherBaselineValuesAreComparedAsTheyAre) {
  Result after = MadeUpResult();
  after.matrix.allocators[0].sha256 = std::string(64, 'c');
  for (Cell &cell : after.matrix.cells) Scale(1.5, &cell);
  const Differences differences = *Compare(MadeUpResult(), after);
  EXPECT_EQ(differences.metrics[0].cells.size(), 6u);
  EXPECT_EQ(differences.metrics[0].Count(statistics::Verdict::kMore), 6u);
  EXPECT_THAT(differences.notes, Contains(HasSubstr("the baselines are different libraries")));
}

TEST(CompareTest, ACellThatFailsNowIsBroken) {
  Result after = MadeUpResult();
  after.matrix.cells[kPeer].status = CellStatus::kFailed;
  after.matrix.cells[kPeer].message = "killed by Aborted";
  const Differences differences = *Compare(MadeUpResult(), after);
  EXPECT_THAT(differences.broken, ElementsAre("peer/micro/pair/threads:1: killed by Aborted"));
  EXPECT_TRUE(differences.HasRegression());
  EXPECT_FALSE(Compare(after, MadeUpResult())->HasRegression());
}

TEST(CompareTest, RefusesOtherMachinesAndOtherWork) {
  const Result before = MadeUpResult();
  Result elsewhere = MadeUpResult();
  elsewhere.context["host_name"] = "machine-1";
  EXPECT_THAT(std::string(Compare(before, elsewhere).status().message()),
              HasSubstr("different machines"));
  Result otherwise = MadeUpResult();
  otherwise.context["seed"] = 2;
  EXPECT_THAT(std::string(Compare(before, otherwise).status().message()),
              HasSubstr("different work (seed 1 and 2)"));
  Result summary = MadeUpResult();
  for (Cell &cell : summary.matrix.cells) cell.repetitions.clear();
  EXPECT_THAT(std::string(Compare(before, summary).status().message()),
              HasSubstr("without its repetitions"));
}

TEST(CompareTest, LeavesOutWhatIsNotTheSameWork) {
  Result after = MadeUpResult();
  for (Repetition &repetition : after.matrix.cells[kPeer].repetitions) repetition.operations *= 2;
  const Differences differences = *Compare(MadeUpResult(), after);
  EXPECT_EQ(differences.metrics[0].cells.size(), 2u);
  EXPECT_THAT(differences.notes, Contains("1 cells are left out: their work is another"));
}

TEST(CompareTest, SaysWhatElseHasChanged) {
  Result after = MadeUpResult();
  after.context["kernel"] = "Linux 6.2";
  after.matrix.complete = false;
  after.context["complete"] = false;
  EXPECT_THAT(Compare(MadeUpResult(), after)->notes,
              ElementsAre("kernel: \"Linux 6.1\" before, \"Linux 6.2\" after",
                          "the second result is of a run that was interrupted"));
}

TEST(CompareTest, TooFewRoundsTellNothing) {
  Result after = MadeUpResult(5);
  Scale(2, &after.matrix.cells[kPeer]);
  const Differences differences = *Compare(MadeUpResult(5), after);
  EXPECT_FALSE(differences.HasRegression());
  EXPECT_THAT(RenderDifferences(differences, false), HasSubstr("it takes 6 rounds in both"));
}

TEST(RenderDifferencesTest, ListsWhatDiffersAndCountsTheRest) {
  Result after = MadeUpResult();
  Scale(1.1, &after.matrix.cells[kPeer]);
  const Differences differences = *Compare(MadeUpResult(), after);
  const std::string text = RenderDifferences(differences, false);
  EXPECT_THAT(text, HasSubstr("  WORSE        peer/micro/pair/threads:1       1.100  ("));
  EXPECT_THAT(text, HasSubstr("  1 worse, 0 better, 2 cannot tell; half of the cells"));
  EXPECT_THAT(text, Not(HasSubstr("cannot tell  peer")));
  EXPECT_THAT(RenderDifferences(differences, true), HasSubstr("cannot tell  peer"));
}

}  // namespace
}  // namespace loam::matrix
