#include "benchmarks/trace/preload/next.h"

#include <dlfcn.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

enum { BOOTSTRAP_BYTES = 64 * 1024 };  // dlsym takes a few hundred

struct trace_next trace_next;

static _Alignas(64) char bootstrap[BOOTSTRAP_BYTES];
static size_t bootstrap_used;

static _Noreturn void die(const char *message) {
  if (write(STDERR_FILENO, message, strlen(message)) < 0) _exit(126);
  _exit(127);
}

void *trace_bootstrap(size_t size, size_t alignment) {
  if (alignment < 16) alignment = 16;
  const size_t start = (bootstrap_used + alignment - 1) & ~(alignment - 1);
  if (alignment > 64 || start > BOOTSTRAP_BYTES || size > BOOTSTRAP_BYTES - start) {
    die("loam-trace: no memory to start with\n");
  }
  bootstrap_used = start + size;
  return bootstrap + start;
}

bool trace_is_bootstrap(const void *block) {
  const uintptr_t address = (uintptr_t)block;
  const uintptr_t start = (uintptr_t)bootstrap;
  return address - start < BOOTSTRAP_BYTES;
}

static void *find(const char *name) {
  void *function = dlsym(RTLD_NEXT, name);
  if (function == NULL) die("loam-trace: the program's malloc is incomplete\n");
  return function;
}

// Only where it belongs to the same library as malloc: another allocator's
// would misread a block's header.
static void *find_usable_size(const void *malloc_function) {
  void *function = dlsym(RTLD_NEXT, "malloc_usable_size");
  Dl_info own;
  Dl_info of_malloc;
  const bool same = function != NULL && dladdr(function, &own) != 0 &&
                    dladdr(malloc_function, &of_malloc) != 0 &&
                    own.dli_fbase == of_malloc.dli_fbase;
  return same ? function : NULL;
}

bool trace_find_next(void) {
  static bool finding;
  if (__builtin_expect(trace_next.malloc != NULL, 1)) return true;
  if (finding) return false;
  finding = true;
  // POSIX's way to make a function of what dlsym gives.
  *(void **)&trace_next.calloc = find("calloc");
  *(void **)&trace_next.realloc = find("realloc");
  *(void **)&trace_next.free = find("free");
  *(void **)&trace_next.aligned_alloc = find("aligned_alloc");
  *(void **)&trace_next.posix_memalign = find("posix_memalign");
  *(void **)&trace_next.memalign = find("memalign");
  void *malloc_function = find("malloc");
  *(void **)&trace_next.usable_size = find_usable_size(malloc_function);
  *(void **)&trace_next.malloc = malloc_function;
  finding = false;
  return true;
}
