// A malloc that signal handlers may call: memory from one array, by one atomic
// addition, never given back. For tests of what is put before it.

#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { MEMORY_BYTES = 1 << 30, HEADER_BYTES = 16 };

#define EXPORT __attribute__((visibility("default")))

static _Alignas(4096) char memory[MEMORY_BYTES];
static atomic_size_t used;

EXPORT void *memalign(size_t alignment, size_t size) {
  if (alignment < HEADER_BYTES) alignment = HEADER_BYTES;
  if (size > MEMORY_BYTES / 2 || alignment > 4096) return NULL;
  const size_t bytes = (size + 2 * alignment + HEADER_BYTES - 1) & ~(size_t)(HEADER_BYTES - 1);
  const size_t start = atomic_fetch_add(&used, bytes) + HEADER_BYTES;
  if (start + bytes > MEMORY_BYTES) return NULL;
  char *block = memory + ((start + alignment - 1) & ~(alignment - 1));
  memcpy(block - sizeof size, &size, sizeof size);
  return block;
}

EXPORT size_t malloc_usable_size(void *block) {
  size_t size;
  memcpy(&size, (char *)block - sizeof size, sizeof size);
  return size;
}

EXPORT void *malloc(size_t size) { return memalign(HEADER_BYTES, size); }

EXPORT void free(void *block) { (void)block; }

EXPORT void *calloc(size_t count, size_t size) {
  size_t bytes;
  return __builtin_mul_overflow(count, size, &bytes) ? NULL : malloc(bytes);
}

EXPORT void *realloc(void *block, size_t size) {
  void *copy = malloc(size);
  if (block == NULL || copy == NULL) return copy;
  const size_t old = malloc_usable_size(block);
  return memcpy(copy, block, old < size ? old : size);
}

EXPORT void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

EXPORT int posix_memalign(void **block, size_t alignment, size_t size) {
  *block = memalign(alignment, size);
  return *block == NULL ? ENOMEM : 0;
}
