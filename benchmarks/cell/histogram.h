// Counts of values, in buckets that widen with the value.

#ifndef LOAM_BENCHMARKS_CELL_HISTOGRAM_H_
#define LOAM_BENCHMARKS_CELL_HISTOGRAM_H_

#include <cstddef>
#include <cstdint>

namespace loam::cell {

// Every doubling has kSteps buckets, so a quantile is right to one part in
// 2 * kSteps; the largest value is kept as it is. Valid when zeroed. Not
// thread-safe.
class Histogram {
 public:
  void Add(uint64_t value) {
    const size_t bucket = BucketOf(value);
    counts_[bucket < kBuckets ? bucket : kBuckets - 1]++;
    count_++;
    if (value > max_) max_ = value;
  }

  void Merge(const Histogram &other);

  // The value that a share of at least `quantile` of the values does not
  // exceed; 0 where there are none.
  uint64_t Quantile(double quantile) const;

  uint64_t count() const { return count_; }
  uint64_t max() const { return max_; }

 private:
  static constexpr unsigned kStepsLog2 = 5;
  static constexpr size_t kSteps = size_t{1} << kStepsLog2;
  static constexpr size_t kDoublings = 36;  // beyond kSteps
  static constexpr size_t kBuckets = kSteps * (kDoublings + 1);

  // Buckets of width 1 up to 2 * kSteps, then of 2, 4, ...
  static size_t BucketOf(uint64_t value) {
    if (value < kSteps) return value;
    const unsigned width_log2 = 63 - static_cast<unsigned>(__builtin_clzll(value)) - kStepsLog2;
    return (width_log2 << kStepsLog2) + (value >> width_log2);
  }
  static uint64_t MiddleOf(size_t bucket);

  uint64_t count_;
  uint64_t max_;
  uint64_t counts_[kBuckets];
};

}  // namespace loam::cell

#endif  // LOAM_BENCHMARKS_CELL_HISTOGRAM_H_
