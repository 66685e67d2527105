// first_fit: the classical design, fit to read and fit to use. Boundary tags,
// explicit LIFO free lists, first fit, coalescing both ways, O(1) free, arenas
// each with its own lock. README.md draws it and argues the bounds.

#ifndef LOAM_ALLOCATORS_FIRST_FIT_FIRST_FIT_H_
#define LOAM_ALLOCATORS_FIRST_FIT_FIRST_FIT_H_

#include "common/variant/variant.h"

#ifdef __cplusplus
extern "C" {
#endif

// ff_malloc, ff_free, ..., ff_heap_destroy: see common/variant/variant.h.
LOAM_DECLARE_VARIANT(ff);

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  // LOAM_ALLOCATORS_FIRST_FIT_FIRST_FIT_H_
