#include "benchmarks/cell/histogram.h"

#include <algorithm>
#include <cmath>

namespace loam::cell {

void Histogram::Merge(const Histogram &other) {
  for (size_t i = 0; i < kBuckets; i++) counts_[i] += other.counts_[i];
  count_ += other.count_;
  max_ = std::max(max_, other.max_);
}

uint64_t Histogram::Quantile(double quantile) const {
  const double wanted = std::ceil(quantile * static_cast<double>(count_));
  uint64_t seen = 0;
  for (size_t i = 0; i < kBuckets; i++) {
    seen += counts_[i];
    if (seen > 0 && static_cast<double>(seen) >= wanted) return std::min(MiddleOf(i), max_);
  }
  return max_;
}

uint64_t Histogram::MiddleOf(size_t bucket) {
  if (bucket < 2 * kSteps) return bucket;
  const unsigned width_log2 = static_cast<unsigned>(bucket >> kStepsLog2) - 1;
  const uint64_t low = ((bucket & (kSteps - 1)) + kSteps) << width_log2;
  return low + (uint64_t{1} << width_log2) / 2;
}

}  // namespace loam::cell
