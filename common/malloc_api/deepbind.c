// For libraries that are preloaded. RTLD_DEEPBIND has a library look for malloc in the libc that it
// depends on, before all else: what it allocates is then freed by another allocator, and the
// other way round, which no malloc survives (PHP opens its modules so). Here the flag is left out.

#include <dlfcn.h>
#include <stdatomic.h>
#include <stddef.h>

#include "common/variant/variant.h"

// Where the loader looks for a file depends on who calls dlopen, as its return address says: the
// call has to be a jump.
#if defined(__clang__)
#define JUMP_TO __attribute__((musttail)) return
#define JUMPS
#else
#define JUMP_TO return
#define JUMPS __attribute__((optimize("O2")))
#endif

typedef void *opener(const char *file, int mode);

static opener *next_dlopen(void) {
  static _Atomic(opener *) known;
  // Relaxed: all that look find the same.
  opener *next = atomic_load_explicit(&known, memory_order_relaxed);
  if (next != NULL) return next;
  *(void **)&next = dlsym(RTLD_NEXT, "dlopen");
  atomic_store_explicit(&known, next, memory_order_relaxed);
  return next;
}

LOAM_EXPORT JUMPS void *dlopen(const char *file, int mode) {
  opener *next = next_dlopen();
  mode &= ~RTLD_DEEPBIND;
  JUMP_TO next(file, mode);
}
