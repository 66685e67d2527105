// Random numbers that are the same for a seed on every machine, cheap enough
// to draw inside a measured loop.

#ifndef LOAM_BENCHMARKS_CELL_RANDOM_H_
#define LOAM_BENCHMARKS_CELL_RANDOM_H_

#include <cstddef>
#include <cstdint>

namespace loam::cell {

// SplitMix64: a counter, mixed. Any seed will do.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t Next() {
    uint64_t mixed = state_ += 0x9e3779b97f4a7c15;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    return mixed ^ (mixed >> 31);
  }

  // In [0, bound), by the upper half of a product; bound under 2^32.
  size_t Below(size_t bound) { return static_cast<size_t>(((Next() >> 32) * bound) >> 32); }

  // In [low, high].
  size_t Between(size_t low, size_t high) { return low + Below(high - low + 1); }

  // In [0, 1).
  double Fraction() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }

 private:
  uint64_t state_;
};

}  // namespace loam::cell

#endif  // LOAM_BENCHMARKS_CELL_RANDOM_H_
