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

// sf_heap_create_with_memory(memory, bytes): a heap that lives in the caller's
// memory, all of it there, for real-time use: sf_heap_malloc, sf_heap_calloc,
// sf_heap_aligned_alloc, sf_heap_free and sf_heap_realloc on it run in a bounded
// number of steps (but for clearing and copying) and never enter the kernel, but
// to wait for another thread that is inside. It does not grow: exhausted, it
// gives NULL with errno = ENOMEM. A block is at most 4 GiB - 144 bytes.
//
// The memory may have any alignment and any content, and has to stay until
// sf_heap_destroy, which gives it back to the caller as it is. (All heaps are on
// one list: memory that goes before its heap breaks the next call that walks it.) About 7 KiB of it
// are the heap's own records. Too small for those: NULL with errno = ENOMEM.
// The first touch of a page enters the kernel, too: who must not have that locks
// the memory first (mlock).
//
// The plain sf_free also takes such blocks, but looks for their heap through all
// heaps there are. Not where the memory is itself a block of this variant: then
// only the sf_heap_ functions know the heap's blocks from that one.
LOAM_FUNCTION struct loam_heap *sf_heap_create_with_memory(void *memory, size_t bytes)
    LOAM_SYMBOL(sf_heap_create_with_memory) __attribute__((warn_unused_result));

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  // LOAM_ALLOCATORS_SEGREGATED_FIT_SEGREGATED_FIT_H_
