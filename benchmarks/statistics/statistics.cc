#include "benchmarks/statistics/statistics.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "benchmarks/statistics/student.h"

namespace loam::statistics {
namespace {

double NormalDistribution(double z) { return 0.5 * std::erfc(-z / std::sqrt(2.0)); }

// The share of resampled medians that the interval leaves out on each side.
double ExpandedTail(size_t count) {
  const double n = static_cast<double>(count);
  return NormalDistribution(-std::sqrt(n / (n - 1)) * StudentQuantile(0.975, n - 1));
}

// The value of which a share of `sorted` lies below.
double Percentile(const std::vector<double> &sorted, double share) {
  const double last = static_cast<double>(sorted.size() - 1);
  return sorted[static_cast<size_t>(std::lround(share * last))];
}

// What `count` values make of their resampled medians.
Interval Expanded(std::vector<double> medians, size_t count) {
  std::sort(medians.begin(), medians.end());
  const double tail = ExpandedTail(count);
  return {Percentile(medians, tail), Percentile(medians, 1 - tail)};
}

double ResampledMedian(const std::vector<double> &values, std::mt19937_64 *random) {
  std::vector<double> sample(values.size());
  for (double &value : sample) value = values[(*random)() % values.size()];
  return Median(std::move(sample));
}

}  // namespace

double Median(std::vector<double> values) {
  const size_t middle = values.size() / 2;
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(middle);
  std::nth_element(values.begin(), at, values.end());
  if (values.size() % 2 == 1) return *at;
  return (*at + *std::max_element(values.begin(), at)) / 2;
}

double GeometricMean(const std::vector<double> &values) {
  double sum = 0;
  for (double value : values) sum += std::log(value);
  return std::exp(sum / static_cast<double>(values.size()));
}

Location TrimmedMean(std::vector<double> values) {
  constexpr size_t kValuesForEachTrimmed = 15;
  const size_t trimmed = values.size() / kValuesForEachTrimmed;
  const size_t last = values.size() - 1 - trimmed;
  std::sort(values.begin(), values.end());
  // Yuen: the spread is that of the values with the trimmed ones moved to the
  // nearest that is kept.
  for (double &value : values) value = std::clamp(value, values[trimmed], values[last]);
  double kept_sum = 0;
  double all_sum = 0;
  for (size_t i = 0; i < values.size(); i++) {
    all_sum += values[i];
    if (i >= trimmed && i <= last) kept_sum += values[i];
  }
  const double all_mean = all_sum / static_cast<double>(values.size());
  double squares = 0;
  for (double value : values) squares += (value - all_mean) * (value - all_mean);
  const double kept = static_cast<double>(last - trimmed + 1);
  return {kept_sum / kept, std::sqrt(squares / (kept * (kept - 1))), kept - 1};
}

std::optional<Interval> BootstrapMedian95(const std::vector<double> &values, size_t resamples,
                                          uint64_t seed) {
  if (values.size() < kFewestForInterval) return std::nullopt;
  std::mt19937_64 random(seed);
  std::vector<double> medians(resamples);
  for (double &median : medians) median = ResampledMedian(values, &random);
  return Expanded(std::move(medians), values.size());
}

std::optional<Interval> BootstrapMedianRatio95(const std::vector<double> &left,
                                               const std::vector<double> &right, size_t resamples,
                                               uint64_t seed) {
  const size_t fewer = std::min(left.size(), right.size());
  if (fewer < kFewestForInterval) return std::nullopt;
  std::mt19937_64 random(seed);
  std::vector<double> ratios(resamples);
  for (double &ratio : ratios) {
    ratio = ResampledMedian(left, &random);
    ratio /= ResampledMedian(right, &random);
  }
  return Expanded(std::move(ratios), fewer);
}

}  // namespace loam::statistics
