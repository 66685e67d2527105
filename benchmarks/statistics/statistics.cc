#include "benchmarks/statistics/statistics.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace loam::statistics {
namespace {

constexpr size_t kResamples = 4000;
constexpr double kNormalQuantile975 = 1.959963984540054;

double NormalDistribution(double z) { return 0.5 * std::erfc(-z / std::sqrt(2.0)); }

// The share of resampled medians that the interval leaves out on each side.
double ExpandedTail(size_t count) {
  const double n = static_cast<double>(count);
  return NormalDistribution(-std::sqrt(n / (n - 1)) * StudentQuantile975(count - 1));
}

// The value of which a share of `sorted` lies below.
double Percentile(const std::vector<double> &sorted, double share) {
  const double last = static_cast<double>(sorted.size() - 1);
  return sorted[static_cast<size_t>(std::lround(share * last))];
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

double StudentQuantile975(size_t degrees) {
  const double z = kNormalQuantile975;
  const double v = static_cast<double>(degrees);
  const double z2 = z * z;
  const double first = (z2 + 1) / 4;
  const double second = ((5 * z2 + 16) * z2 + 3) / 96;
  const double third = (((3 * z2 + 19) * z2 + 17) * z2 - 15) / 384;
  return z * (1 + first / v + second / (v * v) + third / (v * v * v));
}

std::optional<Interval> BootstrapMedian95(const std::vector<double> &values, size_t resamples,
                                          uint64_t seed) {
  if (values.size() < kFewestPairsForInterval) return std::nullopt;
  std::mt19937_64 random(seed);
  std::vector<double> medians(resamples);
  std::vector<double> sample(values.size());
  for (double &median : medians) {
    for (double &value : sample) value = values[random() % values.size()];
    median = Median(sample);
  }
  std::sort(medians.begin(), medians.end());
  const double tail = ExpandedTail(values.size());
  return Interval{Percentile(medians, tail), Percentile(medians, 1 - tail)};
}

PairedRatio ComparePaired(const std::vector<double> &measured, const std::vector<double> &baseline,
                          uint64_t seed) {
  std::vector<double> ratios;
  for (size_t i = 0; i < measured.size(); i++) ratios.push_back(measured[i] / baseline[i]);
  PairedRatio result = {Median(ratios), BootstrapMedian95(ratios, kResamples, seed),
                        Verdict::kCannotTell};
  if (result.interval && !result.interval->Contains(1)) {
    result.verdict = result.interval->high < 1 ? Verdict::kLess : Verdict::kMore;
  }
  return result;
}

}  // namespace loam::statistics
