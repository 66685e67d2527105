// Memory of this process that is resident now.

#ifndef LOAM_BENCHMARKS_CELL_RESIDENT_H_
#define LOAM_BENCHMARKS_CELL_RESIDENT_H_

#include <cstdint>

namespace loam::cell {

// In bytes, or kNotMeasured where /proc does not say. Never allocates.
int64_t ResidentBytes();

}  // namespace loam::cell

#endif  // LOAM_BENCHMARKS_CELL_RESIDENT_H_
