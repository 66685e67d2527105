// Slices that an arena keeps: when, how many, and for whom.

#include "allocators/thread_heap/kept.h"

#include "allocators/thread_heap/arena_fixture.h"
#include "allocators/thread_heap/state.h"
#include "allocators/thread_heap/thread_heap.h"

enum { SLICES = 300, LIMIT = 64 };

static struct th_kept kept;
static struct th_slab *first;  // of SLICES side by side that are taken

static void start(uint32_t limit) {
  start_arenas();
  kept = (struct th_kept){.limit = limit};
  first = take_slices(SLICES);
}

// As if another thread were inside.
static void learn_while_busy(struct th_kept *of, size_t slices_in_use) {
  loam_lock_acquire(&th_region.lock);
  th_kept_learn(of, slices_in_use);
  loam_lock_release(&th_region.lock);
}

static void give(size_t from, unsigned count) { th_kept_give(&kept, first + from, count); }

static bool is_dirty(size_t from) {
  size_t slice = th_region.first + from;
  return (th_region.dirty[slice / 64] >> slice % 64 & 1) != 0;
}

static const char *expect_whole(size_t slices, size_t runs) {
  EXPECT(th_kept_check(&kept) && th_region_check() == NULL);
  EXPECT(kept.slices == slices && kept.count == runs);
  size_t limit = atomic_load_explicit(&th_region.limit, memory_order_relaxed);
  size_t known = limit - th_region.first;
  EXPECT(th_region.dirty_count + th_region.clean_count <= known - slices);
  return NULL;
}

// --- When --------------------------------------------------------------------

SCENARIO(NothingIsKeptWhereNobodyWaits) {
  start(0);
  th_kept_learn(&kept, 1000);
  give(0, 5);
  EXPECT(kept.limit == 0 && th_region.dirty_count == 5);
  return expect_whole(0, 0);
}

SCENARIO(WhoFindsTheRegionBusyMayKeepAsMuchAsIsInUse) {
  start(0);
  learn_while_busy(&kept, 0);
  EXPECT(kept.limit == 16);
  learn_while_busy(&kept, 50);
  EXPECT(kept.limit == 32);
  learn_while_busy(&kept, 50);
  learn_while_busy(&kept, 50);
  EXPECT(kept.limit == 50);
  learn_while_busy(&kept, 20);
  EXPECT(kept.limit == 50);
  for (int i = 0; i < 20; i++) learn_while_busy(&kept, 100000);
  EXPECT(kept.limit == TH_KEPT_SLICES_MAX);
  return NULL;
}

// --- How many ----------------------------------------------------------------

SCENARIO(WhatIsOverTheLimitGoesTheOldestFirst) {
  start(LIMIT);
  give(0, 30);
  give(100, 30);
  give(200, 30);
  EXPECT(is_dirty(0) && !is_dirty(100) && !is_dirty(200));
  EXPECT_HOLDS(expect_whole(60, 2));
  give(230, LIMIT + 1);  // never
  EXPECT(is_dirty(230));
  return expect_whole(60, 2);
}

SCENARIO(RunsThatComeTogetherMayBeTooLong) {
  start(LIMIT);
  give(0, 30);
  give(60, 30);
  give(30, 30);
  EXPECT(is_dirty(0) && is_dirty(45) && is_dirty(89));
  return expect_whole(0, 0);
}

SCENARIO(RunsThatAreTooManyGoTheOldestFirst) {
  start(TH_KEPT_SLICES_MAX);
  for (size_t i = 0; i <= TH_KEPT_RUNS_MAX; i++) give(2 * i, 1);
  EXPECT(is_dirty(0) && !is_dirty(2));
  EXPECT_HOLDS(expect_whole(TH_KEPT_RUNS_MAX, TH_KEPT_RUNS_MAX));
  th_kept_flush(&kept);
  EXPECT(th_region.dirty_count == TH_KEPT_RUNS_MAX + 1);
  return expect_whole(0, 0);
}

// --- For whom ----------------------------------------------------------------

SCENARIO(TheShortestRunThatServesIsTaken) {
  start(LIMIT);
  give(0, 9);
  give(20, 4);
  give(40, 6);
  EXPECT(th_kept_take(&kept, 10, 1) == NULL);
  EXPECT(th_kept_take(&kept, 4, 1) == first + 20);
  EXPECT(th_kept_take(&kept, 4, 1) == first + 40);
  EXPECT_HOLDS(expect_whole(11, 2));
  EXPECT(th_kept_take(&kept, 2, 1) == first + 44);
  EXPECT(th_kept_longest(&kept) == 9);
  return expect_whole(9, 1);
}

SCENARIO(NeighboursBecomeOne) {
  start(LIMIT);
  give(0, 5);
  give(10, 5);
  give(20, 5);
  give(5, 5);
  EXPECT_HOLDS(expect_whole(20, 2));
  EXPECT(th_kept_take(&kept, 15, 1) == first);
  return expect_whole(5, 1);
}

SCENARIO(AnAlignedRunIsCutOutOfALongerOne) {
  start(LIMIT);
  size_t odd = 4 - th_region.first % 4 + 1;  // not a multiple of 4
  give(odd, 6);
  EXPECT(th_kept_take(&kept, 4, 4) == NULL);
  give(odd + 6, 2);
  struct th_slab *slab = th_kept_take(&kept, 4, 4);
  EXPECT(slab == first + odd + 3 && (size_t)(slab - th_region.records) % 4 == 0);
  return expect_whole(4, 2);
}

SCENARIO(ASpanGrowsIntoWhatIsKept) {
  start(LIMIT);
  give(10, 6);
  EXPECT(!th_kept_take_at(&kept, first + 9, 1));
  EXPECT(!th_kept_take_at(&kept, first + 10, 7));
  EXPECT(th_kept_take_at(&kept, first + 10, 4));
  return expect_whole(2, 1);
}

// --- Decay -------------------------------------------------------------------

SCENARIO(WhatNobodyWantsForAWholePassGoes) {
  start(LIMIT);
  give(0, 8);
  th_kept_age(&kept);
  EXPECT(kept.limit == LIMIT / 2);
  give(20, 8);
  EXPECT_HOLDS(expect_whole(16, 2));
  th_kept_age(&kept);
  EXPECT(is_dirty(0) && !is_dirty(20));
  EXPECT_HOLDS(expect_whole(8, 1));
  // The region takes it out of memory at its next pass, and not one later.
  size_t clean = th_region.clean_count;
  th_slices_age(1, 1);
  EXPECT(th_region.clean_count == clean + 8);
  return expect_whole(8, 1);
}

SCENARIO(WhatIsOverTheNarrowerLimitGoes) {
  start(LIMIT);
  give(0, 20);
  give(100, 20);
  th_kept_age(&kept);
  EXPECT(is_dirty(0) && !is_dirty(100));
  return expect_whole(20, 1);
}

// --- The arena's -------------------------------------------------------------

static struct th_slab *keep_a_span(struct th_arena *arena) {
  bool zeroed;
  void *block = th_arena_malloc_span(arena, (struct th_slices){5, .alignment = 1}, &zeroed);
  if (block == NULL) return NULL;
  struct th_slab *slab = th_slab_around(block);
  learn_while_busy(&arena->kept, 0);
  th_arena_free(slab, block);
  return slab;
}

SCENARIO(AnArenaUsesWhatItKeeps) {
  start_arenas();
  struct th_arena *arena = &arenas[0];
  struct th_slab *slab = keep_a_span(arena);
  EXPECT(slab != NULL && arena->kept.slices == 5 && th_region.dirty_count == 0);
  bool zeroed;
  EXPECT(th_arena_malloc_span(arena, (struct th_slices){3, .alignment = 1}, &zeroed) ==
             th_slab_start(slab) &&
         !zeroed);
  EXPECT(th_arena_resize_span(slab, 4) && arena->kept.slices == 1);  // grows into it
  EXPECT(take_blocks(arena, 3, 1, 0) && blocks[0] == th_slab_start(slab + 4));
  EXPECT_HOLDS(expect_arenas_whole());
  EXPECT(th_arena_resize_span(slab, 1) && arena->kept.slices == 3);
  th_arena_put(3, blocks, 1);
  EXPECT(arena->kept.slices == 4);
  EXPECT_HOLDS(expect_arenas_whole());
  th_arena_destroy(arena);
  EXPECT(th_region.dirty_count == 5);
  return NULL;
}

SCENARIO(WhatAnArenaKeepsIsFreeInItsStatistics) {
  start_arenas();
  EXPECT(keep_a_span(&arenas[0]) != NULL);
  struct loam_stats stats = {0};
  th_arena_stats(&arenas[0], &stats);
  EXPECT(stats.free_bytes == 5 * TH_SLICE_BYTES && stats.mapped_bytes == stats.free_bytes);
  EXPECT(stats.free_blocks == 5 && stats.largest_free_bytes == 5 * TH_SLICE_BYTES);
  th_arena_trim(&arenas[0]);
  return expect_nothing_held();
}

SCENARIO(AnArenaGivesUpWhatItKeepsInTime) {
  start_arenas();
  EXPECT(keep_a_span(&arenas[0]) != NULL);
  th_arena_age(&arenas[0], 1, 1);
  EXPECT(arenas[0].kept.slices == 5);
  th_arena_age(&arenas[0], 2, 1);
  return expect_nothing_held();
}

// --- When memory is short ----------------------------------------------------

static bool nothing_more(enum loam_os_call call, size_t bytes) {
  (void)bytes;
  return call == LOAM_OS_MAP || call == LOAM_OS_COMMIT;
}

SCENARIO(WhatOneArenaKeepsServesAnotherBeforeMemoryRunsOut) {
  start_without_region();
  th_free(th_malloc(1));  // sets the variant up
  struct th_arena *other = &th_state.arenas[th_state.arena_count - 1];
  struct th_slab *slab = keep_a_span(other);
  EXPECT(slab != NULL && other->kept.slices == 5);
  while (th_region.dirty_count + th_region.clean_count != 0) take_slices(1);
  loam_os_set_fault_hook(nothing_more);
  void *block = th_malloc(5 * TH_SLICE_BYTES);
  bool none_left = th_malloc(5 * TH_SLICE_BYTES) == NULL;
  fail_nothing();
  EXPECT(block == th_slab_start(slab) && none_left);
  th_free(block);
  EXPECT(th_check());
  return NULL;
}
