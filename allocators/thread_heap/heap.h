// The state of the variant: its arenas, which of them a thread uses, and all
// that a call does off the fast path. Any thread may call any of it.
//
// Order of locks: state's, then an arena's, then the region's or large's. Only a fork
// takes several arenas' locks at once.

#ifndef LOAM_ALLOCATORS_THREAD_HEAP_HEAP_H_
#define LOAM_ALLOCATORS_THREAD_HEAP_HEAP_H_

#include "allocators/thread_heap/cache.h"

// What a caller wants.
struct th_request {
  size_t bytes;
  size_t alignment;  // a power of two, or 0 for what every block has
  bool zeroed;
};

// A block, by whatever way; NULL with errno = ENOMEM.
void *th_malloc_any(struct th_request want);

// malloc's and free's way off the fast path.
void *th_malloc_slow(size_t bytes) __attribute__((cold, noinline));
void th_free_slow(void *block) __attribute__((cold, noinline));

void *th_realloc_block(void *block, size_t bytes);
size_t th_block_usable(const void *block);

// Heaps of one's own.
struct loam_heap *th_own_create(void);
void th_own_destroy(struct loam_heap *heap);
void *th_own_malloc(struct loam_heap *heap, struct th_request want);
void *th_own_realloc(struct loam_heap *heap, void *block, size_t bytes);
void th_own_free(struct loam_heap *heap, void *block);
void th_own_stats(struct loam_heap *heap, struct loam_stats *stats);

// The whole variant.
bool th_state_trim(size_t keep);
void th_state_stats(struct loam_stats *stats);
bool th_state_check(void);

#endif  // LOAM_ALLOCATORS_THREAD_HEAP_HEAP_H_
