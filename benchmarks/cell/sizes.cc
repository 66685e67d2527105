#include "benchmarks/cell/sizes.h"

#include <cmath>

namespace loam::cell {

void SizeTable::FillLogUniform(size_t low, size_t high, uint64_t seed, SizeTable *table) {
  Random random(seed);
  const double span = std::log2(static_cast<double>(high) / static_cast<double>(low));
  for (uint32_t &size : table->sizes_) {
    size = static_cast<uint32_t>(static_cast<double>(low) * std::exp2(random.Fraction() * span));
  }
}

void SizeTable::FillHeavyTailed(size_t low, size_t high, uint64_t seed, SizeTable *table) {
  // P(size > s) = (low / s)^shape, cut at high, by inversion.
  constexpr double kShape = 1.1;
  Random random(seed);
  const double kept = 1 - std::pow(static_cast<double>(low) / static_cast<double>(high), kShape);
  for (uint32_t &size : table->sizes_) {
    const double survival = 1 - random.Fraction() * kept;
    size = static_cast<uint32_t>(static_cast<double>(low) * std::pow(survival, -1 / kShape));
  }
}

}  // namespace loam::cell
