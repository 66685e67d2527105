#include "benchmarks/cell/sizes.h"

#include <algorithm>
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

void SizeTable::FillLogNormal(size_t median, double sigma, size_t low, size_t high, uint64_t seed,
                              SizeTable *table) {
  // Box and Muller's way to normal numbers.
  constexpr double kTwoPi = 6.283185307179586;
  Random random(seed);
  for (uint32_t &size : table->sizes_) {
    const double radius = std::sqrt(-2 * std::log(1 - random.Fraction()));
    const double normal = radius * std::cos(kTwoPi * random.Fraction());
    const double drawn = static_cast<double>(median) * std::exp(sigma * normal);
    size = static_cast<uint32_t>(
        std::clamp(drawn, static_cast<double>(low), static_cast<double>(high)));
  }
}

}  // namespace loam::cell
