// Sizes that programs ask for, drawn before the clock starts.

#ifndef LOAM_BENCHMARKS_CELL_SIZES_H_
#define LOAM_BENCHMARKS_CELL_SIZES_H_

#include <cstddef>
#include <cstdint>

#include "benchmarks/cell/random.h"
#include "benchmarks/cell/scratch.h"

namespace loam::cell {

// A table of sizes from which a loop draws at the cost of one load.
class SizeTable {
 public:
  // Even over the doublings between low and high, both at least kSmallestBlock.
  static void FillLogUniform(size_t low, size_t high, uint64_t seed, SizeTable *table);

  // Mostly small, now and then very large: a bounded Pareto distribution. In a
  // server, most objects are records, a few are buffers, and the few hold most
  // of the bytes.
  static void FillHeavyTailed(size_t low, size_t high, uint64_t seed, SizeTable *table);

  // Its logarithm is normal, with the given median and the standard deviation
  // `sigma` (of the natural logarithm); cut at both ends. So are the values of
  // caches and the documents of many stores.
  static void FillLogNormal(size_t median, double sigma, size_t low, size_t high, uint64_t seed,
                            SizeTable *table);

  size_t Draw(Random *random) { return sizes_[random->Next() >> (64 - kLog2)]; }
  size_t At(size_t index) { return sizes_[index & (kEntries - 1)]; }

 private:
  static constexpr size_t kLog2 = 12;
  static constexpr size_t kEntries = size_t{1} << kLog2;

  Scratch<uint32_t> sizes_{kEntries};
};

}  // namespace loam::cell

#endif  // LOAM_BENCHMARKS_CELL_SIZES_H_
