// The functions of a variant (common/variant/variant.h) at the debug level: compiled once for each
// variant, with -DLOAM_PREFIX, over the same variant compiled as the heap below.

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "common/debug/debug.h"
#include "common/debug/family.h"
#include "common/debug/leaks.h"
#include "common/malloc_api/variant_prefix.h"
#include "common/stack/table.h"

#define LOAM_DECLARE_DEBUG_EXPANDED(prefix) LOAM_DECLARE_DEBUG(prefix)
LOAM_DECLARE_DEBUG_EXPANDED(LOAM_PREFIX);

// Only some variants' headers declare it.
LOAM_FUNCTION struct loam_heap *P(heap_create_with_memory)(void *memory, size_t bytes);

// loam_base_P_variant.
#define BASE LOAM_JOIN(LOAM_JOIN(loam_base, LOAM_PREFIX), variant)
extern const struct loam_variant BASE;

static void watch_process(void);

static struct loam_debug debug = {
    .base = &BASE, .name = LOAM_NAME_AT_LEVEL(LOAM_LAYER_NAME), .watch_process = watch_process};

static bool is_power_of_two(size_t value) { return value != 0 && (value & (value - 1)) == 0; }

static bool multiply(size_t count, size_t size, size_t *bytes) {
  return !__builtin_mul_overflow(count, size, bytes);
}

static void *fail(int error) {
  errno = error;
  return NULL;
}

// --- The heap of the process -------------------------------------------------

void *P(malloc)(size_t size) {
  return loam_debug_allocate(&debug, NULL, size, 0, LOAM_BY_MALLOC, 0);
}

void *P(calloc)(size_t count, size_t size) {
  size_t bytes;
  if (!multiply(count, size, &bytes)) return fail(ENOMEM);
  return loam_debug_allocate(&debug, NULL, bytes, 0, LOAM_BY_MALLOC, LOAM_ZEROED);
}

void *P(realloc)(void *block, size_t size) {
  if (block == NULL) return loam_debug_allocate(&debug, NULL, size, 0, LOAM_BY_MALLOC, 0);
  return loam_debug_realloc(&debug, NULL, block, size);
}

void *P(reallocarray)(void *block, size_t count, size_t size) {
  size_t bytes;
  return multiply(count, size, &bytes) ? P(realloc)(block, bytes) : fail(ENOMEM);
}

void *P(aligned_alloc)(size_t alignment, size_t size) {
  if (!is_power_of_two(alignment)) return fail(EINVAL);
  return loam_debug_allocate(&debug, NULL, size, alignment, LOAM_BY_MALLOC, 0);
}

int P(posix_memalign)(void **block, size_t alignment, size_t size) {
  if (!is_power_of_two(alignment) || alignment % sizeof(void *) != 0) return EINVAL;
  int saved_errno = errno;
  void *address = loam_debug_allocate(&debug, NULL, size, alignment, LOAM_BY_MALLOC, 0);
  errno = saved_errno;
  if (address == NULL) return ENOMEM;
  *block = address;
  return 0;
}

void P(free)(void *block) {
  loam_debug_free(&debug, NULL, block, LOAM_ANY_SIZE, 0, LOAM_BY_MALLOC);
}

void P(free_sized)(void *block, size_t size) {
  loam_debug_free(&debug, NULL, block, size, 0, LOAM_BY_MALLOC);
}

void P(free_aligned_sized)(void *block, size_t alignment, size_t size) {
  loam_debug_free(&debug, NULL, block, size, alignment, LOAM_BY_MALLOC);
}

void *P(debug_new)(enum loam_family family, size_t size, size_t alignment) {
  if (alignment != 0 && !is_power_of_two(alignment)) return fail(EINVAL);
  return loam_debug_allocate(&debug, NULL, size, alignment, family, 0);
}

void P(debug_delete)(enum loam_family family, void *block, size_t size, size_t alignment) {
  loam_debug_free(&debug, NULL, block, size, alignment, family);
}

size_t P(usable_size)(const void *block) { return loam_debug_usable_size(&debug, block); }
bool P(trim)(size_t keep) { return loam_debug_trim(&debug, keep); }
void P(stats)(struct loam_stats *stats) { loam_debug_stats(&debug, NULL, stats); }
bool P(check)(void) { return loam_debug_check(&debug); }

// --- Heaps of one's own ------------------------------------------------------

struct loam_heap *P(heap_create)(void) {
  return loam_debug_heap_create(&debug, NULL, 0);
}

struct loam_heap *P(heap_create_with_memory)(void *memory, size_t bytes) {
  if (BASE.heap_create_with_memory == NULL) return fail(ENOSYS);
  return loam_debug_heap_create(&debug, memory, bytes);
}

void *P(heap_malloc)(struct loam_heap *heap, size_t size) {
  return loam_debug_allocate(&debug, heap, size, 0, LOAM_BY_MALLOC, 0);
}

void *P(heap_calloc)(struct loam_heap *heap, size_t count, size_t size) {
  size_t bytes;
  if (!multiply(count, size, &bytes)) return fail(ENOMEM);
  return loam_debug_allocate(&debug, heap, bytes, 0, LOAM_BY_MALLOC, LOAM_ZEROED);
}

void *P(heap_realloc)(struct loam_heap *heap, void *block, size_t size) {
  if (block == NULL) return loam_debug_allocate(&debug, heap, size, 0, LOAM_BY_MALLOC, 0);
  return loam_debug_realloc(&debug, heap, block, size);
}

void *P(heap_aligned_alloc)(struct loam_heap *heap, size_t alignment, size_t size) {
  if (!is_power_of_two(alignment)) return fail(EINVAL);
  return loam_debug_allocate(&debug, heap, size, alignment, LOAM_BY_MALLOC, 0);
}

void P(heap_free)(struct loam_heap *heap, void *block) {
  loam_debug_free(&debug, heap, block, LOAM_ANY_SIZE, 0, LOAM_BY_MALLOC);
}

void P(heap_stats)(struct loam_heap *heap, struct loam_stats *stats) {
  loam_debug_stats(&debug, heap, stats);
}

void P(heap_destroy)(struct loam_heap *heap) { loam_debug_heap_destroy(&debug, heap); }

#define LOAM_DEFINE_EXPANDED(prefix, ...) LOAM_DEFINE_VARIANT(prefix, __VA_ARGS__)
LOAM_DEFINE_EXPANDED(LOAM_PREFIX, LOAM_LAYER_NAME);

// --- The process -------------------------------------------------------------

static void fork_prepare(void) { loam_debug_fork_prepare(&debug); }
static void fork_parent(void) { loam_debug_fork_parent(&debug); }
static void fork_child(void) { loam_debug_fork_child(&debug); }

// Registered before all that the program registers, and so called after it; the frame of this
// function is where the stack of the thread that ends the process begins to count.
static void at_exit(void *nothing) {
  (void)nothing;
  loam_debug_at_exit(&debug);
}

// With no library's handle: it is not called when the library's destructors are.
int __cxa_atexit(void (*function)(void *), void *argument, void *library);

// Once, at the first call or before: handlers of forks that others register later may allocate.
__attribute__((constructor(101))) static void watch_process(void) {
  static atomic_flag is_done = ATOMIC_FLAG_INIT;
  // Relaxed: it only chooses who does it.
  if (atomic_flag_test_and_set_explicit(&is_done, memory_order_relaxed)) return;
  loam_stack_table_watch_forks();
  pthread_atfork(fork_prepare, fork_parent, fork_child);
  __cxa_atexit(at_exit, NULL, NULL);
}

size_t P(debug_leaks)(void) {
  struct loam_leaks leaks = {0};
  loam_debug_leaks(&debug, (uintptr_t)__builtin_frame_address(0), &leaks);
  return leaks.direct.bytes + leaks.indirect.bytes;
}
