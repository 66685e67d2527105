// An allocator that serves most calls, crashes on an aligned one, and hangs
// when a large block is to grow: for the matrix to survive.

#include <malloc.h>
#include <stdlib.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void __libc_free(void *block);

EXPORT void *malloc(size_t size) { return __libc_malloc(size); }

EXPORT void *calloc(size_t count, size_t size) { return __libc_calloc(count, size); }

EXPORT void free(void *block) { __libc_free(block); }

EXPORT void *realloc(void *block, size_t size) {
  while (size > 1 << 20) pause();
  return __libc_realloc(block, size);
}

EXPORT int posix_memalign(void **result, size_t alignment, size_t size) {
  (void)result;
  (void)alignment;
  (void)size;
  abort();
}
