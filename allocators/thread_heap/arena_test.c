// Arenas: blocks that are taken and put back many at a time, spans, and pages
// that nobody used for a while.

#include "allocators/thread_heap/arena.h"

#include <stdio.h>
#include <unistd.h>

#include "allocators/thread_heap/arena_fixture.h"

enum {
  CLASS = 8,  // of 128 bytes
  BYTES = 8 * TH_ALIGNMENT,
  CAPACITY = (1 << TH_SLICE_BITS) / BYTES,
};

static struct th_arena *const arena = &arenas[0];

static struct th_bin *bin(void) { return &arena->bins[CLASS]; }

static struct th_slab *slab_of(const void *block) { return th_slab_around(block); }

// --- Taking and putting ------------------------------------------------------

SCENARIO(BlocksComeLowestFirstFromOneSlab) {
  start_arenas();
  void *out[10];
  EXPECT(th_arena_take(arena, CLASS, 10, out + 10) == 10);
  for (int i = 0; i < 10; i++) EXPECT(out[9 - i] == th_slab_start(arena->slabs) + i * BYTES);
  EXPECT(bin()->blocks_out == 10 && bin()->slabs == 1);
  return expect_arenas_whole();
}

SCENARIO(ASlabWhoseBlocksAreAllPutGoesBackAtOnce) {
  start_arenas();
  EXPECT(take_blocks(arena, CLASS, 10, 0));
  th_arena_put(CLASS, blocks, 9);
  EXPECT(bin()->slabs == 1 && bin()->blocks_out == 1);
  EXPECT_HOLDS(expect_arenas_whole());
  th_arena_put(CLASS, blocks + 9, 1);
  EXPECT(th_region.dirty_count == 1);
  return expect_nothing_held();
}

SCENARIO(AFullSlabIsInNoList) {
  start_arenas();
  EXPECT(take_blocks(arena, CLASS, CAPACITY, 0));
  EXPECT(bin()->first == NULL && bin()->slabs == 1);
  EXPECT_HOLDS(expect_arenas_whole());
  th_arena_put(CLASS, blocks + 7, 1);
  EXPECT(bin()->first == slab_of(blocks[0]));
  EXPECT(take_blocks(arena, CLASS, 1, 0) && bin()->first == NULL);
  return expect_arenas_whole();
}

SCENARIO(AFullSlabMayBecomeEmptyInOnePut) {
  enum { LARGEST = TH_SLAB_CLASSES - 1 };
  start_arenas();
  EXPECT(take_blocks(arena, LARGEST, 2, 0));
  th_arena_put(LARGEST, blocks, 2);  // full, then half full, then empty
  return expect_nothing_held();
}

// The longer a slab waits, the more of it is free.
SCENARIO(ASlabWithItsFirstFreeBlockIsUsedLast) {
  start_arenas();
  EXPECT(take_blocks(arena, CLASS, 2 * CAPACITY, 0));
  th_arena_put(CLASS, blocks + CAPACITY, 1);
  th_arena_put(CLASS, blocks, 1);
  EXPECT(bin()->first == slab_of(blocks[CAPACITY]) && bin()->last == slab_of(blocks[0]));
  return expect_arenas_whole();
}

// New memory only where no old slab has any: a batch may be short.
SCENARIO(ABatchIsTakenFromOldSlabsFirst) {
  start_arenas();
  EXPECT(take_blocks(arena, CLASS, CAPACITY, 0));
  th_arena_put(CLASS, blocks, 3);
  void *out[20];
  EXPECT(th_arena_take(arena, CLASS, 20, out + 20) == 3 && bin()->slabs == 1);
  EXPECT(th_arena_take(arena, CLASS, 20, out + 20) == 20 && bin()->slabs == 2);
  return expect_arenas_whole();
}

SCENARIO(ABatchGoesOverSeveralSlabs) {
  start_arenas();
  EXPECT(take_blocks(arena, CLASS, 2 * CAPACITY, 0));
  th_arena_put(CLASS, blocks + CAPACITY - 3, 6);
  void *out[10];
  EXPECT(th_arena_take(arena, CLASS, 10, out + 10) == 6 && bin()->first == NULL);
  return expect_arenas_whole();
}

SCENARIO(LinesOfTheCacheAreTakenFromTheFirstSlab) {
  enum { SMALL = 1, LINES = TH_SLICE_BYTES / TH_LINE_BYTES };
  start_arenas();
  void *out[TH_LINE_BLOCKS_MAX];
  for (unsigned line = 0; line < LINES; line++) {
    EXPECT(th_arena_take_line(arena, SMALL, out + TH_LINE_BLOCKS_MAX) == TH_LINE_BLOCKS_MAX);
    EXPECT((uintptr_t)out[TH_LINE_BLOCKS_MAX - 1] % TH_LINE_BYTES == 0);
    EXPECT_HOLDS(expect_arenas_whole());
  }
  EXPECT(arena->bins[SMALL].first == NULL && arena->bins[SMALL].slabs == 1);
  th_arena_put(SMALL, out, 1);
  EXPECT(th_arena_take_line(arena, SMALL, out + TH_LINE_BLOCKS_MAX) == 0);
  return expect_arenas_whole();
}

SCENARIO(BlocksOfSeveralArenasGoHomeInOnePut) {
  enum { EACH = 700 };  // more than a slab holds
  start_arenas();
  for (unsigned i = 0; i < ARENAS; i++) EXPECT(take_blocks(&arenas[i], CLASS, EACH, i * EACH));
  shuffle(blocks, EACH * ARENAS);
  th_arena_put(CLASS, blocks, 1000);
  EXPECT_HOLDS(expect_arenas_whole());
  size_t left = 0;
  for (int i = 0; i < ARENAS; i++) left += arenas[i].bins[CLASS].blocks_out;
  EXPECT(left == EACH * ARENAS - 1000);
  th_arena_put(CLASS, blocks + 1000, left);
  return expect_nothing_held();
}

SCENARIO(WithoutMemoryNothingIsTaken) {
  start_arenas();
  fail(LOAM_OS_COMMIT);
  void *out[4];
  bool zeroed;
  EXPECT(th_arena_take(arena, CLASS, 4, out + 4) == 0);
  EXPECT(th_arena_malloc(arena, CLASS) == NULL);
  EXPECT(th_arena_malloc_span(arena, (struct th_slices){3, .alignment = 1}, &zeroed) == NULL);
  fail_nothing();
  return expect_nothing_held();
}

SCENARIO(BlocksOfAnUncachedArenaAreNotInThePageMap) {
  start_arenas();
  arena->is_uncached = true;
  void *block = th_arena_malloc(arena, CLASS);
  EXPECT(block != NULL && th_map_get(th_slice_of(block)) == 0);
  EXPECT_HOLDS(expect_arenas_whole());
  th_arena_free(slab_of(block), block);
  EXPECT(arena->free_calls == 1);
  return expect_nothing_held();
}

// --- Draining ----------------------------------------------------------------

enum { SPARSE = 20 };

static bool is_mapped(const struct th_slab *slab) {
  return th_map_get((size_t)(slab - th_region.records)) == CLASS;
}

// SPARSE slabs with `left` blocks in use each, those with the highest addresses.
static void start_sparse(unsigned left) {
  start_arenas();
  take_blocks(arena, CLASS, SPARSE * CAPACITY, 0);
  for (unsigned i = 0; i < SPARSE; i++) {
    th_arena_put(CLASS, blocks + (size_t)i * CAPACITY, CAPACITY - left);
  }
}

SCENARIO(SlabsOfASparseClassDrain) {
  enum { LEFT = 3 };
  start_sparse(LEFT);
  for (int i = 0; i < SPARSE; i++) th_arena_drain(arena, CLASS);
  // One has room for what is in all others.
  EXPECT(bin()->draining_slabs == SPARSE - 1 && bin()->draining_out == (SPARSE - 1) * LEFT);
  EXPECT_HOLDS(expect_arenas_whole());
  struct th_slab *stays = bin()->first;
  EXPECT(is_mapped(stays) && !is_mapped(bin()->draining) && !is_mapped(bin()->last));
  void *out[1];
  EXPECT(th_arena_take(arena, CLASS, 1, out + 1) == 1 && slab_of(out[0]) == stays);
  // They go as their blocks do, by whatever way.
  for (unsigned i = 0; i < SPARSE; i++) {
    void **left = blocks + (size_t)(i + 1) * CAPACITY - LEFT;
    struct th_slab *slab = slab_of(left[0]);
    if (slab == stays) continue;
    th_arena_free(slab, left[0]);
    th_arena_put(CLASS, left + 1, LEFT - 1);
    EXPECT(slab->arena == NULL);
    EXPECT_HOLDS(expect_arenas_whole());
  }
  EXPECT(bin()->slabs == 1 && bin()->draining == NULL && bin()->draining_slabs == 0);
  return expect_arenas_whole();
}

SCENARIO(WhatDrainsIsTakenFromBeforeMemoryComesNew) {
  enum { LEFT = 3 };
  start_sparse(LEFT);
  for (int i = 0; i < SPARSE; i++) th_arena_drain(arena, CLASS);
  struct th_slab *last = bin()->last;
  EXPECT(take_blocks(arena, CLASS, CAPACITY - LEFT, 0));
  EXPECT(bin()->first == bin()->draining && bin()->draining_slabs == SPARSE - 1);
  EXPECT(take_blocks(arena, CLASS, 1, 0) && slab_of(blocks[0]) == last);
  EXPECT(bin()->slabs == SPARSE && bin()->draining_slabs == SPARSE - 2);
  EXPECT(bin()->first == last && th_slab_is_cached(last));
  EXPECT_HOLDS(expect_arenas_whole());
  EXPECT(take_blocks(arena, CLASS, (SPARSE - 1) * (CAPACITY - LEFT) - 1, 0));
  EXPECT(bin()->first == NULL && bin()->slabs == SPARSE);
  return expect_arenas_whole();
}

SCENARIO(NoMoreSlabsDrainThanTheOthersHaveRoomFor) {
  start_sparse(CAPACITY * 2 / 3);
  for (int i = 0; i < SPARSE; i++) th_arena_drain(arena, CLASS);
  size_t others_free =
      (SPARSE - bin()->draining_slabs) * CAPACITY - (bin()->blocks_out - bin()->draining_out);
  EXPECT(bin()->draining_slabs != 0 && bin()->draining_out <= others_free);
  EXPECT_HOLDS(expect_arenas_whole());
  start_sparse(CAPACITY * 4 / 5);  // dense enough
  th_arena_drain(arena, CLASS);
  EXPECT(bin()->draining == NULL);
  start_sparse(3);
  arena->is_own = true;
  th_arena_drain(arena, CLASS);
  EXPECT(bin()->draining == NULL);
  return NULL;
}

// --- Spans -------------------------------------------------------------------

SCENARIO(ASpanIsTakenAndFreed) {
  start_arenas();
  bool zeroed = false;
  char *block = th_arena_malloc_span(arena, (struct th_slices){5, .alignment = 1}, &zeroed);
  EXPECT(block != NULL && zeroed && arena->span_bytes == 5 * TH_SLICE_BYTES);
  memset(block, 1, 5 * TH_SLICE_BYTES);
  EXPECT_HOLDS(expect_arenas_whole());
  th_arena_free(slab_of(block), block);
  EXPECT(arena->span_bytes == 0 && th_region.dirty_count == 5);
  return expect_nothing_held();
}

SCENARIO(ASpanGrowsAndShrinksWhereItIs) {
  start_arenas();
  bool zeroed;
  char *block = th_arena_malloc_span(arena, (struct th_slices){5, .alignment = 1}, &zeroed);
  struct th_slab *slab = slab_of(block);
  EXPECT(th_arena_resize_span(slab, 9) && slab->block_bytes == 9 * TH_SLICE_BYTES);
  memset(block, 1, 9 * TH_SLICE_BYTES);
  EXPECT_HOLDS(expect_arenas_whole());
  EXPECT(th_arena_resize_span(slab, 2) && arena->span_bytes == 2 * TH_SLICE_BYTES);
  EXPECT(th_region.dirty_count == 7);
  EXPECT_HOLDS(expect_arenas_whole());
  th_arena_free(slab, block);
  return expect_nothing_held();
}

SCENARIO(ASpanThatCannotGrowStaysAsItIs) {
  start_arenas();
  bool zeroed;
  struct th_slab *slab =
      slab_of(th_arena_malloc_span(arena, (struct th_slices){5, .alignment = 1}, &zeroed));
  void *neighbour = th_arena_malloc(arena, CLASS);
  EXPECT(slab_of(neighbour) == slab + 5);
  EXPECT(!th_arena_resize_span(slab, 6));
  EXPECT(slab->slices == 5 && arena->span_bytes == 5 * TH_SLICE_BYTES);
  return expect_arenas_whole();
}

// Whether the kernel is to make the page around an address huge.
static bool is_preferred_huge(const char *address) {
  FILE *file = fopen("/proc/self/smaps", "r");
  char line[512];
  bool is_here = false;
  bool found = false;
  while (file != NULL && fgets(line, sizeof line, file) != NULL) {
    unsigned long start;
    unsigned long end;
    if (sscanf(line, "%lx-%lx ", &start, &end) == 2) {
      is_here = start <= (uintptr_t)address && (uintptr_t)address < end;
    }
    if (is_here && strncmp(line, "VmFlags:", 8) == 0) found = strstr(line, " hg") != NULL;
  }
  if (file != NULL) fclose(file);
  return found;
}

SCENARIO(NewMemoryOfALargeSpanComesByHugePagesUntilItGoes) {
  enum { UNIT = 128 };
  bool has_huge_pages = access("/sys/kernel/mm/transparent_hugepage", F_OK) == 0;
  start_arenas();
  th_region.huge_pages = true;
  struct th_slices want = {3 * UNIT, .alignment = 1, .is_large = true};
  bool zeroed;
  char *block = th_arena_malloc_span(arena, want, &zeroed);
  struct th_slab *slab = slab_of(block);
  EXPECT(zeroed && slab->is_huge && is_preferred_huge(block) == has_huge_pages);
  EXPECT(th_arena_resize_span(slab, 2 * UNIT) && !slab->is_huge && !is_preferred_huge(block));
  char *behind = block + 2 * UNIT * TH_SLICE_BYTES;
  EXPECT(th_arena_resize_span(slab, 3 * UNIT) && slab->is_huge);
  EXPECT(is_preferred_huge(behind) == has_huge_pages);
  th_arena_free(slab, block);
  EXPECT(!is_preferred_huge(block) && !is_preferred_huge(behind));
  EXPECT_HOLDS(expect_nothing_held());
  // What is resident has its pages.
  EXPECT(th_arena_malloc_span(arena, want, &zeroed) == block && !zeroed && !slab->is_huge);
  EXPECT(th_arena_resize_span(slab, 2 * UNIT) && th_arena_resize_span(slab, 3 * UNIT));
  EXPECT(slab->is_huge && is_preferred_huge(behind) == has_huge_pages);
  th_arena_destroy(arena);
  EXPECT(!is_preferred_huge(block) && !is_preferred_huge(behind));
  return NULL;
}

// --- Giving up memory --------------------------------------------------------

// Two pages of the slab are free, and resident.
static struct th_slab *start_with_free_pages(void) {
  enum { PAGE_BLOCKS = 4096 / BYTES };
  start_arenas();
  take_blocks(arena, CLASS, CAPACITY, 0);
  struct th_slab *slab = slab_of(blocks[0]);
  memset(th_slab_start(slab), 1, TH_SLICE_BYTES);
  th_arena_put(CLASS, blocks + 2 * PAGE_BLOCKS, 2 * PAGE_BLOCKS);
  return slab;
}

SCENARIO(FreePagesGoAtTheSecondPass) {
  struct th_slab *slab = start_with_free_pages();
  EXPECT(!th_arena_age(arena, 0, 0) && slab->purged == 0);
  EXPECT(!th_arena_age(arena, 0, 0) && slab->purged == 0xc);
  EXPECT(th_slab_start(slab)[2 * 4096] == 0 && th_slab_start(slab)[4096] == 1);
  return expect_arenas_whole();
}

SCENARIO(PagesOfASlabInUseStay) {
  struct th_slab *slab = start_with_free_pages();
  for (int i = 0; i < 5; i++) {
    EXPECT(!th_arena_age(arena, 0, 0) && slab->purged == 0);
    EXPECT(take_blocks(arena, CLASS, 1, CAPACITY));
  }
  return expect_arenas_whole();
}

SCENARIO(ATrimTakesFreePagesAtOnce) {
  struct th_slab *slab = start_with_free_pages();
  EXPECT(th_arena_trim(arena) && slab->purged == 0xc);
  EXPECT(!th_arena_trim(arena));
  return expect_arenas_whole();
}

// Many slabs of few blocks.
enum { EIGHTH = 40, EIGHTH_BYTES = TH_SLICE_BYTES / 8, SLABS = 600 };

SCENARIO(APassOverManySlabsStopsAndGoesOn) {
  start_arenas();
  EXPECT(take_blocks(arena, EIGHTH, 8 * SLABS, 0));
  for (size_t i = 0; i < SLABS; i++) memset(blocks[8 * i], 1, 4 * EIGHTH_BYTES);
  for (size_t i = 0; i < SLABS; i++) th_arena_put(EIGHTH, blocks + 8 * i, 4);
  for (int pass = 0; pass < 2; pass++) {
    int stretches = 1;
    while (th_arena_age(arena, 0, 0)) stretches++;
    EXPECT(stretches > 1 && stretches < SLABS);
  }
  for (size_t i = 0; i < SLABS; i++) EXPECT(*(char *)blocks[8 * i] == 0);
  return expect_arenas_whole();
}

// The slab at which a pass stopped may go before the pass goes on.
SCENARIO(APassGoesOnWhereASlabWent) {
  start_arenas();
  EXPECT(take_blocks(arena, EIGHTH, 8 * SLABS, 0));
  EXPECT(th_arena_age(arena, 0, 0) && arena->age_cursor != NULL);
  struct th_slab *next = arena->age_cursor->all_next;
  void *of_cursor[8];
  for (size_t i = 0; i < 8; i++) of_cursor[i] = th_slab_start(arena->age_cursor) + i * EIGHTH_BYTES;
  th_arena_put(EIGHTH, of_cursor, 8);
  EXPECT(arena->age_cursor == next);
  while (th_arena_age(arena, 0, 0)) continue;
  return expect_arenas_whole();
}

// Whoever else has more to do may call in between.
SCENARIO(APassBeginsWhenItIsDue) {
  struct th_slab *slab = start_with_free_pages();
  EXPECT(!th_arena_age(arena, 1000, 500));
  EXPECT(!th_arena_age(arena, 1001, 500) && slab->purged == 0);
  EXPECT(!th_arena_age(arena, 1499, 500) && slab->purged == 0);
  EXPECT(!th_arena_age(arena, 1500, 500) && slab->purged == 0xc);
  return expect_arenas_whole();
}

SCENARIO(APassThatHasBegunGoesOnAtOnce) {
  start_arenas();
  EXPECT(take_blocks(arena, EIGHTH, 8 * SLABS, 0));
  int stretches = 1;
  while (th_arena_age(arena, 1000, 500)) stretches++;
  EXPECT(stretches > 1 && arena->age_ms == 1500);
  return expect_arenas_whole();
}

SCENARIO(APassDoesNotWaitForTheLock) {
  start_arenas();
  loam_lock_acquire(&arena->lock);
  EXPECT(th_arena_age(arena, 0, 0));  // there is more to do
  loam_lock_release(&arena->lock);
  return NULL;
}

// --- All of it ---------------------------------------------------------------

SCENARIO(StatisticsAddUp) {
  start_arenas();
  EXPECT(take_blocks(arena, CLASS, CAPACITY + 10, 0));
  bool zeroed;
  th_arena_malloc_span(arena, (struct th_slices){3, .alignment = 1}, &zeroed);
  struct loam_stats stats = {0};
  th_arena_stats(arena, &stats);
  EXPECT(stats.live_blocks == CAPACITY + 11);
  EXPECT(stats.allocated_bytes == (CAPACITY + 10) * BYTES + 3 * TH_SLICE_BYTES);
  EXPECT(stats.free_blocks == CAPACITY - 10 && stats.free_bytes == stats.free_blocks * BYTES);
  EXPECT(stats.largest_free_bytes == BYTES);
  EXPECT(stats.mapped_bytes == 5 * TH_SLICE_BYTES);
  EXPECT(stats.mapped_bytes == stats.allocated_bytes + stats.free_bytes + stats.metadata_bytes);
  return NULL;
}

SCENARIO(ADestroyedArenaHoldsNothing) {
  start_arenas();
  bool zeroed;
  size_t slices = 0;
  for (unsigned class = 1; class < TH_SLAB_CLASSES; class ++) {
    EXPECT(th_arena_malloc(arena, class) != NULL);
    slices += th_class_slices(class);
  }
  EXPECT(th_arena_malloc_span(arena, (struct th_slices){7, .alignment = 1}, &zeroed) != NULL);
  th_arena_destroy(arena);
  EXPECT(arena->slabs == NULL && th_region_check() == NULL);
  EXPECT(th_region.dirty_count == slices + 7);
  return NULL;
}
