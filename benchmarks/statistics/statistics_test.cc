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

TEST(BootstrapMedianRatio95Test, HoldsTheRatioOfLikeSpreads) {
  const std::vector<double> values = {9, 10, 11, 10, 9, 11, 10};
  std::vector<double> twice;
  for (double value : values) twice.push_back(2 * value);
  const auto interval = BootstrapMedianRatio95(twice, values, 2000, 1);
  EXPECT_TRUE(interval->Contains(2));
  EXPECT_GT(interval->low, 1.5);
  EXPECT_LT(interval->high, 2.5);
  EXPECT_FALSE(BootstrapMedianRatio95({1, 2, 3}, values, 2000, 1).has_value());
}

TEST(TrimmedMeanTest, IsTheMeanOfAFew) {
  const Location location = TrimmedMean({1, 2, 3, 4, 10});
  EXPECT_DOUBLE_EQ(location.mean, 4);
  EXPECT_DOUBLE_EQ(location.standard_error, std::sqrt(50.0 / (5 * 4)));
  EXPECT_DOUBLE_EQ(location.degrees, 4);
}

TEST(TrimmedMeanTest, LeavesOutTheEndsOfMany) {
  std::vector<double> values(15, 7);
  values[3] = 1e9;
  values[4] = -1e9;
  const Location location = TrimmedMean(values);
  EXPECT_DOUBLE_EQ(location.mean, 7);
  EXPECT_DOUBLE_EQ(location.standard_error, 0);
  EXPECT_DOUBLE_EQ(location.degrees, 12);
}

}  // namespace
}  // namespace loam::statistics
