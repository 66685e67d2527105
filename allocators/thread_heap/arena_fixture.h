// Arenas over a region of their own for each scenario.

#ifndef LOAM_ALLOCATORS_THREAD_HEAP_ARENA_FIXTURE_H_
#define LOAM_ALLOCATORS_THREAD_HEAP_ARENA_FIXTURE_H_

#include "allocators/thread_heap/arena.h"
#include "allocators/thread_heap/region_fixture.h"
#include "common/testing/capture.h"

enum { ARENAS = 3, BLOCKS_MAX = 16384 };

static struct th_arena arenas[ARENAS];
static void *blocks[BLOCKS_MAX];  // what a scenario took

static inline void start_arenas(void) {
  start_region();
  memset(arenas, 0, sizeof arenas);
}

static inline const char *expect_arenas_whole(void) {
  for (int i = 0; i < ARENAS; i++) EXPECT(th_arena_check(&arenas[i]));
  EXPECT(th_region_check() == NULL);
  return NULL;
}

// Each slice is free again.
static inline const char *expect_nothing_held(void) {
  EXPECT_HOLDS(expect_arenas_whole());
  for (int i = 0; i < ARENAS; i++) EXPECT(arenas[i].slabs == NULL);
  size_t limit = atomic_load_explicit(&th_region.limit, memory_order_relaxed);
  EXPECT(th_region.dirty_count + th_region.clean_count == limit - th_region.first);
  return NULL;
}

// Takes so many into blocks[from], ..., the lowest first; false when there are not as many.
static inline bool take_blocks(struct th_arena *arena, unsigned class, unsigned count,
                               size_t from) {
  for (unsigned i = 0; i < count; i++) {
    void *out[1];
    if (th_arena_take(arena, class, 1, out + 1) != 1) return false;
    blocks[from + i] = out[0];
  }
  return true;
}

#endif  // LOAM_ALLOCATORS_THREAD_HEAP_ARENA_FIXTURE_H_
