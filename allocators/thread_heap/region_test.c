// The region: slices that are taken, given back, and given up to the system.

#include "allocators/thread_heap/region.h"

#include "allocators/thread_heap/region_fixture.h"

enum { MANY = 200 };  // slices, over several words of a bitmap

static char *start_of(const struct th_slab *slab) { return th_slab_start(slab); }

static size_t limit(void) { return atomic_load_explicit(&th_region.limit, memory_order_relaxed); }

static const char *expect_whole(void) {
  EXPECT(th_region_check() == NULL);
  return NULL;
}

// The first of `count` slices, each taken alone and written.
static struct th_slab *take_many(size_t count) {
  struct th_slab *first = take_slices(1);
  memset(start_of(first), 1, TH_SLICE_BYTES);
  for (size_t i = 1; i < count; i++) memset(start_of(take_slices(1)), 1, TH_SLICE_BYTES);
  return first;
}

static void give_each(struct th_slab *first, size_t count) {
  for (size_t i = 0; i < count; i++) th_slices_give(first + i, 1);
}

// --- Taking and giving -------------------------------------------------------

SCENARIO(AnEmptyRegionIsWhole) {
  start_region();
  EXPECT(th_region.first > 0 && limit() == th_region.first);
  EXPECT(th_region.dirty_count == 0 && th_region.clean_count == 0);
  EXPECT((uintptr_t)th_region.base % TH_SLICE_BYTES == 0);
  return expect_whole();
}

SCENARIO(MetadataEndsBeforeTheFirstSlice) {
  start_region();
  EXPECT((char *)&th_region.records[th_region.end] <=
         th_region.base + (th_region.first << TH_SLICE_BITS) - loam_os_page_size());
  return NULL;
}

SCENARIO(SlicesAreTakenLowestFirst) {
  start_region();
  for (size_t i = 0; i < MANY; i++) {
    size_t fresh;
    struct th_slab *slab = take_fresh(1, &fresh);
    EXPECT(slab == &th_region.records[th_region.first + i]);
    EXPECT(fresh != 0 && start_of(slab)[0] == 0);
    memset(start_of(slab), 1, TH_SLICE_BYTES);  // and it can be written
  }
  return expect_whole();
}

SCENARIO(ALargeRegionGrowsByHugePages) {
  enum { UNIT = 128, LARGE = 8 * UNIT };
  start_region();
  th_region.huge_pages = true;
  struct th_slab *first = take_many(LARGE);
  EXPECT(th_region.dirty_count == 0);
  size_t fresh;
  struct th_slab *slab = take_fresh(1, &fresh);
  EXPECT(fresh == UNIT && th_region.dirty_count == UNIT - 1);
  EXPECT((uintptr_t)start_of(slab) % (UNIT * TH_SLICE_BYTES) == 0);
  unsigned char pages[TH_SLICE_BYTES / 4096];
  char *last = start_of(slab + UNIT - 1);
  EXPECT(loam_os_resident(last, TH_SLICE_BYTES, pages) && (pages[0] & 1) != 0 && last[0] == 0);
  for (size_t i = 1; i < UNIT; i++) EXPECT(take_fresh(1, &fresh) == slab + i && fresh == 0);
  EXPECT_HOLDS(expect_whole());
  // One that gave its memory back is small, and does not.
  th_slices_give(slab, UNIT);
  give_each(first, LARGE);
  EXPECT(th_slices_purge(SIZE_MAX) == LARGE + UNIT);
  EXPECT(take_fresh(1, &fresh) == first && fresh == 1);
  return expect_whole();
}

SCENARIO(WhatMayBeUsedInPartComesWithoutHugePages) {
  enum { LARGE = 1024 };
  start_region();
  th_region.huge_pages = true;
  take_many(LARGE);
  size_t fresh;
  EXPECT(take_sparse(3, &fresh) != NULL && fresh == 3 && th_region.dirty_count == 0);
  th_region.is_coming = true;  // by another thread
  EXPECT(take_fresh(1, &fresh) != NULL && fresh == 1 && th_region.dirty_count == 0);
  th_region.is_coming = false;
  EXPECT(take_fresh(1, &fresh) != NULL && fresh > 1 && th_region.dirty_count != 0);
  return expect_whole();
}

SCENARIO(LargeSlicesBeginAtAUnitWhereAllComeNew) {
  enum { UNIT = 128 };
  start_region();
  th_region.huge_pages = true;
  struct th_slices want = {3 * UNIT, .alignment = 1, .is_large = true};
  struct th_slab *low = take_slices(UNIT / 2);
  size_t fresh;
  struct th_slab *large = th_slices_take(want, &fresh);
  EXPECT(large > low && fresh == 3 * UNIT);
  EXPECT((uintptr_t)start_of(large) % (UNIT * TH_SLICE_BYTES) == 0);
  // Where some are resident, those serve wherever they lie.
  th_slices_give(low, UNIT / 2);
  th_slices_give(large, 3 * UNIT);
  EXPECT(th_slices_take(want, &fresh) == large && fresh == 0);
  want.count = 4 * UNIT;
  th_slices_give(large, 3 * UNIT);
  EXPECT(th_slices_take(want, &fresh) == low && 0 < fresh && fresh < UNIT);
  return expect_whole();
}

SCENARIO(WithoutMemoryForAHugePageSlicesComeOneByOne) {
  enum { LARGE = 1024 };
  start_region();
  take_many(LARGE);
  while (th_region.clean_count != 0) take_slices(1);
  th_region.huge_pages = true;
  fail_over(LOAM_OS_COMMIT, 64 * TH_SLICE_BYTES);
  size_t fresh;
  EXPECT(take_fresh(1, &fresh) != NULL && fresh == 1 && th_region.dirty_count == 0);
  fail_nothing();
  return expect_whole();
}

SCENARIO(AFreeSliceIsTakenBeforeNewOnes) {
  start_region();
  struct th_slab *first = take_many(MANY);
  th_slices_give(first + 150, 1);
  th_slices_give(first + 70, 1);
  EXPECT_HOLDS(expect_whole());
  size_t fresh = 1;
  EXPECT(take_fresh(1, &fresh) == first + 70 && fresh == 0);
  EXPECT(take_fresh(1, &fresh) == first + 150 && fresh == 0);
  EXPECT(take_fresh(1, &fresh) == first + MANY && fresh != 0);
  return expect_whole();
}

SCENARIO(WhatIsResidentIsTakenBeforeWhatIsNot) {
  start_region();
  struct th_slab *first = take_many(MANY);
  th_slices_give(first + 10, 1);
  EXPECT(th_slices_purge(SIZE_MAX) == 1);
  th_slices_give(first + 90, 1);
  size_t fresh = 1;
  EXPECT(take_fresh(1, &fresh) == first + 90 && fresh == 0);
  EXPECT(take_fresh(1, &fresh) == first + 10 && fresh != 0);
  return expect_whole();
}

// Runs of each length at each place, among them those over the ends of words.
SCENARIO(ARunIsFoundWhereverItLies) {
  for (unsigned count = 1; count <= 130; count += 43) {
    for (size_t at = 1; at < 140; at++) {
      start_region();
      struct th_slab *first = take_slices(450);
      th_slices_give(first + at, count);
      th_slices_give(first + at + count + 1, count - 1);  // one too short behind it
      EXPECT(take_slices(count) == first + at);
      EXPECT_HOLDS(expect_whole());
    }
  }
  return NULL;
}

SCENARIO(ARunThatIsTooShortIsPassedOver) {
  start_region();
  struct th_slab *first = take_slices(300);
  th_slices_give(first + 60, 8);
  EXPECT(take_slices(9) >= first + 300);
  EXPECT(take_slices(8) == first + 60);
  return expect_whole();
}

SCENARIO(ARunOfBothKindsDoesNotReadAsZero) {
  start_region();
  struct th_slab *first = take_many(MANY);
  give_each(first + 40, 2);
  th_slices_purge(SIZE_MAX);
  th_slices_give(first + 42, 1);
  size_t fresh = 0;
  EXPECT(take_fresh(3, &fresh) == first + 40 && fresh == 2);
  EXPECT(start_of(first + 40)[0] == 0 && start_of(first + 42)[0] == 1);
  return expect_whole();
}

SCENARIO(SlicesBehindOthersAreTakenWhereTheyAreFree) {
  start_region();
  struct th_slab *first = take_slices(MANY);
  th_slices_give(first + 60, 10);
  EXPECT(!th_slices_take_at(first + 60, 11));
  EXPECT(!th_slices_take_at(first + 59, 2));
  EXPECT(th_region.dirty_count == 10);
  EXPECT(th_slices_take_at(first + 60, 4));
  EXPECT(take_slices(6) == first + 64);
  return expect_whole();
}

static size_t slice_of(const struct th_slab *slab) { return (size_t)(slab - th_region.records); }

SCENARIO(AWideSlabBeginsAtAMultipleOfItsSize) {
  start_region();
  size_t fresh;
  for (unsigned before = 1; before < 8; before++) {
    EXPECT(take_slices(before) != NULL);
    struct th_slab *wide = take_aligned(TH_WIDE_SLICES, TH_WIDE_SLICES, &fresh);
    EXPECT(wide != NULL && fresh == TH_WIDE_SLICES && slice_of(wide) % TH_WIDE_SLICES == 0);
    EXPECT((uintptr_t)start_of(wide) % (TH_WIDE_SLICES * TH_SLICE_BYTES) == 0);
    memset(start_of(wide), 1, TH_WIDE_SLICES * TH_SLICE_BYTES);
  }
  return th_region_check() == NULL ? NULL : "region";
}

// Four that are free side by side are not enough.
SCENARIO(AWideSlabTakesNoFourSlicesAcrossAMultiple) {
  start_region();
  struct th_slab *first = take_slices(4 * TH_WIDE_SLICES);
  size_t shift = TH_WIDE_SLICES - slice_of(first) % TH_WIDE_SLICES;
  th_slices_give(first + shift + 2, TH_WIDE_SLICES);
  size_t fresh;
  struct th_slab *wide = take_aligned(TH_WIDE_SLICES, TH_WIDE_SLICES, &fresh);
  EXPECT(wide != NULL && slice_of(wide) % TH_WIDE_SLICES == 0);
  EXPECT(wide >= first + 4 * TH_WIDE_SLICES);
  th_slices_give(first + shift + TH_WIDE_SLICES + 2, 2);  // now four of a multiple lie free
  EXPECT(take_aligned(TH_WIDE_SLICES, TH_WIDE_SLICES, &fresh) == first + shift + TH_WIDE_SLICES &&
         fresh == 0);
  return th_region_check() == NULL ? NULL : "region";
}

SCENARIO(WithoutMemoryNoWideSlabIsTaken) {
  start_region();
  fail(LOAM_OS_COMMIT);
  size_t fresh;
  EXPECT(take_aligned(TH_WIDE_SLICES, TH_WIDE_SLICES, &fresh) == NULL && fresh == 0);
  fail_nothing();
  EXPECT(take_aligned(TH_WIDE_SLICES, TH_WIDE_SLICES, &fresh) != NULL);
  return NULL;
}

SCENARIO(NothingIsTakenBehindTheLimit) {
  start_region();
  struct th_slab *first = take_slices(1);
  size_t known = limit() - th_region.first - 1;
  EXPECT(!th_slices_take_at(first + 1, (unsigned)known + 1));
  EXPECT(th_slices_take_at(first + 1, (unsigned)known));
  return expect_whole();
}

SCENARIO(TheLongestSpanCanBeHadAndWritten) {
  start_region();
  struct th_slab *slab = take_slices(TH_SPAN_SLICES_MAX);
  EXPECT(slab != NULL && slab[TH_SPAN_SLICES_MAX - 1].arena == NULL);
  start_of(slab)[0] = 1;
  start_of(slab)[TH_SPAN_BYTES_MAX - 1] = 1;
  return expect_whole();
}

// --- Slices that are aligned --------------------------------------------------

SCENARIO(AlignedSlicesBeginWhereTheyShould) {
  start_region();
  for (unsigned alignment = 1; alignment <= 128; alignment *= 2) {
    for (unsigned count = 1; count < 200; count = 2 * count + 1) {
      size_t fresh;
      struct th_slab *slab = take_aligned(count, alignment, &fresh);
      EXPECT(slab != NULL && (size_t)(slab - th_region.records) % alignment == 0);
      memset(start_of(slab), 1, (size_t)count << TH_SLICE_BITS);
      EXPECT(take_slices(1) != NULL);  // what follows begins elsewhere
    }
  }
  return expect_whole();
}

// What lies between them serves others.
SCENARIO(AlignedSlicesLeaveNoMoreThanTheyMust) {
  start_region();
  size_t fresh;
  struct th_slab *first = take_aligned(1, 64, &fresh);
  struct th_slab *second = take_aligned(1, 64, &fresh);
  EXPECT(second == first + 64);
  for (unsigned i = 1; i < 64; i++) EXPECT(take_slices(1) < second);
  th_slices_give(first, 1);
  EXPECT(take_aligned(1, 64, &fresh) == first && fresh == 0);
  return expect_whole();
}

// --- Giving up memory --------------------------------------------------------

SCENARIO(ASliceLosesItsMemoryAtTheSecondPass) {
  start_region();
  struct th_slab *first = take_many(3);
  th_slices_give(first + 1, 1);
  EXPECT(!th_slices_age(0, 0));
  EXPECT(start_of(first + 1)[0] == 1 && th_region.dirty_count == 1);
  EXPECT(!th_slices_age(0, 0));
  EXPECT(start_of(first + 1)[0] == 0 && th_region.dirty_count == 0);
  EXPECT_HOLDS(expect_whole());
  size_t fresh = 0;
  EXPECT(take_fresh(1, &fresh) == first + 1 && fresh != 0);
  return NULL;
}

SCENARIO(ASliceThatWasUsedBetweenPassesKeepsItsMemory) {
  start_region();
  struct th_slab *first = take_many(2);
  th_slices_give(first, 1);
  th_slices_age(0, 0);
  EXPECT(take_slices(1) == first);
  th_slices_give(first, 1);
  th_slices_age(0, 0);
  EXPECT(start_of(first)[0] == 1);
  th_slices_age(0, 0);
  EXPECT(start_of(first)[0] == 0);
  return expect_whole();
}

// Whoever else has more to do may call in between.
SCENARIO(APassBeginsWhenItIsDue) {
  start_region();
  struct th_slab *first = take_many(2);
  th_slices_give(first, 1);
  EXPECT(!th_slices_age(1000, 500));
  EXPECT(!th_slices_age(1001, 500) && start_of(first)[0] == 1);
  EXPECT(!th_slices_age(1499, 500) && start_of(first)[0] == 1);
  EXPECT(!th_slices_age(1500, 500) && start_of(first)[0] == 0);
  return expect_whole();
}

// More stretches than one pass goes through.
SCENARIO(APassThatStopsAtItsLimitSaysSoAndGoesOn) {
  start_region();
  struct th_slab *first = take_many(MANY);
  for (size_t i = 0; i < MANY; i += 2) th_slices_give(first + i, 1);
  EXPECT(!th_slices_age(0, 0));
  EXPECT(th_slices_age(0, 0));
  EXPECT(th_region.dirty_count != 0 && th_region.dirty_count < MANY / 2);
  EXPECT(!th_slices_age(0, 0));
  EXPECT(th_region.dirty_count == 0);
  for (size_t i = 0; i < MANY; i++) EXPECT(start_of(first + i)[0] == (i % 2 != 0));
  return expect_whole();
}

SCENARIO(APurgeTakesAsManyAsItIsAskedFor) {
  start_region();
  struct th_slab *first = take_many(MANY);
  for (size_t i = 0; i < MANY; i += 2) th_slices_give(first + i, 1);
  EXPECT(th_slices_purge(0) == 0);
  EXPECT(th_slices_purge(30) == 30 && th_region.dirty_count == 70);
  EXPECT(th_slices_purge_but(65) == 5 && th_region.dirty_count == 65);
  EXPECT(th_slices_purge_but(65) == 0);
  EXPECT(th_slices_purge(SIZE_MAX) == 65 && th_region.dirty_count == 0);
  EXPECT(th_region.clean_count == limit() - th_region.first - MANY / 2);
  return expect_whole();
}

// The records of free slices go with them, and read as nothing when they are used again.
SCENARIO(RecordsOfPurgedSlicesAreEmpty) {
  start_region();
  struct th_slab *first = take_many(MANY);
  memset(first[100].free, 1, sizeof first[100].free);
  give_each(first, MANY);
  th_slices_purge(SIZE_MAX);
  EXPECT(first[100].free[0] == 0 && first[100].arena == NULL);
  return expect_whole();
}

SCENARIO(StatisticsCountWhatIsFreeAndResident) {
  start_region();
  struct th_slab *first = take_many(MANY);
  give_each(first + 10, 5);
  give_each(first + 60, 10);
  struct loam_stats stats = {0};
  th_region_stats(&stats);
  EXPECT(stats.free_blocks == 15 && stats.free_bytes == 15 * TH_SLICE_BYTES);
  EXPECT(stats.largest_free_bytes == 10 * TH_SLICE_BYTES);
  EXPECT(stats.mapped_bytes == stats.metadata_bytes + stats.free_bytes);
  EXPECT(stats.metadata_bytes >= MANY * sizeof(struct th_slab));
  return NULL;
}
