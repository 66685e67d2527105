// malloc and its neighbours, as the program sees them: each calls the next
// allocator, and tells the recorder.
//
// Order: a block that is given back is told before it is, and a block that is
// handed out after. So the events of one address, sorted by time, alternate, also
// when one thread gets what another has just freed.

#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "benchmarks/trace/preload/emit.h"
#include "benchmarks/trace/preload/next.h"
#include "benchmarks/trace/preload/resident.h"

#define EXPORT __attribute__((visibility("default")))

static unsigned log2_of(size_t alignment) {
  return alignment == 0 ? 0 : (unsigned)__builtin_ctzll(alignment);
}

static void *handed_out(enum trace_kind kind, void *block, size_t size, unsigned log2_align) {
  if (trace_is_on()) trace_emit(kind, block, size, log2_align);
  return block;
}

EXPORT void *malloc(size_t size) {
  if (!trace_find_next()) return trace_bootstrap(size, 0);
  return handed_out(TRACE_MALLOC, trace_next.malloc(size), size, 0);
}

// What count * size asks for, SIZE_MAX where it overflows.
static size_t product(size_t count, size_t size) {
  size_t bytes;
  return __builtin_mul_overflow(count, size, &bytes) ? SIZE_MAX : bytes;
}

EXPORT void *calloc(size_t count, size_t size) {
  if (!trace_find_next()) return trace_bootstrap(product(count, size), 0);
  return handed_out(TRACE_CALLOC, trace_next.calloc(count, size), product(count, size), 0);
}

EXPORT void free(void *block) {
  if (trace_is_bootstrap(block)) return;
  if (!trace_find_next()) return;
  if (trace_is_on()) trace_emit(TRACE_FREE, block, trace_resident(block), 0);
  trace_next.free(block);
}

// A block from before the next allocator was known: its end is not known, but it
// lies in an array of which all is readable.
static void *leave_bootstrap(const void *block, size_t size) {
  void *copy = malloc(size);
  if (copy == NULL) return NULL;
  const char *from = block;
  for (size_t i = 0; i < size && trace_is_bootstrap(from + i); i++) ((char *)copy)[i] = from[i];
  return copy;
}

static void *resize(enum trace_kind kind, void *block, size_t size) {
  if (!trace_find_next() || trace_is_bootstrap(block)) {
    return block == NULL ? malloc(size) : leave_bootstrap(block, size);
  }
  if (trace_is_on()) trace_emit(TRACE_RESIZE_BEGIN, block, trace_resident(block), 0);
  return handed_out(kind, trace_next.realloc(block, size), size, 0);
}

EXPORT void *realloc(void *block, size_t size) { return resize(TRACE_REALLOC, block, size); }

// By realloc: libc's own would come back to our realloc and be told twice.
EXPORT void *reallocarray(void *block, size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) {
    errno = ENOMEM;
    return NULL;
  }
  return resize(TRACE_REALLOCARRAY, block, bytes);
}

EXPORT void *aligned_alloc(size_t alignment, size_t size) {
  if (!trace_find_next()) return trace_bootstrap(size, alignment);
  void *block = trace_next.aligned_alloc(alignment, size);
  return handed_out(TRACE_ALIGNED_ALLOC, block, size, log2_of(alignment));
}

EXPORT void *memalign(size_t alignment, size_t size) {
  if (!trace_find_next()) return trace_bootstrap(size, alignment);
  void *block = trace_next.memalign(alignment, size);
  return handed_out(TRACE_MEMALIGN, block, size, log2_of(alignment));
}

EXPORT int posix_memalign(void **result, size_t alignment, size_t size) {
  if (!trace_find_next()) {
    *result = trace_bootstrap(size, alignment);
    return 0;
  }
  const int error = trace_next.posix_memalign(result, alignment, size);
  handed_out(TRACE_POSIX_MEMALIGN, error == 0 ? *result : NULL, size, log2_of(alignment));
  return error;
}

// valloc and pvalloc by memalign: an allocator that lacks them would leave them
// to libc, whose blocks it could not free.
static void *page_aligned(enum trace_kind kind, size_t size, size_t reserved) {
  const size_t page = (size_t)sysconf(_SC_PAGESIZE);
  if (!trace_find_next()) return trace_bootstrap(reserved, page);
  return handed_out(kind, trace_next.memalign(page, reserved), size, log2_of(page));
}

EXPORT void *valloc(size_t size) { return page_aligned(TRACE_VALLOC, size, size); }

EXPORT void *pvalloc(size_t size) {
  const size_t page = (size_t)sysconf(_SC_PAGESIZE);
  if (size > SIZE_MAX - page) {
    errno = ENOMEM;
    return NULL;
  }
  const size_t reserved = (size + page - 1) & ~(page - 1);
  return page_aligned(TRACE_PVALLOC, reserved, reserved);
}
