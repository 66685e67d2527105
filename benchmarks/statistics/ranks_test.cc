#include "benchmarks/statistics/ranks.h"

#include <gtest/gtest.h>

#include <random>

namespace loam::statistics {
namespace {

TEST(SignedRankPTest, AllOnOneSideIsTwoInTwoToTheN) {
  EXPECT_DOUBLE_EQ(SignedRankP({1, 2, 3, 4, 5}), 2.0 / 32);
  EXPECT_DOUBLE_EQ(SignedRankP({-1, -2, -3, -4, -5, -6, -7}), 2.0 / 128);
}

TEST(SignedRankPTest, HasKnownAnswers) {
  // W = 1 of five values: two of 32 ways have a sum as low.
  EXPECT_DOUBLE_EQ(SignedRankP({-1, 2, 3, 4, 5}), 4.0 / 32);
  // W = 3: the sums 0, 1, 2, 3, 3 of 32.
  EXPECT_DOUBLE_EQ(SignedRankP({1, 2, -3, -4, -5}), 10.0 / 32);
}

TEST(SignedRankPTest, EqualValuesShareTheirRanks) {
  // Ranks 1.5, 1.5, 3: the sums are 0, 1.5, 1.5, 3, 3, 4.5, 4.5, 6.
  EXPECT_DOUBLE_EQ(SignedRankP({1, 1, 3}), 2.0 / 8);
  EXPECT_DOUBLE_EQ(SignedRankP({-1, 1, 3}), 6.0 / 8);
}

TEST(SignedRankPTest, ZerosSayNothing) {
  EXPECT_DOUBLE_EQ(SignedRankP({0, 0, 0}), 1);
  EXPECT_DOUBLE_EQ(SignedRankP({0, 1, 2, 3, 4, 5}), 2.0 / 32);
}

TEST(RankSumPTest, HasKnownAnswers) {
  // Two of the 35 ways to choose three of seven are as extreme.
  EXPECT_DOUBLE_EQ(RankSumP({1, 2, 3}, {4, 5, 6, 7}), 2.0 / 35);
  EXPECT_DOUBLE_EQ(RankSumP({4, 5, 6, 7}, {1, 2, 3}), 2.0 / 35);
  EXPECT_DOUBLE_EQ(RankSumP({1, 2, 4}, {3, 5, 6, 7}), 4.0 / 35);
  EXPECT_DOUBLE_EQ(RankSumP({5, 5}, {5, 5, 5}), 1);
}

// The exact and the normal branch must meet at their border.
TEST(RankTestsTest, TheNormalBranchContinuesTheExactOne) {
  std::mt19937_64 random(3);
  std::normal_distribution<double> noise(0.3, 1);
  std::vector<double> values(50);
  for (double &value : values) value = noise(random);
  const double exact = SignedRankP(values);
  values.push_back(1e-9);  // of the least rank: hardly a change
  EXPECT_NEAR(SignedRankP(values), exact, 0.02);

  const std::vector<double> left(values.begin(), values.begin() + 25);
  std::vector<double> right(values.begin() + 25, values.begin() + 50);
  const double exact_sum = RankSumP(left, right);
  right.push_back(0.3);  // in the middle
  EXPECT_NEAR(RankSumP(left, right), exact_sum, 0.05);
}

TEST(RankTestsTest, FindNothingInNoiseOneTimeInTwentyAtMost) {
  constexpr int kRuns = 4000;
  std::mt19937_64 random(8);
  std::cauchy_distribution<double> noise;
  int signed_finds = 0;
  int sum_finds = 0;
  for (int run = 0; run < kRuns; run++) {
    std::vector<double> left(9);
    std::vector<double> right(7);
    for (double &value : left) value = noise(random);
    for (double &value : right) value = noise(random);
    signed_finds += SignedRankP(left) <= 0.05;
    sum_finds += RankSumP(left, right) <= 0.05;
  }
  EXPECT_LE(signed_finds, kRuns * 6 / 100);
  EXPECT_GE(signed_finds, kRuns * 2 / 100);
  EXPECT_LE(sum_finds, kRuns * 6 / 100);
  EXPECT_GE(sum_finds, kRuns * 2 / 100);
}

}  // namespace
}  // namespace loam::statistics
