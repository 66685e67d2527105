// The fast paths: for the variant's own functions, and for the standard names, which are spared a
// jump by having them for their own. (At the hardened level neither is used.)

#ifndef LOAM_ALLOCATORS_THREAD_HEAP_FAST_PATH_H_
#define LOAM_ALLOCATORS_THREAD_HEAP_FAST_PATH_H_

#include "allocators/thread_heap/heap.h"

#define TH_UNLIKELY(condition) __builtin_expect((condition) != 0, 0)

// The block on top of a stack, or NULL where it is empty.
static inline void *th_pop(size_t class) {
  void **top = th_local.top[class];
  void *block = *top;
  if (TH_UNLIKELY(block == NULL)) return NULL;
  th_local.top[class] = top - 1;
  if (TH_MARKS) *(uintptr_t *)block = 0;  // the mark
  return block;
}

// From this thread's stack, or NULL.
static inline void *th_try_malloc(size_t size) {
  return TH_UNLIKELY(size > TH_SLAB_BYTES_MAX) ? NULL : th_pop(th_table_class(size));
}

static inline void *th_fast_malloc(size_t size) {
  void *block = th_try_malloc(size);
  return TH_UNLIKELY(block == NULL) ? th_malloc_slow(size) : block;
}

// The class of a block of the program's, where free's fast path would take it; else 0.
static inline unsigned th_fast_class(const void *block) {
  size_t limit = atomic_load_explicit(&th_region.limit, memory_order_acquire);  // as in free
  uintptr_t base = (uintptr_t)th_region.base;
  size_t slice = ((uintptr_t)block - base) >> TH_SLICE_BITS;
  if (TH_UNLIKELY(slice >= limit)) return 0;
  unsigned class = th_map_at(base, slice);
  uint32_t reciprocal = th_local.free[class].reciprocal;
  uint32_t offset = (uint32_t)(uintptr_t)block & th_local.free[class].offset_mask;
  bool is_start = offset * reciprocal < reciprocal;
  return is_start && *(const uintptr_t *)block != base ? class : 0;
}

static inline void th_fast_free(void *block) {
  // Acquire: pairs with the release in th_region_set_up, so that whoever sees a limit sees the
  // base. (That the limit is over the block, a thread with a block learnt with it.)
  size_t limit = atomic_load_explicit(&th_region.limit, memory_order_acquire);
  uintptr_t base = (uintptr_t)th_region.base;
  size_t slice = ((uintptr_t)block - base) >> TH_SLICE_BITS;
  if (TH_UNLIKELY(slice >= limit)) {
    th_free_slow(block);
    return;
  }
  // (Each access names th_local: one instruction, with the thread's base in it.)
  unsigned class = th_map_at(base, slice);
  uint32_t reciprocal = th_local.free[class].reciprocal;
  uint32_t offset = (uint32_t)(uintptr_t)block & th_local.free[class].offset_mask;
  // Not the start of a block of a cached class; or a mark, which says that it is free.
  bool is_checked = TH_MARKS;
  if ((is_checked && TH_UNLIKELY(offset * reciprocal >= reciprocal)) ||
      (is_checked && TH_UNLIKELY(*(uintptr_t *)block == base))) {
    th_free_slow(block);
    return;
  }
  // Counted down and asked for its sign in one instruction: it is far below 2^15.
  if (TH_UNLIKELY((int16_t)--th_local.free[class].room < 0)) {
    th_local.free[class].room = 0;
    th_free_slow(block);
    return;
  }
  void **top = th_local.top[class] + 1;
  if (is_checked) *(uintptr_t *)block = base;  // the mark
  *top = block;
  th_local.top[class] = top;
}

#endif  // LOAM_ALLOCATORS_THREAD_HEAP_FAST_PATH_H_
