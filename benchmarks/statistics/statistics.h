// What a list of measurements comes to.

#ifndef LOAM_BENCHMARKS_STATISTICS_STATISTICS_H_
#define LOAM_BENCHMARKS_STATISTICS_STATISTICS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace loam::statistics {

// With fewer, all of them on one side of 1 would still be chance more than one
// time in twenty (2 * 0.5^5 > 0.05): no interval is given.
constexpr size_t kFewestForInterval = 6;

// The middle value, or the mean of the two middle ones. `values` is not empty.
double Median(std::vector<double> values);

// exp(mean(log(values))); every value is positive, and there is at least one.
double GeometricMean(const std::vector<double> &values);

// The mean of `values` without the least and the largest for each full fifteen
// of them, and how far it may be off.
//
// Why so few are left out: with seven values each one counts, and the t-test on
// a mean that is trimmed more finds differences in noise with two modes. With
// fifteen, a pause of the machine in one of them no longer hides a difference.
struct Location {
  double mean;
  double standard_error;
  double degrees;  // of freedom
};

// At least two values.
Location TrimmedMean(std::vector<double> values);

struct Interval {
  double low;
  double high;
  bool Contains(double value) const { return low <= value && value <= high; }
};

// A 95 % interval of the median of `values`, by the bootstrap: medians of
// `resamples` samples drawn with replacement, and the percentiles between
// which they lie. The plain percentiles are too narrow for few values, so they
// are widened as a t interval is wider than a normal one (the "expanded
// percentile" interval). The same seed gives the same interval.
// Nothing for fewer than kFewestForInterval values.
std::optional<Interval> BootstrapMedian95(const std::vector<double> &values, size_t resamples,
                                          uint64_t seed);

// The same of Median(left) / Median(right), each resampled by itself.
std::optional<Interval> BootstrapMedianRatio95(const std::vector<double> &left,
                                               const std::vector<double> &right, size_t resamples,
                                               uint64_t seed);

}  // namespace loam::statistics

#endif  // LOAM_BENCHMARKS_STATISTICS_STATISTICS_H_
