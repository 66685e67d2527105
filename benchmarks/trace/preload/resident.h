// How much of a large block the program has touched, when it gives it back.

#ifndef LOAM_BENCHMARKS_TRACE_PRELOAD_RESIDENT_H_
#define LOAM_BENCHMARKS_TRACE_PRELOAD_RESIDENT_H_

#include <stdint.h>

// Resident pages of the block + 1, or 0 where unknown: the block is small, or the
// allocator does not tell its size. Pages that an earlier block touched count
// too. Keeps errno.
uint64_t trace_resident(void *block);

#endif  // LOAM_BENCHMARKS_TRACE_PRELOAD_RESIDENT_H_
