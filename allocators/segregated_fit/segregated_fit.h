// segregated_fit: bounded time. Two-level segregated lists over boundary tags: no
// call searches, whatever the heap holds. README.md draws it and argues the
// bounds.

#ifndef LOAM_ALLOCATORS_SEGREGATED_FIT_SEGREGATED_FIT_H_
#define LOAM_ALLOCATORS_SEGREGATED_FIT_SEGREGATED_FIT_H_

#include "common/variant/variant.h"

#ifdef __cplusplus
extern "C" {
#endif

// sf_malloc, sf_free, ..., sf_heap_destroy: see common/variant/variant.h.
LOAM_DECLARE_VARIANT(sf);

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  // LOAM_ALLOCATORS_SEGREGATED_FIT_SEGREGATED_FIT_H_
