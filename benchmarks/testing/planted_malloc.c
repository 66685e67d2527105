// first_fit with a known fault, to see whether the matrix finds it. Compiled
// with
//
//   -DPLANTED_PERCENT=3    each call takes 3 % longer, on average
//   -DPLANTED_LEAK=20      one in 20 blocks is never given back
//
// To slow every call by a few percent of its own time is less than a clock can
// measure. So about one call in 32, chosen at random, is timed, and followed by
// as many times its time as make up for the 31 others. With 0 percent calls are
// timed in the same way and nothing follows: that is what to compare with.

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include "allocators/first_fit/first_fit.h"

#define API LOAM_EXPORT

enum {
  CALLS_FOR_ONE_TIMED = 32,
  // A call that takes longer was interrupted, or asked the kernel for much.
  LONGEST_CALL_NS = 50000,
};

struct thread_state {
  uint64_t random;
  uint32_t calls_to_next;
  uint32_t frees_to_leak;
};

static __thread struct thread_state state __attribute__((tls_model("initial-exec")));

static int64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

// Even intervals could fall in with the program's own: xorshift.
static uint32_t random_interval(void) {
  uint64_t random = state.random != 0 ? state.random : 88172645463325252u;
  random ^= random << 13;
  random ^= random >> 7;
  random ^= random << 17;
  state.random = random;
  return 1 + (uint32_t)(random % (2 * CALLS_FOR_ONE_TIMED - 1));
}

// Whether this call is one to time.
static inline bool is_timed(void) {
  if (__builtin_expect(state.calls_to_next > 1, true)) {
    state.calls_to_next--;
    return false;
  }
  state.calls_to_next = random_interval();
  return true;
}

static __attribute__((noinline)) void burn_after(int64_t start_ns) {
  const int64_t end_ns = now_ns();
  const int64_t clock_ns = now_ns() - end_ns;  // what reading it takes is not the call's
  const int64_t took_ns = end_ns - start_ns - clock_ns;
  if (took_ns <= 0 || took_ns > LONGEST_CALL_NS) return;
  const int64_t burn_ns = took_ns * CALLS_FOR_ONE_TIMED * PLANTED_PERCENT / 100;
  // The loop ends half a reading too late, on average.
  const int64_t until_ns = end_ns + clock_ns + burn_ns - clock_ns / 2;
  while (burn_ns > 0 && now_ns() < until_ns) {
  }
}

#define TIMED(call)                            \
  do {                                         \
    if (__builtin_expect(!is_timed(), true)) { \
      call;                                    \
    } else {                                   \
      const int64_t start_ns = now_ns();       \
      call;                                    \
      burn_after(start_ns);                    \
    }                                          \
  } while (0)

static inline bool is_leaked(void *block) {
#ifdef PLANTED_LEAK
  if (block == NULL || ++state.frees_to_leak < PLANTED_LEAK) return false;
  state.frees_to_leak = 0;
  return true;
#else
  (void)block;
  return false;
#endif
}

API void *malloc(size_t size) {
  void *block;
  TIMED(block = ff_malloc(size));
  return block;
}

API void *calloc(size_t count, size_t size) {
  void *block;
  TIMED(block = ff_calloc(count, size));
  return block;
}

API void *realloc(void *old, size_t size) {
  void *block;
  TIMED(block = ff_realloc(old, size));
  return block;
}

API void *aligned_alloc(size_t alignment, size_t size) {
  void *block;
  TIMED(block = ff_aligned_alloc(alignment, size));
  return block;
}

API int posix_memalign(void **block, size_t alignment, size_t size) {
  int error;
  TIMED(error = ff_posix_memalign(block, alignment, size));
  return error;
}

API void free(void *block) {
  if (is_leaked(block)) return;
  TIMED(ff_free(block));
}

API size_t malloc_usable_size(void *block) { return ff_usable_size(block); }
