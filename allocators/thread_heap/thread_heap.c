// The functions of the variant, and its fast paths.

#include "allocators/thread_heap/thread_heap.h"

#include <errno.h>
#include <string.h>

#include "allocators/thread_heap/heap.h"

#define UNLIKELY(condition) __builtin_expect((condition) != 0, 0)

static bool is_power_of_two(size_t value) { return value != 0 && (value & (value - 1)) == 0; }

static bool multiply(size_t count, size_t size, size_t *bytes) {
  return !__builtin_mul_overflow(count, size, bytes);
}

static void *out_of_memory(void) {
  errno = ENOMEM;
  return NULL;
}

// --- malloc ------------------------------------------------------------------

// The block on top of a stack, or NULL where it is empty.
static inline void *pop(size_t class) {
  void **top = th_local.top[class];
  void *block = *top;
  if (UNLIKELY(block == NULL)) return NULL;
  th_local.top[class] = top - 1;
  if (TH_MARKS) *(uintptr_t *)block = 0;  // the mark
  return block;
}

void *th_malloc(size_t size) {
  if (LOAM_HARDENED) return th_hardened_malloc(size);
  if (UNLIKELY(size > TH_SLAB_BYTES_MAX)) return th_malloc_slow(size);
  void *block = pop(th_table_class(size));
  return UNLIKELY(block == NULL) ? th_malloc_slow(size) : block;
}

void *th_calloc(size_t count, size_t size) {
  size_t bytes;
  if (!multiply(count, size, &bytes)) return out_of_memory();
  if (LOAM_HARDENED) return th_hardened_calloc(bytes);
  if (UNLIKELY(bytes > TH_SLAB_BYTES_MAX)) {
    return th_malloc_any((struct th_request){.bytes = bytes, .zeroed = true});
  }
  void *block = pop(th_table_class(bytes));
  if (UNLIKELY(block == NULL)) {
    return th_malloc_any((struct th_request){.bytes = bytes, .zeroed = true});
  }
  return memset(block, 0, bytes);
}

// --- free --------------------------------------------------------------------

void th_free(void *block) {
  if (LOAM_HARDENED) {
    th_hardened_free(block);
    return;
  }
  // Acquire: pairs with the release in th_region_set_up, so that whoever sees a limit sees the
  // base. (That the limit is over the block, a thread with a block learnt with it.)
  size_t limit = atomic_load_explicit(&th_region.limit, memory_order_acquire);
  uintptr_t base = (uintptr_t)th_region.base;
  size_t slice = ((uintptr_t)block - base) >> TH_SLICE_BITS;
  if (UNLIKELY(slice >= limit)) {
    th_free_slow(block);
    return;
  }
  // (Each access names th_local: one instruction, with the thread's base in it.)
  unsigned class = th_map_at(base, slice);
  uint32_t reciprocal = th_local.free[class].reciprocal;
  uint32_t offset = (uint32_t)(uintptr_t)block & th_local.free[class].offset_mask;
  // Not the start of a block of a cached class; or a mark, which says that it is free.
  bool is_checked = TH_MARKS;
  if ((is_checked && UNLIKELY(offset * reciprocal >= reciprocal)) ||
      (is_checked && UNLIKELY(*(uintptr_t *)block == base))) {
    th_free_slow(block);
    return;
  }
  // Counted down and asked for its sign in one instruction: it is far below 2^15.
  if (UNLIKELY((int16_t)--th_local.free[class].room < 0)) {
    th_local.free[class].room = 0;
    th_free_slow(block);
    return;
  }
  void **top = th_local.top[class] + 1;
  if (is_checked) *(uintptr_t *)block = base;  // the mark
  *top = block;
  th_local.top[class] = top;
}

void th_free_sized(void *block, size_t size) {
  if (LOAM_HARDENED) {
    th_hardened_free_sized(block, size);
  } else {
    th_free(block);
  }
}

void th_free_aligned_sized(void *block, size_t alignment, size_t size) {
  if (LOAM_HARDENED) th_check_size(block, size, alignment);
  th_free(block);
}

// --- The rest ----------------------------------------------------------------

void *th_realloc(void *block, size_t size) {
  return block == NULL ? th_malloc(size) : th_realloc_block(block, size);
}

void *th_reallocarray(void *block, size_t count, size_t size) {
  size_t bytes;
  return multiply(count, size, &bytes) ? th_realloc(block, bytes) : out_of_memory();
}

// From this thread's stack, or NULL.
static inline void *pop_aligned(size_t alignment, size_t size) {
  if (LOAM_HARDENED || size > TH_SLAB_BYTES_MAX || alignment > TH_SLICE_BYTES) return NULL;
  unsigned class = th_class_for(size, alignment);
  return class < TH_SPAN_CLASS ? pop(class) : NULL;
}

void *th_aligned_alloc(size_t alignment, size_t size) {
  if (!is_power_of_two(alignment)) {
    errno = EINVAL;
    return NULL;
  }
  if (alignment <= TH_ALIGNMENT) return th_malloc(size);
  if (LOAM_HARDENED) return th_hardened_aligned_alloc(alignment, size);
  void *block = pop_aligned(alignment, size);
  if (block != NULL) return block;
  return th_malloc_any((struct th_request){.bytes = size, .alignment = alignment});
}

int th_posix_memalign(void **block, size_t alignment, size_t size) {
  if (!is_power_of_two(alignment) || alignment % sizeof(void *) != 0) return EINVAL;
  void *address = pop_aligned(alignment, size);
  if (address == NULL) {
    int saved_errno = errno;
    address = th_aligned_alloc(alignment, size);
    errno = saved_errno;
    if (address == NULL) return ENOMEM;
  }
  *block = address;
  return 0;
}

size_t th_usable_size(const void *block) { return th_block_usable(block); }
bool th_trim(size_t keep) { return th_state_trim(keep); }
void th_stats(struct loam_stats *stats) { th_state_stats(stats); }
bool th_check(void) { return th_state_check(); }

// --- Heaps of one's own ------------------------------------------------------

struct loam_heap *th_heap_create(void) {
  return th_own_create();
}

void *th_heap_malloc(struct loam_heap *heap, size_t size) {
  return th_own_malloc(heap, (struct th_request){.bytes = size});
}

void *th_heap_calloc(struct loam_heap *heap, size_t count, size_t size) {
  size_t bytes;
  if (!multiply(count, size, &bytes)) return out_of_memory();
  return th_own_malloc(heap, (struct th_request){.bytes = bytes, .zeroed = true});
}

void *th_heap_realloc(struct loam_heap *heap, void *block, size_t size) {
  return block == NULL ? th_heap_malloc(heap, size) : th_own_realloc(heap, block, size);
}

void *th_heap_aligned_alloc(struct loam_heap *heap, size_t alignment, size_t size) {
  if (!is_power_of_two(alignment)) {
    errno = EINVAL;
    return NULL;
  }
  return th_own_malloc(heap, (struct th_request){.bytes = size, .alignment = alignment});
}

void th_heap_free(struct loam_heap *heap, void *block) { th_own_free(heap, block); }

void th_heap_stats(struct loam_heap *heap, struct loam_stats *stats) { th_own_stats(heap, stats); }

void th_heap_destroy(struct loam_heap *heap) { th_own_destroy(heap); }

LOAM_DEFINE_VARIANT(th, "thread_heap");
