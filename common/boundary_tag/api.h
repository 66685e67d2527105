// The prefixed functions of a variant (common/variant/variant.h) over the heap:
// template, see arena.h. The variant defines LOAM_PREFIX.

#ifndef LOAM_COMMON_BOUNDARY_TAG_API_H_
#define LOAM_COMMON_BOUNDARY_TAG_API_H_

#include "common/boundary_tag/process.h"
#include "common/variant/variant.h"

#define P(name) LOAM_JOIN(LOAM_PREFIX, name)

static inline bool is_power_of_two(size_t value) {
  return value != 0 && (value & (value - 1)) == 0;
}

static inline bool multiply(size_t count, size_t size, size_t *bytes) {
  return !__builtin_mul_overflow(count, size, bytes);
}

static void *invalid_alignment(void) {
  errno = EINVAL;
  return NULL;
}

// --- The heap of the process -------------------------------------------------

void *P(malloc)(size_t size) { return heap_malloc(size); }

void *P(calloc)(size_t count, size_t size) {
  size_t bytes;
  if (!multiply(count, size, &bytes)) return out_of_memory();
  return heap_malloc_as((struct request){.bytes = bytes, .zeroed = true});
}

void *P(realloc)(void *block, size_t size) {
  return block == NULL ? P(malloc)(size) : heap_realloc(block, size);
}

void *P(reallocarray)(void *block, size_t count, size_t size) {
  size_t bytes;
  return multiply(count, size, &bytes) ? P(realloc)(block, bytes) : out_of_memory();
}

void *P(aligned_alloc)(size_t alignment, size_t size) {
  if (!is_power_of_two(alignment)) return invalid_alignment();
  return malloc_slow(NULL, (struct request){.bytes = size, .alignment = alignment});
}

int P(posix_memalign)(void **block, size_t alignment, size_t size) {
  if (!is_power_of_two(alignment) || alignment % sizeof(void *) != 0) return EINVAL;
  int saved_errno = errno;
  void *address = P(aligned_alloc)(alignment, size);
  errno = saved_errno;
  if (address == NULL) return ENOMEM;
  *block = address;
  return 0;
}

void P(free)(void *block) { heap_free(block); }

void P(free_sized)(void *block, size_t size) {
  if (LOAM_HARDENED) expect_size(block, size, 0);
  heap_free(block);
}

void P(free_aligned_sized)(void *block, size_t alignment, size_t size) {
  if (LOAM_HARDENED) expect_size(block, size, alignment);
  heap_free(block);
}

size_t P(usable_size)(const void *block) { return heap_usable_size(block); }
bool P(trim)(size_t keep) { return heap_trim(keep); }
void P(stats)(struct loam_stats *stats) { heap_stats(stats); }
bool P(check)(void) { return heap_check(); }

// --- Heaps of one's own ------------------------------------------------------

struct loam_heap *P(heap_create)(void) {
  return own_heap_create();
}

void *P(heap_malloc)(struct loam_heap *heap, size_t size) {
  return malloc_slow(&heap->arena, (struct request){.bytes = size});
}

void *P(heap_calloc)(struct loam_heap *heap, size_t count, size_t size) {
  size_t bytes;
  if (!multiply(count, size, &bytes)) return out_of_memory();
  return malloc_slow(&heap->arena, (struct request){.bytes = bytes, .zeroed = true});
}

void *P(heap_realloc)(struct loam_heap *heap, void *block, size_t size) {
  if (block == NULL) return P(heap_malloc)(heap, size);
  struct found found = find_in_arena(&heap->arena, block);
  return realloc_found(&found, block, size);
}

void *P(heap_aligned_alloc)(struct loam_heap *heap, size_t alignment, size_t size) {
  if (!is_power_of_two(alignment)) return invalid_alignment();
  return malloc_slow(&heap->arena, (struct request){.bytes = size, .alignment = alignment});
}

void P(heap_free)(struct loam_heap *heap, void *block) { own_heap_free(heap, block); }

void P(heap_stats)(struct loam_heap *heap, struct loam_stats *stats) {
  own_heap_stats(heap, stats);
}

void P(heap_destroy)(struct loam_heap *heap) { own_heap_destroy(heap); }

#endif  // LOAM_COMMON_BOUNDARY_TAG_API_H_
