// An allocator that now and then hands out a block that is still in use: the
// replay has to find it.

#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

#define EXPORT __attribute__((visibility("default")))

void *__libc_malloc(size_t size);

EXPORT void *malloc(size_t size) {
  static _Atomic(void *) spare;
  static atomic_ulong calls;
  if (atomic_fetch_add(&calls, 1) % 1000 != 999) return __libc_malloc(size);
  // The same block every time.
  void *block = atomic_load(&spare);
  if (block == NULL) atomic_store(&spare, block = __libc_malloc(1 << 20));
  return block;
}

// Nothing is reused but that block.
EXPORT void free(void *block) { (void)block; }
