// Memory of this process that is resident.

#ifndef LOAM_BENCHMARKS_CELL_RESIDENT_H_
#define LOAM_BENCHMARKS_CELL_RESIDENT_H_

#include <cstdint>

namespace loam::cell {

// Both in bytes, or kNotMeasured where /proc does not say; neither allocates. To the page, where
// what the kernel says of a process that has ended is off by what each processor had not yet added
// up.
int64_t ResidentBytes();
int64_t PeakResidentBytes();  // the most there has been

}  // namespace loam::cell

#endif  // LOAM_BENCHMARKS_CELL_RESIDENT_H_
