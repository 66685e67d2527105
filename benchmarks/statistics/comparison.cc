#include "benchmarks/statistics/comparison.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "benchmarks/statistics/ranks.h"
#include "benchmarks/statistics/student.h"

namespace loam::statistics {
namespace {

constexpr size_t kResamples = 4000;
constexpr double kPower = 0.8;  // "four times in five"

std::vector<double> Logarithms(const std::vector<double> &values) {
  std::vector<double> logarithms;
  for (double value : values) logarithms.push_back(std::log(value));
  return logarithms;
}

double TestOf(const Location &location) {
  // Without any noise every difference is real.
  if (location.standard_error == 0) return location.mean == 0 ? 1 : 0;
  return StudentTwoSidedP(location.mean / location.standard_error, location.degrees);
}

// Welch: the two may differ in noise and in number.
Location Difference(const Location &left, const Location &right) {
  const double left_variance = left.standard_error * left.standard_error;
  const double right_variance = right.standard_error * right.standard_error;
  const double variance = left_variance + right_variance;
  const double degrees = variance == 0 ? left.degrees + right.degrees
                                       : variance * variance /
                                             (left_variance * left_variance / left.degrees +
                                              right_variance * right_variance / right.degrees);
  return {left.mean - right.mean, std::sqrt(variance), degrees};
}

Verdict VerdictOf(const Comparison &comparison, double adjusted_p) {
  const bool told = comparison.interval && !comparison.interval->Contains(1) &&
                    comparison.rank_p <= kLevel && adjusted_p <= kLevel;
  if (told && comparison.interval->high < 1 && comparison.log_ratio.mean < 0) return Verdict::kLess;
  if (told && comparison.interval->low > 1 && comparison.log_ratio.mean > 0) return Verdict::kMore;
  return Verdict::kCannotTell;
}

double SmallestVisible(const Location &log_ratio, double level) {
  const double steps = StudentQuantile(1 - level / 2, log_ratio.degrees) +
                       StudentQuantile(kPower, log_ratio.degrees);
  return std::expm1(steps * log_ratio.standard_error);
}

}  // namespace

Comparison ComparePaired(const std::vector<double> &measured, const std::vector<double> &baseline,
                         uint64_t seed) {
  std::vector<double> ratios;
  for (size_t i = 0; i < measured.size(); i++) ratios.push_back(measured[i] / baseline[i]);
  Comparison comparison = {Median(ratios), BootstrapMedian95(ratios, kResamples, seed), {}, 1, 1};
  if (!comparison.interval) return comparison;
  const std::vector<double> logarithms = Logarithms(ratios);
  comparison.log_ratio = TrimmedMean(logarithms);
  comparison.p = TestOf(comparison.log_ratio);
  comparison.rank_p = SignedRankP(logarithms);
  return comparison;
}

Comparison CompareUnpaired(const std::vector<double> &after, const std::vector<double> &before,
                           uint64_t seed) {
  Comparison comparison = {Median(after) / Median(before),
                           BootstrapMedianRatio95(after, before, kResamples, seed),
                           {},
                           1,
                           1};
  if (!comparison.interval) return comparison;
  comparison.log_ratio =
      Difference(TrimmedMean(Logarithms(after)), TrimmedMean(Logarithms(before)));
  comparison.p = TestOf(comparison.log_ratio);
  comparison.rank_p = RankSumP(after, before);
  return comparison;
}

std::vector<double> AdjustForMany(const std::vector<double> &p_values) {
  std::vector<size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(),
            [&p_values](size_t a, size_t b) { return p_values[a] < p_values[b]; });
  std::vector<double> adjusted(p_values.size());
  const double count = static_cast<double>(p_values.size());
  double least = 1;
  for (size_t i = order.size(); i > 0; i--) {
    least = std::min(least, p_values[order[i - 1]] * count / static_cast<double>(i));
    adjusted[order[i - 1]] = least;
  }
  return adjusted;
}

std::vector<Judgement> Judge(const std::vector<Comparison> &comparisons) {
  std::vector<double> p_values;
  for (const Comparison &comparison : comparisons) {
    if (comparison.interval) p_values.push_back(comparison.p);
  }
  const std::vector<double> adjusted = AdjustForMany(p_values);
  // What a p-value had to be in this company; with one find more, that one's.
  const auto found = static_cast<size_t>(
      std::count_if(adjusted.begin(), adjusted.end(), [](double p) { return p <= kLevel; }));
  const double level = kLevel * static_cast<double>(std::min(found + 1, adjusted.size())) /
                       static_cast<double>(std::max<size_t>(adjusted.size(), 1));
  std::vector<Judgement> judgements;
  size_t next = 0;
  for (const Comparison &comparison : comparisons) {
    if (!comparison.interval) {
      judgements.push_back({1, Verdict::kCannotTell, std::nullopt});
      continue;
    }
    const double adjusted_p = adjusted[next++];
    judgements.push_back({adjusted_p, VerdictOf(comparison, adjusted_p),
                          SmallestVisible(comparison.log_ratio, level)});
  }
  return judgements;
}

}  // namespace loam::statistics
