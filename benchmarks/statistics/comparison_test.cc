// What a verdict is worth, over thousands of made-up runs: that of all the
// cells without a difference hardly any is called one, and that a difference
// as large as a run says it can see is seen.

#include "benchmarks/statistics/comparison.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <map>
#include <random>
#include <string>

#include "benchmarks/statistics/student.h"

namespace loam::statistics {
namespace {

using Random = std::mt19937_64;
using Noise = std::function<double(Random *)>;  // a logarithm of a time

double Normal(Random *random) { return std::normal_distribution<double>()(*random); }

// What times do: a normal spread, a long tail, sometimes two modes, sometimes a pause.
const std::map<std::string, Noise> &Noises() {
  static const auto *noises = new std::map<std::string, Noise>{
      {"normal", Normal},
      {"long tail",
       [](Random *random) { return std::exponential_distribution<double>()(*random); }},
      {"two modes, even",
       [](Random *random) { return ((*random)() % 2 == 0 ? 3 : 0) + 0.1 * Normal(random); }},
      {"two modes, one in ten",
       [](Random *random) { return ((*random)() % 10 == 0 ? 3 : 0) + 0.1 * Normal(random); }},
      {"two values", [](Random *random) { return static_cast<double>((*random)() % 2); }},
      {"pauses", [](Random *random) { return ((*random)() % 20 == 0 ? 30 : 0) + Normal(random); }},
      {"Cauchy", [](Random *random) { return std::cauchy_distribution<double>()(*random); }},
  };
  return *noises;
}

// Measurements of one allocator under two names, in as many rounds.
Comparison CompareLike(const Noise &noise, size_t rounds, double log_difference, Random *random) {
  constexpr double kScale = 0.02;
  std::vector<double> measured;
  std::vector<double> baseline;
  for (size_t i = 0; i < rounds; i++) {
    measured.push_back(100 * std::exp(log_difference + kScale * noise(random)));
    baseline.push_back(100 * std::exp(kScale * noise(random)));
  }
  return ComparePaired(measured, baseline, (*random)());
}

TEST(PairedTestTest, KeepsItsLevelForEveryKindOfNoise) {
  constexpr int kRuns = 20'000;
  Random random(5);
  for (const auto &[name, noise] : Noises()) {
    for (size_t rounds : {size_t{7}, size_t{25}}) {
      std::map<double, int> finds = {{0.05, 0}, {0.002, 0}};
      for (int run = 0; run < kRuns; run++) {
        std::vector<double> log_ratios;
        for (size_t i = 0; i < rounds; i++) log_ratios.push_back(noise(&random) - noise(&random));
        const Location location = TrimmedMean(log_ratios);
        if (location.standard_error == 0) continue;
        const double p =
            StudentTwoSidedP(location.mean / location.standard_error, location.degrees);
        for (auto &[level, count] : finds) count += p <= level;
      }
      EXPECT_LE(finds[0.05], kRuns * 0.065) << name << ", " << rounds << " rounds";
      EXPECT_LE(finds[0.002], kRuns * 0.005) << name << ", " << rounds << " rounds";
    }
  }
}

TEST(JudgeTest, WhereNothingDiffersFewTablesHaveAnyFind) {
  constexpr int kTables = 20;
  constexpr int kCells = 60;
  Random random(7);
  for (size_t rounds : {size_t{7}, size_t{25}}) {
    int tables_with_finds = 0;
    int finds = 0;
    for (int table = 0; table < kTables; table++) {
      std::vector<Comparison> comparisons;
      auto noise = Noises().begin();
      for (int cell = 0; cell < kCells; cell++) {
        comparisons.push_back(CompareLike(noise->second, rounds, 0, &random));
        if (++noise == Noises().end()) noise = Noises().begin();
      }
      int in_table = 0;
      for (const Judgement &judgement : Judge(comparisons)) {
        in_table += judgement.verdict != Verdict::kCannotTell;
      }
      finds += in_table;
      tables_with_finds += in_table > 0;
    }
    EXPECT_LE(tables_with_finds, kTables / 10) << rounds << " rounds";
    EXPECT_LE(finds, kTables * kCells * 2 / 1000) << rounds << " rounds";
  }
}

TEST(JudgeTest, OfWhatIsFoundOneInTwentyIsWrongAtMost) {
  constexpr int kTables = 30;
  constexpr int kCells = 60;
  Random random(11);
  int right = 0;
  int wrong = 0;
  for (int table = 0; table < kTables; table++) {
    std::vector<Comparison> comparisons;
    for (int cell = 0; cell < kCells; cell++) {
      comparisons.push_back(CompareLike(Normal, 7, cell % 2 == 0 ? std::log(0.9) : 0, &random));
    }
    const std::vector<Judgement> judgements = Judge(comparisons);
    for (size_t cell = 0; cell < kCells; cell++) {
      if (judgements[cell].verdict == Verdict::kCannotTell) continue;
      const bool is_right = cell % 2 == 0 && judgements[cell].verdict == Verdict::kLess;
      (is_right ? right : wrong)++;
    }
  }
  EXPECT_LE(wrong, (right + wrong) / 20);
  // Seven rounds with 2 % of noise are enough for a tenth.
  EXPECT_GE(right, kTables * kCells / 2 * 98 / 100);
}

TEST(JudgeTest, AFullSuiteSeesThreePercentInOneCellOfAHundred) {
  Random random(13);
  int seen = 0;
  constexpr int kTables = 10;
  for (int table = 0; table < kTables; table++) {
    std::vector<Comparison> comparisons;
    for (int cell = 0; cell < 100; cell++) {
      comparisons.push_back(CompareLike(Normal, 25, cell == 0 ? std::log(1.03) : 0, &random));
    }
    seen += Judge(comparisons)[0].verdict == Verdict::kMore;
  }
  EXPECT_GE(seen, kTables - 2);
}

TEST(JudgeTest, ADifferenceOfTheSmallestVisibleSizeIsSeenFourTimesInFive) {
  constexpr int kTables = 60;
  constexpr int kCells = 20;
  constexpr double kTruth = 0.024;
  Random random(17);
  int seen = 0;
  double visible = 0;
  for (int table = 0; table < kTables; table++) {
    std::vector<Comparison> comparisons;
    for (int cell = 0; cell < kCells; cell++) {
      comparisons.push_back(CompareLike(Normal, 25, cell == 0 ? std::log1p(kTruth) : 0, &random));
    }
    const std::vector<Judgement> judgements = Judge(comparisons);
    seen += judgements[0].verdict == Verdict::kMore;
    visible += *judgements[1].smallest_visible / kTables;
  }
  // The truth was chosen to be what is visible; so four in five see it.
  EXPECT_NEAR(visible, kTruth, 0.002);
  EXPECT_GE(seen, kTables * 65 / 100);
  EXPECT_LE(seen, kTables * 95 / 100);
}

TEST(AdjustForManyTest, HasKnownAnswers) {
  const std::vector<double> adjusted = AdjustForMany({0.04, 0.01, 0.5, 0.02});
  EXPECT_DOUBLE_EQ(adjusted[1], 0.04);      // 0.01 * 4 / 1
  EXPECT_DOUBLE_EQ(adjusted[3], 0.04);      // 0.02 * 4 / 2
  EXPECT_DOUBLE_EQ(adjusted[0], 0.16 / 3);  // 0.04 * 4 / 3
  EXPECT_DOUBLE_EQ(adjusted[2], 0.5);
  EXPECT_TRUE(AdjustForMany({}).empty());
}

TEST(ComparePairedTest, FindsADifferenceThatIsThereInEveryRound) {
  // The rounds differ threefold, the ratio within a round hardly at all.
  const std::vector<double> baseline = {100, 150, 300, 120, 200, 250, 110};
  std::vector<double> half;
  for (double value : baseline) half.push_back(value * 0.5 + 1);
  const Comparison comparison = ComparePaired(half, baseline, 1);
  EXPECT_NEAR(comparison.ratio, 0.506, 0.01);
  EXPECT_EQ(Judge({comparison})[0].verdict, Verdict::kLess);
  EXPECT_EQ(Judge({ComparePaired(baseline, half, 1)})[0].verdict, Verdict::kMore);
}

TEST(ComparePairedTest, CannotTellNoiseFromADifference) {
  const std::vector<double> baseline = {100, 100, 100, 100, 100, 100, 100};
  const std::vector<double> noisy = {80, 120, 90, 110, 95, 105, 99};
  EXPECT_EQ(Judge({ComparePaired(noisy, baseline, 1)})[0].verdict, Verdict::kCannotTell);
}

TEST(ComparePairedTest, CannotTellFromTooFewRounds) {
  const Comparison comparison = ComparePaired({1, 1, 1}, {2, 2, 2}, 1);
  EXPECT_EQ(comparison.ratio, 0.5);
  EXPECT_FALSE(comparison.interval.has_value());
  const Judgement judgement = Judge({comparison})[0];
  EXPECT_EQ(judgement.verdict, Verdict::kCannotTell);
  EXPECT_FALSE(judgement.smallest_visible.has_value());
}

TEST(ComparePairedTest, CannotTellTheBaselineFromItself) {
  const std::vector<double> baseline = {3, 1, 4, 1, 5, 9, 2};
  const Comparison comparison = ComparePaired(baseline, baseline, 1);
  EXPECT_EQ(comparison.ratio, 1);
  EXPECT_EQ(Judge({comparison})[0].verdict, Verdict::kCannotTell);
}

TEST(ComparePairedTest, OnePauseInAFullSuiteHidesNoDifference) {
  std::vector<double> measured;
  for (int i = 0; i < 25; i++) measured.push_back(105 + i % 3);
  measured[7] = 0.01;
  EXPECT_EQ(Judge({ComparePaired(measured, std::vector<double>(25, 100), 1)})[0].verdict,
            Verdict::kMore);
}

TEST(CompareUnpairedTest, TellsADifferenceAndNoise) {
  const std::vector<double> before = {100, 102, 99, 101, 100, 98, 103, 100};
  std::vector<double> after;
  for (double value : before) after.push_back(value * 1.2);
  after.pop_back();
  const Comparison comparison = CompareUnpaired(after, before, 1);
  EXPECT_NEAR(comparison.ratio, 1.2, 0.01);
  EXPECT_EQ(Judge({comparison})[0].verdict, Verdict::kMore);
  EXPECT_EQ(Judge({CompareUnpaired(before, before, 1)})[0].verdict, Verdict::kCannotTell);
}

}  // namespace
}  // namespace loam::statistics
