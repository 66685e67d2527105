// The functions of the variant that the standard names are compiled for.

#ifndef LOAM_COMMON_MALLOC_API_VARIANT_PREFIX_H_
#define LOAM_COMMON_MALLOC_API_VARIANT_PREFIX_H_

#include "common/variant/variant.h"

#ifndef LOAM_PREFIX
#error "compile with -DLOAM_PREFIX=ff, or another variant's prefix"
#endif

#define LOAM_DECLARE_EXPANDED(prefix) LOAM_DECLARE_VARIANT(prefix)

#ifdef __cplusplus
extern "C" {
#endif

LOAM_DECLARE_EXPANDED(LOAM_PREFIX);

#ifdef __cplusplus
}  // extern "C"
#endif

// P(malloc) is ff_malloc.
#define P(name) LOAM_JOIN(LOAM_PREFIX, name)

#endif  // LOAM_COMMON_MALLOC_API_VARIANT_PREFIX_H_
