// The functions of the variant.

#include "allocators/thread_heap/thread_heap.h"

#include <errno.h>
#include <string.h>

#include "allocators/thread_heap/fast_path.h"

static bool is_power_of_two(size_t value) { return value != 0 && (value & (value - 1)) == 0; }

static bool multiply(size_t count, size_t size, size_t *bytes) {
  return !__builtin_mul_overflow(count, size, bytes);
}

static void *out_of_memory(void) {
  errno = ENOMEM;
  return NULL;
}

// --- malloc ------------------------------------------------------------------

void *th_malloc(size_t size) {
  if (LOAM_HARDENED) return th_hardened_malloc(size);
  return th_fast_malloc(size);
}

void *th_calloc(size_t count, size_t size) {
  size_t bytes;
  if (!multiply(count, size, &bytes)) return out_of_memory();
  if (LOAM_HARDENED) return th_hardened_calloc(bytes);
  void *block = th_try_malloc(bytes);
  if (TH_UNLIKELY(block == NULL)) {
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
  th_fast_free(block);
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

// Where both blocks are of cached classes; else NULL, and nothing has changed.
static inline void *fast_realloc(void *block, size_t size) {
  unsigned class = th_fast_class(block);
  if (TH_UNLIKELY(class == 0)) return NULL;
  size_t usable = th_class_bytes(class);
  if (th_class_fits(usable, size)) return block;
  void *moved = th_try_malloc(size);
  if (TH_UNLIKELY(moved == NULL)) return NULL;
  memcpy(moved, block, size < usable ? size : usable);
  th_fast_free(block);
  return moved;
}

void *th_realloc(void *block, size_t size) {
  if (block == NULL) return th_malloc(size);
  void *moved = LOAM_HARDENED ? NULL : fast_realloc(block, size);
  return moved != NULL ? moved : th_realloc_block(block, size);
}

void *th_reallocarray(void *block, size_t count, size_t size) {
  size_t bytes;
  return multiply(count, size, &bytes) ? th_realloc(block, bytes) : out_of_memory();
}

// From this thread's stack, or NULL.
static inline void *pop_aligned(size_t alignment, size_t size) {
  if (LOAM_HARDENED || size > TH_SLAB_BYTES_MAX || alignment > TH_SLICE_BYTES) return NULL;
  unsigned class = th_class_for(size, alignment);
  return class < TH_SPAN_CLASS ? th_pop(class) : NULL;
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

size_t th_usable_size(const void *block) {
  unsigned class = LOAM_HARDENED ? 0 : th_fast_class(block);
  return class != 0 ? th_class_bytes(class) : th_block_usable(block);
}

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
