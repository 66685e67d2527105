// A region of its own for each scenario, and system calls that fail.

#ifndef LOAM_ALLOCATORS_THREAD_HEAP_REGION_FIXTURE_H_
#define LOAM_ALLOCATORS_THREAD_HEAP_REGION_FIXTURE_H_

#include <string.h>

#include "allocators/thread_heap/slab.h"
#include "common/os/os.h"
#include "common/testing/scenario.h"

// --- System calls that fail --------------------------------------------------

static enum loam_os_call failing_call;
static size_t failing_bytes;  // smaller calls succeed

static bool failing(enum loam_os_call call, size_t bytes) {
  return call == failing_call && bytes > failing_bytes;
}

static inline void fail_over(enum loam_os_call call, size_t bytes) {
  failing_call = call;
  failing_bytes = bytes;
  loam_os_set_fault_hook(failing);
}

static inline void fail(enum loam_os_call call) { fail_over(call, 0); }

static inline void fail_nothing(void) { loam_os_set_fault_hook(NULL); }

// --- The region --------------------------------------------------------------

// None, as before the first call.
static inline void start_without_region(void) {
  fail_nothing();
  if (th_region.end != 0) loam_os_release(th_region.base, th_region.end << TH_SLICE_BITS);
  memset(&th_region, 0, sizeof th_region);
}

// An empty one.
static inline void start_region(void) {
  start_without_region();
  th_size_classes_set_up();
  th_region_set_up();
}

static inline struct th_slab *take_aligned(unsigned count, unsigned alignment, size_t *fresh) {
  return th_slices_take((struct th_slices){count, alignment, .is_dense = true}, fresh);
}

static inline struct th_slab *take_sparse(unsigned count, size_t *fresh) {
  return th_slices_take((struct th_slices){count, .alignment = 1}, fresh);
}

static inline struct th_slab *take_fresh(unsigned count, size_t *fresh) {
  return take_aligned(count, 1, fresh);
}

static inline struct th_slab *take_slices(unsigned count) {
  size_t fresh;
  return take_fresh(count, &fresh);
}

// --- Chance ------------------------------------------------------------------

// The same at every run (xorshift).
static uint64_t chance_state = 1;

static inline size_t chance(size_t below) {
  chance_state ^= chance_state << 13;
  chance_state ^= chance_state >> 7;
  chance_state ^= chance_state << 17;
  return (size_t)(chance_state % below);
}

static inline void shuffle(void **blocks, size_t count) {
  for (size_t i = count; i > 1; i--) {
    size_t other = chance(i);
    void *block = blocks[i - 1];
    blocks[i - 1] = blocks[other];
    blocks[other] = block;
  }
}

#endif  // LOAM_ALLOCATORS_THREAD_HEAP_REGION_FIXTURE_H_
