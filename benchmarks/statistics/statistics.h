// What repeated measurements say about a ratio, and when they say nothing.

#ifndef LOAM_BENCHMARKS_STATISTICS_STATISTICS_H_
#define LOAM_BENCHMARKS_STATISTICS_STATISTICS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace loam::statistics {

// With fewer pairs, all of them on one side of 1 would still be chance more
// than one time in twenty (2 * 0.5^5 > 0.05): no interval is given.
constexpr size_t kFewestPairsForInterval = 6;

// The middle value, or the mean of the two middle ones. `values` is not empty.
double Median(std::vector<double> values);

// exp(mean(log(values))); every value is positive, and there is at least one.
double GeometricMean(const std::vector<double> &values);

// The value below which a share of 0.975 of Student's t distribution lies, by
// its expansion around the normal one; `degrees` of freedom are at least 5,
// where it is right to a tenth of a percent.
double StudentQuantile975(size_t degrees);

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
// Nothing for fewer than kFewestPairsForInterval values.
std::optional<Interval> BootstrapMedian95(const std::vector<double> &values, size_t resamples,
                                          uint64_t seed);

enum class Verdict { kLess, kMore, kCannotTell };

struct PairedRatio {
  double median;                     // of the ratios, pair by pair
  std::optional<Interval> interval;  // 95 %, where there are enough pairs
  Verdict verdict;                   // kCannotTell without an interval, or when it holds 1
};

// How `measured` relates to `baseline`, the i-th of each taken in one round;
// all positive, as many of each, at least one.
PairedRatio ComparePaired(const std::vector<double> &measured, const std::vector<double> &baseline,
                          uint64_t seed);

}  // namespace loam::statistics

#endif  // LOAM_BENCHMARKS_STATISTICS_STATISTICS_H_
