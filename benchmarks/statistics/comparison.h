// Two lists of measurements side by side, and what many such comparisons allow
// to be said.
//
// How a difference is told from chance:
//
//   - The p-value is a t-test's on logarithms of ratios. It is not exact, but a
//     handful of rounds can give it any size. An exact test cannot go below
//     2 / 2^n, 0.016 for seven rounds: after a correction for a hundred cells
//     it would never find anything. What makes the t-test sound here: under
//     one allocator both values of a pair come of one distribution, so their
//     log ratio is symmetric, with its mode at 0. For such noise, heavy tails
//     and two modes included, the test errs to the safe side or hardly at all
//     (comparison_test.cc checks that).
//   - All p-values of one table are corrected together, after Benjamini and
//     Hochberg: of the cells that are called faster or slower, 5 % are wrong at
//     most, on average; where nothing differs, one table in twenty has any.
//     Holm's correction would promise that no cell of a table is wrong; of
//     hundreds of cells, most of them truly different, it hides too many.
//   - The exact rank test, alone, and the bootstrap interval must agree. They
//     assume nothing of the noise, and guard against what misleads a mean.

#ifndef LOAM_BENCHMARKS_STATISTICS_COMPARISON_H_
#define LOAM_BENCHMARKS_STATISTICS_COMPARISON_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "benchmarks/statistics/statistics.h"

namespace loam::statistics {

constexpr double kLevel = 0.05;

struct Comparison {
  double ratio;                      // median of the ratios, or ratio of the medians
  std::optional<Interval> interval;  // 95 % of that; none from too few values
  // Of the mean log ratio; meaningful only where there is an interval.
  Location log_ratio;
  double p;       // of the t-test
  double rank_p;  // of the rank test
};

// How `measured` relates to `baseline`, the i-th of each taken in one round;
// all positive, as many of each, at least one.
Comparison ComparePaired(const std::vector<double> &measured, const std::vector<double> &baseline,
                         uint64_t seed);

// How `after` relates to `before`, measured apart; all positive, neither empty.
Comparison CompareUnpaired(const std::vector<double> &after, const std::vector<double> &before,
                           uint64_t seed);

enum class Verdict { kLess, kMore, kCannotTell };

struct Judgement {
  double adjusted_p;
  Verdict verdict;
  // The least difference, as a share (0.02 is 2 %), that a comparison with this
  // noise would have shown four times in five. None without an interval.
  std::optional<double> smallest_visible;
};

// Judges comparisons together, in their order.
std::vector<Judgement> Judge(const std::vector<Comparison> &comparisons);

// Each p-value as Benjamini and Hochberg correct it: the least level at which
// it would still count as found.
std::vector<double> AdjustForMany(const std::vector<double> &p_values);

}  // namespace loam::statistics

#endif  // LOAM_BENCHMARKS_STATISTICS_COMPARISON_H_
