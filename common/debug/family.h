// Families of calls: what one made, it must end. Only the debug level tells them apart.

#ifndef LOAM_COMMON_DEBUG_FAMILY_H_
#define LOAM_COMMON_DEBUG_FAMILY_H_

#include <stddef.h>

enum loam_family { LOAM_BY_MALLOC, LOAM_BY_NEW, LOAM_BY_NEW_ARRAY };

// What a variant has at the debug level alone:
// P_debug_new(family, size, alignment): as P_malloc, or P_aligned_alloc where alignment is not 0.
// P_debug_delete(family, block, size, alignment): its end; SIZE_MAX where no size is named, 0 where
// no alignment is.
// P_debug_leaks(): searches for leaks and reports them as at exit; how many bytes leaked.
#define LOAM_DECLARE_DEBUG(P)                                                          \
  __attribute__((nothrow)) void *P##_debug_new(enum loam_family family, size_t size,   \
                                               size_t alignment);                      \
  __attribute__((nothrow)) void P##_debug_delete(enum loam_family family, void *block, \
                                                 size_t size, size_t alignment);       \
  __attribute__((nothrow, visibility("default"))) size_t P##_debug_leaks(void)

#endif  // LOAM_COMMON_DEBUG_FAMILY_H_
