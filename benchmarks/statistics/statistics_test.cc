#include "benchmarks/statistics/statistics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace loam::statistics {
namespace {

TEST(MedianTest, IsTheMiddleOrTheMeanOfTheMiddleTwo) {
  EXPECT_EQ(Median({3}), 3);
  EXPECT_EQ(Median({9, 1, 5}), 5);
  EXPECT_EQ(Median({4, 1, 100, 2}), 3);
}

TEST(GeometricMeanTest, KnownAnswers) {
  EXPECT_DOUBLE_EQ(GeometricMean({7}), 7);
  EXPECT_DOUBLE_EQ(GeometricMean({2, 8}), 4);
  EXPECT_NEAR(GeometricMean({0.5, 2, 1}), 1, 1e-12);
}

// Values of the usual printed tables.
TEST(StudentQuantile975Test, AgreesWithTables) {
  EXPECT_NEAR(StudentQuantile975(5), 2.5706, 0.003);
  EXPECT_NEAR(StudentQuantile975(6), 2.4469, 0.002);
  EXPECT_NEAR(StudentQuantile975(10), 2.2281, 0.001);
  EXPECT_NEAR(StudentQuantile975(30), 2.0423, 0.0005);
  EXPECT_NEAR(StudentQuantile975(1000000), 1.95996, 0.0001);
}

TEST(BootstrapMedian95Test, GivesNothingForTooFewValues) {
  EXPECT_FALSE(BootstrapMedian95({1, 1, 1, 1, 1}, 1000, 1).has_value());
  EXPECT_TRUE(BootstrapMedian95({1, 1, 1, 1, 1, 1}, 1000, 1).has_value());
}

TEST(BootstrapMedian95Test, OfEqualValuesIsThatValue) {
  const auto interval = BootstrapMedian95({2, 2, 2, 2, 2, 2, 2}, 1000, 1);
  EXPECT_EQ(interval->low, 2);
  EXPECT_EQ(interval->high, 2);
}

TEST(BootstrapMedian95Test, OfSixValuesIsTheirWholeRange) {
  // The chance that all six lie on one side of the median is 3 %, that five do,
  // 22 %: only the whole range is a 95 % interval.
  const auto interval = BootstrapMedian95({1, 2, 3, 4, 5, 6}, 4000, 1);
  EXPECT_EQ(interval->low, 1);
  EXPECT_EQ(interval->high, 6);
}

TEST(BootstrapMedian95Test, IsTheSameForASeed) {
  const std::vector<double> values = {1.1, 0.9, 1.3, 0.8, 1.0, 1.2, 0.95, 1.05, 0.7, 1.4};
  const auto first = BootstrapMedian95(values, 500, 7);
  const auto second = BootstrapMedian95(values, 500, 7);
  EXPECT_EQ(first->low, second->low);
  EXPECT_EQ(first->high, second->high);
}

// How often an interval misses the true median, over many made-up runs.
double ShareOfMisses(size_t count) {
  constexpr int kRuns = 1000;
  std::mt19937_64 random(99);
  std::normal_distribution<double> noise(1.0, 0.1);
  int misses = 0;
  for (int run = 0; run < kRuns; run++) {
    std::vector<double> values(count);
    for (double &value : values) value = noise(random);
    misses += !BootstrapMedian95(values, 300, static_cast<uint64_t>(run))->Contains(1.0);
  }
  return static_cast<double>(misses) / kRuns;
}

TEST(BootstrapMedian95Test, MissesTheTruthOneTimeInTwentyAtMost) {
  EXPECT_LE(ShareOfMisses(7), 0.06);
  EXPECT_LE(ShareOfMisses(25), 0.07);
}

TEST(BootstrapMedian95Test, IsNotSoWideThatItSaysNothing) { EXPECT_GE(ShareOfMisses(25), 0.01); }

TEST(ComparePairedTest, FindsADifferenceThatIsThereInEveryRound) {
  // The rounds differ threefold, the ratio within a round hardly at all.
  const std::vector<double> baseline = {100, 150, 300, 120, 200, 250, 110};
  std::vector<double> half;
  for (double value : baseline) half.push_back(value * 0.5 + 1);
  const PairedRatio ratio = ComparePaired(half, baseline, 1);
  EXPECT_NEAR(ratio.median, 0.506, 0.01);
  EXPECT_EQ(ratio.verdict, Verdict::kLess);
  EXPECT_EQ(ComparePaired(baseline, half, 1).verdict, Verdict::kMore);
}

TEST(ComparePairedTest, CannotTellNoiseFromADifference) {
  const std::vector<double> baseline = {100, 100, 100, 100, 100, 100, 100};
  const std::vector<double> noisy = {80, 120, 90, 110, 95, 105, 99};
  EXPECT_EQ(ComparePaired(noisy, baseline, 1).verdict, Verdict::kCannotTell);
}

TEST(ComparePairedTest, CannotTellFromTooFewRounds) {
  const PairedRatio ratio = ComparePaired({1, 1, 1}, {2, 2, 2}, 1);
  EXPECT_EQ(ratio.median, 0.5);
  EXPECT_FALSE(ratio.interval.has_value());
  EXPECT_EQ(ratio.verdict, Verdict::kCannotTell);
}

TEST(ComparePairedTest, CannotTellTheBaselineFromItself) {
  const std::vector<double> baseline = {3, 1, 4, 1, 5, 9, 2};
  const PairedRatio ratio = ComparePaired(baseline, baseline, 1);
  EXPECT_EQ(ratio.median, 1);
  EXPECT_EQ(ratio.verdict, Verdict::kCannotTell);
}

}  // namespace
}  // namespace loam::statistics
