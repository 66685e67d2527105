// The region where the kernel refuses, where address space is short, and where
// something broke it.

#include "allocators/thread_heap/region_fixture.h"

static size_t limit(void) { return atomic_load_explicit(&th_region.limit, memory_order_relaxed); }

static char *start_of(const struct th_slab *slab) { return th_slab_start(slab); }

// --- The kernel refuses ------------------------------------------------------

// As if there were no address space at all: no region, and nobody falls over it.
SCENARIO(WithoutAddressSpaceThereIsNoRegion) {
  start_without_region();
  fail(LOAM_OS_MAP);
  EXPECT(!th_region_set_up() && th_region.end == 0);
  size_t fresh;
  struct loam_stats stats = {0};
  EXPECT(take_fresh(1, &fresh) == NULL);
  EXPECT(!th_slices_age(0, 0) && th_slices_purge(1) == 0 && th_slices_purge_but(0) == 0);
  EXPECT(th_slab_around(&stats) == NULL && th_region_check() == NULL);
  th_region_stats(&stats);
  EXPECT(stats.mapped_bytes == 0);
  fail_nothing();
  return NULL;
}

SCENARIO(WithoutMemoryForItsMetadataThereIsNoRegion) {
  start_without_region();
  fail(LOAM_OS_COMMIT);
  EXPECT(!th_region_set_up() && th_region.end == 0);
  fail_nothing();
  EXPECT(th_region_set_up() && take_slices(1) != NULL);
  return NULL;
}

SCENARIO(ARegionThatCannotGrowGivesWhatItHas) {
  start_region();
  struct th_slab *first = take_slices(1);
  size_t left = limit() - th_region.first - 1;
  fail(LOAM_OS_COMMIT);
  EXPECT(take_slices((unsigned)left + 1) == NULL);
  for (size_t i = 0; i < left; i++) EXPECT(take_slices(1) != NULL);
  EXPECT(take_slices(1) == NULL && th_region_check() == NULL);
  th_slices_give(first, 1);
  EXPECT(take_slices(1) == first);
  fail_nothing();
  EXPECT(take_slices(1) == first + left + 1 && th_region_check() == NULL);
  return NULL;
}

// A step of growth that is refused is tried again with just what is wanted.
SCENARIO(ARegionThatCannotGrowMuchGrowsALittle) {
  start_region();
  fail_over(LOAM_OS_COMMIT, 2 * TH_SLICE_BYTES);
  EXPECT(take_slices(2) != NULL && limit() == th_region.first + 2);
  EXPECT(take_slices(3) == NULL && th_region_check() == NULL);
  fail_nothing();
  return NULL;
}

SCENARIO(WhatTheKernelDoesNotTakeStaysResident) {
  start_region();
  struct th_slab *slab = take_slices(3);
  start_of(slab)[0] = 1;
  th_slices_give(slab, 3);
  fail(LOAM_OS_DECOMMIT);
  EXPECT(th_slices_purge(SIZE_MAX) == 0);
  th_slices_age(0, 0);
  EXPECT(!th_slices_age(0, 0));
  EXPECT(start_of(slab)[0] == 1 && th_region.dirty_count == 3 && th_region_check() == NULL);
  fail_nothing();
  EXPECT(th_slices_purge(SIZE_MAX) == 3 && start_of(slab)[0] == 0);
  return NULL;
}

// --- Little address space ----------------------------------------------------

enum { MIB = 1 << 20 };

static const char *expect_share_of(size_t bytes) {
  start_without_region();
  fail_over(LOAM_OS_MAP, bytes);
  EXPECT(th_region_set_up());
  fail_nothing();
  size_t reserved = th_region.end << TH_SLICE_BITS;
  EXPECT(reserved <= bytes / 5 * 2 && reserved >= bytes / 5 * 2 / 8 * 7 - 2 * TH_SLICE_BYTES);
  EXPECT(th_region.first < th_region.end / 8);
  return NULL;
}

SCENARIO(WhereAddressSpaceIsShortTwoFifthsAreTaken) {
  for (size_t bytes = 10 * (size_t)MIB; bytes < (size_t)1 << 37; bytes = bytes * 3 / 2) {
    EXPECT_HOLDS(expect_share_of(bytes));
  }
  return NULL;
}

SCENARIO(TooLittleAddressSpaceGivesNoRegion) {
  start_without_region();
  fail_over(LOAM_OS_MAP, 4 * (size_t)MIB);
  EXPECT(!th_region_set_up() && th_region.end == 0);
  fail_nothing();
  return NULL;
}

// To the last slice, and again.
SCENARIO(ASmallRegionCanBeFilledAndEmptied) {
  EXPECT_HOLDS(expect_share_of(64 * (size_t)MIB));
  for (int round = 0; round < 3; round++) {
    size_t count = 0;
    struct th_slab *slab;
    while ((slab = take_slices(1)) != NULL) {
      EXPECT(slab == &th_region.records[th_region.first + count++]);
      memset(start_of(slab), 1, TH_SLICE_BYTES);
    }
    EXPECT(count == th_region.end - th_region.first && th_region_check() == NULL);
    th_slices_give(&th_region.records[th_region.first], (unsigned)count);
    if (round == 1) EXPECT(th_slices_purge(SIZE_MAX) == count);
  }
  EXPECT(take_slices((unsigned)(th_region.end - th_region.first)) != NULL);
  return th_region_check() == NULL ? NULL : "broken";
}

// --- The proof ---------------------------------------------------------------

static struct th_slab *planted;  // a free slice, dirty

static void start_with_a_free_slice(void) {
  start_region();
  planted = take_slices(3) + 1;
  th_slices_give(planted, 1);
}

static size_t place(void) { return (size_t)(planted - th_region.records); }

static void flip(uint64_t *bitmap) { bitmap[place() / 64] ^= (uint64_t)1 << place() % 64; }

SCENARIO(TheCheckFindsASliceThatIsFreeTwice) {
  start_with_a_free_slice();
  EXPECT(th_region_check() == NULL);
  flip(th_region.clean);
  th_region.clean_count++;
  EXPECT(th_region_check() == planted);
  return NULL;
}

SCENARIO(TheCheckFindsAnAgedSliceThatIsNotFree) {
  start_with_a_free_slice();
  EXPECT(take_slices(1) == planted);
  flip(th_region.aged);
  EXPECT(th_region_check() == planted);
  return NULL;
}

SCENARIO(TheCheckFindsAClassOfAFreeSlice) {
  start_with_a_free_slice();
  th_map_set(place(), 3);
  EXPECT(th_region_check() == planted);
  return NULL;
}

SCENARIO(TheCheckFindsAFreeSliceThatAnArenaHolds) {
  start_with_a_free_slice();
  planted->arena = (struct th_arena *)&th_region;
  EXPECT(th_region_check() == planted);
  return NULL;
}

SCENARIO(TheCheckFindsAFreeSliceBeforeTheLowest) {
  start_with_a_free_slice();
  th_region.lowest = place() / 64 + 1;
  EXPECT(th_region_check() == planted);
  return NULL;
}

SCENARIO(TheCheckFindsWrongCounts) {
  start_with_a_free_slice();
  th_region.dirty_count++;
  EXPECT(th_region_check() == &th_region);
  th_region.dirty_count--;
  th_region.clean_count--;
  EXPECT(th_region_check() == &th_region);
  th_region.clean_count++;
  EXPECT(th_region_check() == NULL);
  return NULL;
}
