// malloc and free in one arena: carving, coalescing, growth, fresh memory,
// deferred frees.

#include <pthread.h>

#include "common/boundary_tag/testing/arena_fixture.h"

enum { BIG = 1024 };  // merges at once, whatever the variant

// --- Carving -----------------------------------------------------------------

SCENARIO(BlocksAreCarvedOneBehindTheOther) {
  start();
  struct block *first = take(BIG);
  struct block *second = take(BIG);
  EXPECT((char *)first == arena.segments->base + SEGMENT_FIRST_BLOCK);
  EXPECT(second == block_next(first, BIG));
  EXPECT(block_word(second) == (BIG | IN_USE | PREV_IN_USE));
  EXPECT(arena.free_blocks == 1 && arena.free_bytes == SEGMENT_BLOCK_BYTES_MAX - 2 * (size_t)BIG);
  EXPECT_HOLDS(expect_whole());
  return NULL;
}

SCENARIO(ARestTooSmallForABlockIsTakenAlong) {
  for (size_t rest = 0; rest <= BLOCK_BYTES_MIN; rest += BLOCK_ALIGNMENT) {
    start();
    struct block *hole = take(BIG);
    struct block *behind = take(BIG);
    give(hole);
    EXPECT(!has_flags(behind, PREV_IN_USE));
    EXPECT(take(BIG - rest) == hole);
    bool cut = rest >= BLOCK_BYTES_MIN;
    EXPECT(size_of(hole) == (cut ? BIG - rest : BIG));
    EXPECT(has_flags(behind, PREV_IN_USE) == !cut);
    EXPECT_HOLDS(expect_whole());
    give(hole);
    give(behind);
    EXPECT_HOLDS(expect_all_free());
  }
  return NULL;
}

// --- Coalescing --------------------------------------------------------------

// Frees `block` of three in a row, the others before it where asked.
static const char *free_middle(bool prev_free, bool next_free) {
  start();
  struct block *prev = take(BIG);
  struct block *block = take(BIG);
  struct block *next = take(BIG);
  struct block *guard = take(BIG);
  if (prev_free) give(prev);
  if (next_free) give(next);
  EXPECT_HOLDS(expect_whole());
  give(block);
  EXPECT_HOLDS(expect_whole());
  struct block *merged = prev_free ? prev : block;
  size_t size = (size_t)BIG * (1u + prev_free + next_free);
  EXPECT(block_word(merged) == (size | PREV_IN_USE));
  EXPECT(arena.free_blocks == 2);  // it and the rest of the segment
  EXPECT(has_flags(block_next(merged, size), PREV_IN_USE) == false);
  if (!prev_free) give(prev);
  if (!next_free) give(next);
  give(guard);
  return expect_all_free();
}

SCENARIO(CoalesceWithNone) { return free_middle(false, false); }
SCENARIO(CoalesceWithTheOneBefore) { return free_middle(true, false); }
SCENARIO(CoalesceWithTheOneBehind) { return free_middle(false, true); }
SCENARIO(CoalesceWithBoth) { return free_middle(true, true); }

SCENARIO(TheLastBlockMergesUpToTheEpilogue) {
  start();
  struct block *first = take(BIG);
  struct block *last = take(SEGMENT_BLOCK_BYTES_MAX - BIG);
  EXPECT(arena.free_blocks == 0 && arena.free_bytes == 0);
  EXPECT_HOLDS(expect_whole());
  give(last);
  EXPECT_HOLDS(expect_whole());
  give(first);
  return expect_all_free();
}

// --- Growth ------------------------------------------------------------------

enum { LEFT = 8192 };

// One segment, all in use but LEFT bytes.
static void fill_segment(void) {
  start();
  take(SEGMENT_BLOCK_BYTES_MAX - LEFT);
}

SCENARIO(TheArenaGrowsWhenNothingFits) {
  fill_segment();
  EXPECT(arena.segment_count == 1 && arena.free_bytes == LEFT);
  struct block *block = take(LEFT + BLOCK_ALIGNMENT);
  EXPECT(block != NULL && arena.segment_count == 2);
  EXPECT(segment_of(&pool, block) == arena.segments);
  EXPECT_HOLDS(expect_whole());
  return NULL;
}

SCENARIO(WhatCannotGrowStaysWhole) {
  fill_segment();
  size_t calls = arena.malloc_calls;
  fail(LOAM_OS_MAP);
  struct block *block = take(65536);
  fail_nothing();
  EXPECT(block == NULL);
  EXPECT(arena.malloc_calls == calls && arena.segment_count == 1);
  EXPECT_HOLDS(expect_whole());
  EXPECT(take(65536) != NULL);
  EXPECT_HOLDS(expect_whole());
  return NULL;
}

// --- Fresh memory ------------------------------------------------------------

static bool zero_behind(struct block *block, uintptr_t dirty_end) {
  return bytes_are((void *)dirty_end, block_footer(block, size_of(block)), 0);
}

SCENARIO(MemoryThatNobodyHadNeedsNoClearing) {
  start();
  uintptr_t dirty_end;
  struct block *first = arena_calloc(&arena, BIG, &dirty_end);  // makes the segment
  EXPECT(dirty_end == (uintptr_t)first + FREE_BLOCK_HEAD_BYTES);
  EXPECT(zero_behind(first, dirty_end));
  struct block *second = arena_calloc(&arena, BIG, &dirty_end);
  EXPECT(dirty_end == (uintptr_t)second + FREE_BLOCK_HEAD_BYTES);
  EXPECT(zero_behind(second, dirty_end));
  fill(first, 7);
  fill(second, 7);
  give(second);
  give(first);
  struct block *both = arena_calloc(&arena, 4 * BIG, &dirty_end);  // half used before
  EXPECT(both == first);
  EXPECT(dirty_end >= (uintptr_t)both + 2 * BIG && dirty_end < (uintptr_t)both + 3 * BIG);
  EXPECT(zero_behind(both, dirty_end));
  return NULL;
}

SCENARIO(MemoryThatSomebodyHadIsDirty) {
  start();
  struct block *block = take(BIG);
  EXPECT(take(BIG) != NULL);
  fill(block, 7);
  give(block);
  uintptr_t dirty_end;
  EXPECT(arena_calloc(&arena, BIG, &dirty_end) == block);
  EXPECT(dirty_end == (uintptr_t)block + BIG);
  return NULL;
}

// The head of what is left then reaches over that start.
SCENARIO(ABlockThatEndsJustBeforeFreshMemoryDirtiesItsStart) {
  for (size_t more = 0; more <= BLOCK_BYTES_MIN; more += BLOCK_ALIGNMENT) {
    start();
    struct block *block = take(BIG);
    give(block);
    EXPECT(take(BIG + more) == block);
    EXPECT_HOLDS(expect_whole());
    uintptr_t dirty_end;
    struct block *next = arena_calloc(&arena, BIG, &dirty_end);
    EXPECT(next == block_next(block, BIG + more));
    EXPECT(zero_behind(next, dirty_end));
  }
  return NULL;
}

SCENARIO(TheEndOfASegmentIsFreshToo) {
  start();
  uintptr_t dirty_end;
  struct block *block = arena_calloc(&arena, SEGMENT_BLOCK_BYTES_MAX, &dirty_end);
  EXPECT(zero_behind(block, dirty_end));
  fill(block, 7);
  give(block);
  EXPECT(arena_calloc(&arena, SEGMENT_BLOCK_BYTES_MAX, &dirty_end) == block);
  EXPECT(dirty_end == (uintptr_t)block + SEGMENT_BLOCK_BYTES_MAX);
  return NULL;
}

SCENARIO(RandomCallsKeepTheArenaWholeAndFreshMemoryZero) {
  enum { BLOCKS = 400, STEPS = 20000 };
  static struct block *blocks[BLOCKS];
  memset(blocks, 0, sizeof blocks);
  start();
  uint32_t random = 12345;
  for (int step = 0; step < STEPS; step++) {
    random = random * 1664525 + 1013904223;
    struct block **block = &blocks[(random >> 16) % BLOCKS];
    size_t most = (size_t)32 << (random >> 10) % 11;
    size_t size = block_bytes_for((random >> 4) % most);
    uintptr_t dirty_end;
    if (*block != NULL) {
      EXPECT(bytes_are((char *)block_payload(*block), block_footer(*block, size_of(*block)), 7));
      give(*block);
      *block = NULL;
    } else if (step % 2 == 0) {
      *block = arena_calloc(&arena, size, &dirty_end);
      EXPECT(zero_behind(*block, dirty_end));
    } else {
      *block = take(size);
    }
    if (*block != NULL) fill(*block, 7);
    if (step % 500 == 0) EXPECT_HOLDS(expect_whole());
  }
  for (int i = 0; i < BLOCKS; i++) {
    if (blocks[i] != NULL) give(blocks[i]);
  }
  return expect_all_free();
}

// --- Deferred frees ----------------------------------------------------------

SCENARIO(DeferredBlocksAreTakenBack) {
  start();
  struct block *big = take(BIG);
  struct block *small = take(64);
  arena_defer(&arena, big);
  arena_defer(&arena, small);
  EXPECT(arena.free_calls == 0 && has_flags(big, IN_USE));
  EXPECT_HOLDS(expect_whole());
  arena_entered(&arena);
  EXPECT(atomic_load(&arena.deferred) == NULL);
  EXPECT(arena.free_calls == 2);
  return expect_all_free();
}

enum { THREADS = 4, EACH = 500 };
static struct block *to_defer[THREADS][EACH];

static void *defer_all(void *argument) {
  struct block **blocks = argument;
  for (int i = 0; i < EACH; i++) arena_defer(&arena, blocks[i]);
  return NULL;
}

SCENARIO(ThreadsDeferWhileTheHolderTakesBack) {
  start();
  for (int t = 0; t < THREADS; t++) {
    for (int i = 0; i < EACH; i++) to_defer[t][i] = take((size_t)(32 + 32 * (i % 30)));
  }
  pthread_t threads[THREADS];
  for (int t = 0; t < THREADS; t++) {
    EXPECT(pthread_create(&threads[t], NULL, defer_all, to_defer[t]) == 0);
  }
  while (arena.free_calls < THREADS * EACH) arena_entered(&arena);
  for (int t = 0; t < THREADS; t++) pthread_join(threads[t], NULL);
  EXPECT(atomic_load(&arena.deferred) == NULL);
  return expect_all_free();
}

// --- Misuse ------------------------------------------------------------------

#define NOT_LIVE "^loam: test: 0x[0-9a-f]+: not a live block"

SCENARIO_THAT_ENDS(ASecondFree, NOT_LIVE) {
  start();
  struct block *block = take(BIG);
  give(block);
  give(block);
  return "freed twice";
}

SCENARIO_THAT_ENDS(ASecondFreeAfterItMergedBackwards, NOT_LIVE) {
  start();
  struct block *prev = take(BIG);
  struct block *block = take(BIG);
  give(prev);
  give(block);
  give(block);
  return "freed twice";
}

SCENARIO_THAT_ENDS(ASecondFreeOfAQuickBlock, NOT_LIVE) {
  start();
  struct block *block = take(64);
  give(block);
  give(block);
  return "freed twice";
}

SCENARIO_THAT_ENDS(ASecondDeferredFree, "not a live block \\(double free") {
  start();
  struct block *block = take(64);
  arena_defer(&arena, block);
  arena_defer(&arena, block);
  return "deferred twice";
}

SCENARIO_THAT_ENDS(AWriteToADeferredBlock, "a freed block was written to") {
  start();
  struct block *block = take(64);
  arena_defer(&arena, block);
  fill(block, 'A');
  // What is written over the first link is not followed before the mark is seen.
  arena_entered(&arena);
  return "taken back";
}

SCENARIO_THAT_ENDS(AnInteriorPointer, "not a block, or its header was overwritten") {
  start();
  give(block_next(take(BIG), 64));
  return "freed";
}

SCENARIO_THAT_ENDS(AnOverflowIntoTheNextHeader, "block header overwritten") {
  start();
  struct block *block = take(BIG);
  struct block *next = take(BIG);
  atomic_fetch_xor(&next->header, (uint64_t)1 << 40);
  give(block);
  return "freed";
}

SCENARIO_THAT_ENDS(ANextBlockThatDeniesThisOne, "the next block's header denies") {
  start();
  struct block *block = take(BIG);
  block_write(take(BIG), BIG, IN_USE);
  give(block);
  return "freed";
}
