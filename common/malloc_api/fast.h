// What the standard names are: FAST(malloc) and FAST(free) are the variant's inline functions,
// where it gives such (a header that -DLOAM_FAST_PATHS names), else calls of its own.

#ifndef LOAM_COMMON_MALLOC_API_FAST_H_
#define LOAM_COMMON_MALLOC_API_FAST_H_

#include "common/malloc_api/variant_prefix.h"

#ifdef LOAM_FAST_PATHS
#include LOAM_FAST_PATHS
#define FAST(name) LOAM_JOIN(P(fast), name)
#else
#define FAST(name) P(name)
#endif

#endif  // LOAM_COMMON_MALLOC_API_FAST_H_
