// Giving memory back: passes that age, decommit and drop segments; trim.

#include "common/boundary_tag/testing/arena_fixture.h"

enum { HOLE = 262144, DELAY_MS = 100 };

// A free block of HOLE bytes between blocks in use, all its bytes written.
static struct block *make_hole(void) {
  start();
  take(1024);
  struct block *hole = take(HOLE);
  take(1024);
  fill(hole, 7);
  give(hole);
  return hole;
}

// Whether the bytes in the middle of a free block are as they were written.
static bool holds_memory(struct block *block, size_t size) {
  const char *middle = (char *)block + size / 2;
  return bytes_are(middle, middle + 1024, 7);
}

// Whether all whole pages of a free block read zero.
static bool gave_memory(struct block *block, size_t size) {
  char *pages;
  size_t bytes = whole_pages(block, size, &pages);
  return bytes != 0 && bytes_are(pages, pages + bytes, 0);
}

static bool trim(size_t keep) { return arena_trim(&arena, &keep); }

SCENARIO(TheFirstPassAgesTheSecondGivesBack) {
  struct block *hole = make_hole();
  EXPECT(block_word(hole) == (HOLE | PREV_IN_USE));
  EXPECT(!arena_purge_pass(&arena));
  EXPECT(block_word(hole) == (HOLE | PREV_IN_USE | AGED));
  EXPECT(holds_memory(hole, HOLE));
  EXPECT_HOLDS(expect_whole());
  EXPECT(!arena_purge_pass(&arena));
  EXPECT(block_word(hole) == (HOLE | PREV_IN_USE | AGED | PURGED));
  EXPECT(gave_memory(hole, HOLE));
  EXPECT_HOLDS(expect_whole());
  EXPECT(take(HOLE) == hole);  // and it serves again
  EXPECT(block_word(hole) == (HOLE | IN_USE | PREV_IN_USE));
  fill(hole, 7);
  EXPECT_HOLDS(expect_whole());
  return NULL;
}

SCENARIO(WhatIsPurgedIsNotPurgedAgain) {
  struct block *hole = make_hole();
  arena_purge_pass(&arena);
  arena_purge_pass(&arena);
  memset((char *)hole + HOLE / 2, 7, 1024);  // a decommit would clear it
  arena_purge_pass(&arena);
  EXPECT(holds_memory(hole, HOLE));
  return NULL;
}

SCENARIO(BlocksInUseAndSmallOnesAreLeftAlone) {
  start();
  struct block *used = take(HOLE);
  struct block *small = take(PURGE_BYTES_MIN - BLOCK_ALIGNMENT);
  take(1024);
  fill(used, 7);
  fill(small, 7);
  give(small);
  for (int i = 0; i < 3; i++) arena_purge_pass(&arena);
  EXPECT(bytes_are(block_payload(used), block_next(used, HOLE), 7));
  EXPECT(block_word(small) == ((PURGE_BYTES_MIN - BLOCK_ALIGNMENT) | PREV_IN_USE));
  EXPECT(holds_memory(small, PURGE_BYTES_MIN - BLOCK_ALIGNMENT));
  return NULL;
}

SCENARIO(ACrumbThatMergesDoesNotMakeYoung) {
  start();
  struct block *before = take(1024);
  struct block *hole = take(HOLE);
  struct block *behind = take(1024);
  take(1024);
  give(hole);
  arena_purge_pass(&arena);
  give(behind);
  EXPECT(block_word(hole) == ((HOLE + 1024) | PREV_IN_USE | AGED));
  give(before);
  EXPECT(block_word(before) == ((HOLE + 2048) | PREV_IN_USE | AGED));
  EXPECT_HOLDS(expect_whole());
  return NULL;
}

SCENARIO(ALargerYoungPartMakesYoung) {
  start();
  struct block *aged = take(PURGE_BYTES_MIN);
  struct block *young = take(HOLE);
  take(1024);
  give(aged);
  arena_purge_pass(&arena);
  EXPECT(has_flags(aged, AGED));
  give(young);
  EXPECT(block_word(aged) == ((PURGE_BYTES_MIN + HOLE) | PREV_IN_USE));
  return NULL;
}

SCENARIO(TheRestOfAPurgedBlockStaysPurged) {
  struct block *hole = make_hole();
  arena_purge_pass(&arena);
  arena_purge_pass(&arena);
  EXPECT(take(HOLE / 4) == hole);
  EXPECT(has_flags(block_next(hole, HOLE / 4), AGED | PURGED));
  EXPECT_HOLDS(expect_whole());
  return NULL;
}

SCENARIO(ADecommitThatFailsIsTriedAgainByATrimAlone) {
  struct block *hole = make_hole();
  arena_purge_pass(&arena);
  fail(LOAM_OS_DECOMMIT);
  arena_purge_pass(&arena);
  EXPECT(failed_calls == 1);
  for (int i = 0; i < 3; i++) arena_purge_pass(&arena);
  EXPECT(failed_calls == 1);
  EXPECT(!trim(0));
  EXPECT(failed_calls > 1);
  fail_nothing();
  EXPECT(holds_memory(hole, HOLE));
  EXPECT_HOLDS(expect_whole());
  EXPECT(trim(0));
  EXPECT(gave_memory(hole, HOLE));
  EXPECT(!trim(0));
  return NULL;
}

SCENARIO(WhatWasRefusedIsOfferedAgainOnceItMerges) {
  start();
  take(1024);
  struct block *hole = take(HOLE);
  struct block *behind = take(1024);
  take(1024);
  fill(hole, 7);
  give(hole);
  arena_purge_pass(&arena);
  fail(LOAM_OS_DECOMMIT);
  arena_purge_pass(&arena);
  fail_nothing();
  EXPECT(has_flags(hole, AGED | PURGED));
  give(behind);
  arena_purge_pass(&arena);
  EXPECT(gave_memory(hole, HOLE + 1024));
  return NULL;
}

SCENARIO(BytesAreGivenBackAtOnceWithoutAging) {
  struct block *hole = make_hole();
  arena_purge_bytes(&arena, (size_t)HOLE * 2 * PURGE_BLOCKS_SOON_MAX);
  EXPECT(holds_memory(hole, HOLE));  // too small for so many bytes
  arena_purge_bytes(&arena, HOLE);
  EXPECT(block_word(hole) == (HOLE | PREV_IN_USE | PURGED));
  EXPECT(gave_memory(hole, HOLE));
  EXPECT_HOLDS(expect_whole());
  return NULL;
}

// --- When --------------------------------------------------------------------

SCENARIO(PassesAreADelayApart) {
  struct block *hole = make_hole();
  arena_purge(&arena, 1000, DELAY_MS);
  EXPECT(arena.purge_ms == 1000 + DELAY_MS);
  EXPECT(has_flags(hole, AGED));
  arena_purge(&arena, 1000 + DELAY_MS - 1, DELAY_MS);
  EXPECT(!has_flags(hole, PURGED));
  arena_purge(&arena, 1000 + DELAY_MS, DELAY_MS);
  EXPECT(has_flags(hole, PURGED));
  return NULL;
}

// More free blocks than one pass purges, each between blocks in use.
enum { HOLES = PURGE_BLOCKS_MAX + 10 };
static struct block *holes[HOLES];

static void make_holes(void) {
  start();
  for (int i = 0; i < HOLES; i++) {
    holes[i] = take(PURGE_BYTES_MIN);
    take(PURGE_BYTES_MIN);  // as large: it fits just where the hole did
  }
  for (int i = 0; i < HOLES; i++) give(holes[i]);
}

SCENARIO(APassStopsAtItsLimitAndTheNextGoesOn) {
  make_holes();
  EXPECT(!arena_purge_pass(&arena));  // to age is cheap
  arena_purge(&arena, 1000, DELAY_MS);
  EXPECT(arena.purge_ms == 1001);
  int purged = 0;
  for (int i = 0; i < HOLES; i++) purged += has_flags(holes[i], PURGED);
  EXPECT(purged <= PURGE_BLOCKS_MAX && purged > PURGE_BLOCKS_MAX / 2);
  arena_purge(&arena, 1001, DELAY_MS);
  EXPECT(arena.purge_ms == 1001 + DELAY_MS);
  for (int i = 0; i < HOLES; i++) EXPECT(has_flags(holes[i], PURGED));
  EXPECT_HOLDS(expect_whole());
  return NULL;
}

// Where no memory may go back (mlockall), a pass must not hold the lock for longer.
SCENARIO(WhatFailsCountsAgainstTheLimitToo) {
  make_holes();
  arena_purge_pass(&arena);
  fail(LOAM_OS_DECOMMIT);
  EXPECT(arena_purge_pass(&arena));
  EXPECT(failed_calls == PURGE_BLOCKS_MAX);
  EXPECT(!arena_purge_pass(&arena));
  size_t calls = failed_calls;
  EXPECT(calls >= HOLES && calls <= HOLES + 10);  // and the ends of segments
  EXPECT(!arena_purge_pass(&arena));
  EXPECT(failed_calls == calls);
  fail_nothing();
  EXPECT_HOLDS(expect_whole());
  return NULL;
}

// --- Whole segments ----------------------------------------------------------

enum { SEGMENTS = 3 };
static struct block *whole[SEGMENTS];

static void fill_segments(void) {
  start();
  for (int i = 0; i < SEGMENTS; i++) whole[i] = take(SEGMENT_BLOCK_BYTES_MAX);
}

static void give_segments(void) {
  for (int i = 0; i < SEGMENTS; i++) give(whole[i]);
}

SCENARIO(FreeSegmentsAreDroppedButOne) {
  fill_segments();
  EXPECT(arena.segment_count == SEGMENTS);
  give_segments();
  arena_purge_pass(&arena);
  EXPECT(arena.segment_count == SEGMENTS);
  arena_purge_pass(&arena);
  EXPECT(arena.segment_count == 1);
  int known = 0;
  for (int i = 0; i < SEGMENTS; i++) known += segment_of(&pool, whole[i]) != NULL;
  EXPECT(known == 1);
  EXPECT(arena.fresh == 0 || segment_of(&pool, (void *)(arena.fresh - 1)) != NULL);
  EXPECT_HOLDS(expect_all_free());
  EXPECT(take(SEGMENT_BLOCK_BYTES_MAX) != NULL);
  EXPECT_HOLDS(expect_whole());
  return NULL;
}

SCENARIO(ADroppedSegmentLeavesTheListWhole) {
  for (int dropped = 0; dropped < SEGMENTS; dropped++) {
    fill_segments();
    give(whole[dropped]);
    arena_purge_pass(&arena);
    arena_purge_pass(&arena);
    EXPECT(arena.segment_count == SEGMENTS - 1);
    EXPECT(segment_of(&pool, whole[dropped]) == NULL);
    size_t count = 0;
    const struct segment *prev = NULL;
    for (struct segment *segment = arena.segments; segment != NULL; segment = segment->next) {
      EXPECT(segment->prev == prev);
      prev = segment;
      count++;
    }
    EXPECT(count == SEGMENTS - 1);
    EXPECT_HOLDS(expect_whole());
  }
  return NULL;
}

SCENARIO(ASegmentThatTheKernelDoesNotTakeStays) {
  fill_segments();
  give_segments();
  arena_purge_pass(&arena);
  fail(LOAM_OS_RELEASE);
  arena_purge_pass(&arena);
  EXPECT(failed_calls == 1);
  fail_nothing();
  EXPECT(arena.segment_count == SEGMENTS);
  EXPECT_HOLDS(expect_all_free());
  arena_purge_pass(&arena);
  EXPECT(arena.segment_count == 1);
  EXPECT_HOLDS(expect_all_free());
  return NULL;
}

// --- Trim --------------------------------------------------------------------

SCENARIO(TrimGivesBackAtOnce) {
  struct block *hole = make_hole();
  EXPECT(trim(0));
  EXPECT(has_flags(hole, PURGED));
  EXPECT(gave_memory(hole, HOLE));
  EXPECT(!trim(0));
  EXPECT_HOLDS(expect_whole());
  return NULL;
}

SCENARIO(TrimKeepsWhatItShall) {
  struct block *hole = make_hole();
  EXPECT(!trim(SEGMENT_BYTES));
  EXPECT(!has_flags(hole, PURGED));
  EXPECT(holds_memory(hole, HOLE));
  return NULL;
}

SCENARIO(TrimTellsHowMuchIsStillToBeKept) {
  make_hole();
  size_t keep = SEGMENT_BYTES;
  arena_trim(&arena, &keep);
  EXPECT(keep == SEGMENT_BYTES - HOLE);  // what was never touched needs no keeping
  keep = HOLE / 2;
  arena_trim(&arena, &keep);
  EXPECT(keep == 0);
  return NULL;
}

SCENARIO(TrimDropsEveryFreeSegment) {
  fill_segments();
  give_segments();
  EXPECT(trim(0));
  EXPECT(arena.segment_count == 0 && arena.segments == NULL);
  EXPECT_HOLDS(expect_all_free());
  EXPECT(take(1024) != NULL);
  EXPECT_HOLDS(expect_whole());
  return NULL;
}
