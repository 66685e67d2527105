// The walk must find whatever is broken: each scenario breaks one thing, and
// expects the one line that names it.

#include "common/boundary_tag/testing/walk_fixture.h"

enum { SIZE = 1024 };

// used | hole | last | rest of the segment
static struct block *used, *hole, *last, *rest;

static void prepare(void) {
  start();
  used = take(SIZE);
  hole = take(SIZE);
  last = take(SIZE);
  rest = block_next(last, SIZE);
  give(hole);
}

SCENARIO(AWholeArenaPassesWithoutAWord) {
  prepare();
  loam_capture_begin();
  bool whole = arena_check(&arena);
  const char *said = loam_capture_end();
  EXPECT(whole && said[0] == 0);
  start();
  EXPECT(arena_check(&arena));  // without segments too
  return NULL;
}

// --- Headers, footers, the epilogue ------------------------------------------

SCENARIO(AFlippedHeader) {
  struct block *const *const blocks[] = {&used, &hole, &last, &rest};
  for (int i = 0; i < 4; i++) {
    prepare();
    atomic_fetch_xor(&(*blocks[i])->header, (uint64_t)1 << (7 * i));
    EXPECT_HOLDS(expect_found("broken block header"));
  }
  return NULL;
}

SCENARIO(ASizeOutOfRange) {
  static const size_t sizes[] = {0, 16, SEGMENT_BYTES};
  for (int i = 0; i < 3; i++) {
    prepare();
    block_write(used, sizes[i], IN_USE | PREV_IN_USE);
    EXPECT_HOLDS(expect_found("block size out of range"));
  }
  return NULL;
}

SCENARIO(WrongAboutAUsedBlockBefore) {
  prepare();
  block_set_prev_in_use(used, false);
  return expect_found("wrong about the block before it");
}

SCENARIO(WrongAboutAFreeBlockBefore) {
  prepare();
  block_set_prev_in_use(last, true);
  return expect_found("wrong about the block before it");
}

SCENARIO(TwoFreeBlocksSideBySide) {
  prepare();
  block_write_free(last, SIZE, 0);
  block_set_prev_in_use(last, false);
  return expect_found("two free blocks side by side");
}

SCENARIO(AFlippedFooter) {
  prepare();
  atomic_fetch_xor(block_footer(hole, SIZE), 1);
  return expect_found("broken footer");
}

SCENARIO(AFooterOfAnotherSize) {
  prepare();
  tag_write(block_footer(hole, SIZE), SIZE - 16);
  return expect_found("footer and header disagree");
}

static struct block *epilogue(void) {
  return block_at(arena.segments->base, SEGMENT_BYTES - SEGMENT_EPILOGUE_BYTES);
}

SCENARIO(AFlippedEpilogue) {
  prepare();
  atomic_fetch_xor(&epilogue()->header, 16);
  return expect_found("broken epilogue");
}

SCENARIO(AnEpilogueThatIsWrongAboutTheLastBlock) {
  prepare();
  block_set_prev_in_use(epilogue(), true);
  return expect_found("wrong epilogue");
}

SCENARIO(AnEpilogueThatIsFree) {
  prepare();
  block_write(epilogue(), 0, 0);
  return expect_found("wrong epilogue");
}

// --- Segments ----------------------------------------------------------------

SCENARIO(ASegmentOfAnotherArena) {
  prepare();
  arena.segments->arena = NULL;
  return expect_found("segment of another arena");
}

SCENARIO(ASegmentThatThePageMapDoesNotKnow) {
  prepare();
  loam_page_map_set(&pool.map, arena.segments->base, NULL);
  return expect_found("segment not in the page map");
}

SCENARIO(AWrongCountOfSegments) {
  prepare();
  arena.segment_count++;
  return expect_found("wrong count of segments");
}

// --- Counters ----------------------------------------------------------------

SCENARIO(AWrongSumOfFreeBytes) {
  prepare();
  arena.free_bytes -= 16;
  return expect_found("wrong sum of free bytes");
}

SCENARIO(AWrongCountOfFreeBlocks) {
  prepare();
  arena.free_blocks++;
  return expect_found("wrong count of free blocks");
}

SCENARIO(AWrongCountOfCalls) {
  prepare();
  arena.malloc_calls++;
  EXPECT_HOLDS(expect_found("wrong count of live blocks"));
  prepare();
  arena.free_calls++;
  return expect_found("wrong count of live blocks");
}

// --- The index ---------------------------------------------------------------

SCENARIO(AFreeBlockThatIsOnNoList) {
  prepare();
  free_index_remove(&arena.index, hole, SIZE);
  return expect_found("free lists do not hold what is free");
}

SCENARIO(AFreeListThatIsACycle) {
  prepare();
  link_write(&hole->next, hole);
  link_write(&hole->prev, hole);
  return expect_found("free lists do not hold what is free");
}

SCENARIO(ALinkThatNobodyReturns) {
  prepare();
  link_write(&hole->next, hole);
  return expect_found("broken links");
}

SCENARIO(AUsedBlockOnAFreeList) {
  prepare();
  free_index_insert(&arena.index, used, SIZE);
  return expect_found("block in use on a free list");
}

SCENARIO(AFreeListThatLeavesTheArena) {
  static struct block elsewhere;
  prepare();
  link_write(&hole->next, &elsewhere);
  link_write(&elsewhere.prev, hole);
  return expect_found("strayed block");
}

SCENARIO_THAT_ENDS(AnOverwrittenLink, "links of a free block overwritten") {
  prepare();
  hole->next = 0x4141414141414141;
  return arena_check(&arena) ? "the walk passed" : "the walk went on";
}

// --- Fresh memory ------------------------------------------------------------

SCENARIO(FreshMemoryElsewhere) {
  prepare();
  arena.fresh_end += SEGMENT_BYTES;
  return expect_found("fresh memory outside of its segments");
}

// --- Statistics --------------------------------------------------------------

SCENARIO(StatisticsAddUp) {
  prepare();
  struct loam_stats stats = {0};
  arena_stats(&arena, &stats);
  EXPECT(stats.mapped_bytes == SEGMENT_BYTES);
  EXPECT(stats.mapped_bytes == stats.allocated_bytes + stats.free_bytes + stats.metadata_bytes);
  EXPECT(stats.allocated_bytes == 2 * block_usable(SIZE));
  EXPECT(stats.live_blocks == 2 && stats.malloc_calls == 3 && stats.free_calls == 1);
  EXPECT(stats.free_blocks == 2);
  EXPECT(stats.free_bytes == SIZE + size_of(rest));
  EXPECT(stats.largest_free_bytes == size_of(rest));
  return NULL;
}

SCENARIO(TheLargestFreeBlockIsFoundWithinItsRange) {
  start();
  struct block *holes[3];
  static const size_t sizes[3] = {1040, 2032, 1024};
  size_t taken = 0;
  for (int i = 0; i < 3; i++) {
    holes[i] = take(sizes[i]);
    take(1024);
    taken += sizes[i] + 1024;
  }
  EXPECT(take(SEGMENT_BLOCK_BYTES_MAX - taken) != NULL);
  for (int i = 0; i < 3; i++) give(holes[i]);
  EXPECT(arena_largest_free(&arena) == 2032);
  return NULL;
}

// --- What is only read when it matters ---------------------------------------

SCENARIO(AFreeBlockThatItsListForgot) {
  prepare();
  link_write(&hole->prev, last);
  loam_capture_begin();
  bool whole = arena_check(&arena);
  loam_capture_end();
  EXPECT(!whole);
  return NULL;
}

SCENARIO(FreshMemoryThatWasWritten) {
  prepare();
  *(char *)(arena.fresh + SIZE) = 1;
  return expect_found("fresh memory was written to");
}

SCENARIO(FreshMemoryThatBeginsTooEarly) {
  prepare();
  arena.fresh -= FREE_BLOCK_HEAD_BYTES;
  return expect_found("fresh memory was written to");
}

SCENARIO(AWrongSegmentBefore) {
  prepare();
  arena.segments->prev = arena.segments;
  return expect_found("wrong segment before it");
}
