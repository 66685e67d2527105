// thread_heap: the fast default. Each thread has a cache of free blocks; slabs of
// one size class each feed it, and what is known of them lies out of reach of the
// program's bugs. README.md draws it.

#ifndef LOAM_ALLOCATORS_THREAD_HEAP_THREAD_HEAP_H_
#define LOAM_ALLOCATORS_THREAD_HEAP_THREAD_HEAP_H_

#include "common/variant/variant.h"

#ifdef __cplusplus
extern "C" {
#endif

// th_malloc, th_free, ..., th_heap_destroy: see common/variant/variant.h.
LOAM_DECLARE_VARIANT(th);

// Writes the heap profile to a file descriptor, in the text format of pprof, where one is taken
// (LOAM_OPTIONS=profile_sample=512K). False where not, or where writing failed. Never allocates;
// may be called in a signal handler.
LOAM_FUNCTION bool th_profile_write(int fd);

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  // LOAM_ALLOCATORS_THREAD_HEAP_THREAD_HEAP_H_
