// Blocks that change their size in place, and aligned ones.

#include "common/boundary_tag/testing/arena_fixture.h"

// --- Cutting -----------------------------------------------------------------

SCENARIO(WhatIsCutOffIsFree) {
  start();
  struct block *block = take(4096);
  struct block *guard = take(1024);
  arena_cut(&arena, block, 1024);
  EXPECT(size_of(block) == 1024);
  struct block *rest = block_next(block, 1024);
  EXPECT(block_word(rest) == (3072 | PREV_IN_USE));
  EXPECT_HOLDS(expect_whole());
  give(block);
  give(guard);
  return expect_all_free();
}

SCENARIO(WhatIsCutOffMergesWithTheFreeBlockBehind) {
  start();
  struct block *block = take(4096);
  arena_cut(&arena, block, 1024);
  EXPECT(arena.free_blocks == 1);
  EXPECT(size_of(block_next(block, 1024)) == SEGMENT_BLOCK_BYTES_MAX - 1024);
  EXPECT_HOLDS(expect_whole());
  return NULL;
}

SCENARIO(TooLittleForABlockIsNotCutOff) {
  start();
  struct block *block = take(1024);
  arena_cut(&arena, block, 1024 - BLOCK_ALIGNMENT);
  EXPECT(size_of(block) == 1024);
  arena_cut(&arena, block, 1024 - BLOCK_BYTES_MIN);
  EXPECT(size_of(block) == 1024 - BLOCK_BYTES_MIN);
  EXPECT_HOLDS(expect_whole());
  return NULL;
}

// --- Extending ---------------------------------------------------------------

// A block of 1024 bytes, `hole` free bytes, a block in use.
static struct block *before_hole(size_t hole) {
  start();
  struct block *block = take(1024);
  struct block *next = take(hole);
  take(1024);
  arena_coalesce(&arena, next, hole, true);  // past the quick lists
  arena.free_calls++;
  return block;
}

SCENARIO(ABlockIsExtendedIntoAFreeOne) {
  struct block *block = before_hole(2048);
  fill(block, 7);
  struct block *next = block_next(block, 1024);
  EXPECT(arena_extend(&arena, block, 2048));
  EXPECT(size_of(block) == 2048);
  EXPECT(bytes_are(block_payload(block), next, 7));
  EXPECT(atomic_load(&next->header) == 0);  // no header is left inside
  EXPECT(block_word(block_next(block, 2048)) == (1024 | PREV_IN_USE));
  EXPECT_HOLDS(expect_whole());
  return NULL;
}

SCENARIO(AFreeBlockIsTakenWholeWhereTheRestWouldBeTooSmall) {
  for (size_t rest = 0; rest <= BLOCK_BYTES_MIN; rest += BLOCK_ALIGNMENT) {
    struct block *block = before_hole(2048);
    EXPECT(arena_extend(&arena, block, 3072 - rest));
    EXPECT(size_of(block) == (rest < BLOCK_BYTES_MIN ? 3072 : 3072 - rest));
    EXPECT_HOLDS(expect_whole());
  }
  return NULL;
}

SCENARIO(ALittleMoreTakesAsMuchAsABlock) {
  struct block *block = before_hole(2048);
  EXPECT(arena_extend(&arena, block, 1024 + BLOCK_ALIGNMENT));
  EXPECT(size_of(block) == 1024 + BLOCK_BYTES_MIN);
  EXPECT_HOLDS(expect_whole());
  block = before_hole(BLOCK_BYTES_MIN);
  EXPECT(arena_extend(&arena, block, 1024 + BLOCK_ALIGNMENT));
  EXPECT(size_of(block) == 1024 + BLOCK_BYTES_MIN);
  EXPECT_HOLDS(expect_whole());
  return NULL;
}

SCENARIO(NotEnoughBehindChangesNothing) {
  struct block *block = before_hole(2048);
  EXPECT(!arena_extend(&arena, block, 3072 + BLOCK_ALIGNMENT));
  EXPECT(size_of(block) == 1024);
  EXPECT(arena_extend(&arena, block, 3072));
  EXPECT(!arena_extend(&arena, block, 3072 + BLOCK_ALIGNMENT));  // the next is in use
  EXPECT_HOLDS(expect_whole());
  return NULL;
}

SCENARIO(TheEpilogueIsNothingToExtendInto) {
  start();
  struct block *block = take(SEGMENT_BLOCK_BYTES_MAX);
  EXPECT(!arena_extend(&arena, block, SEGMENT_BLOCK_BYTES_MAX + BLOCK_ALIGNMENT));
  EXPECT_HOLDS(expect_whole());
  return NULL;
}

SCENARIO(ResizeUpAndDown) {
  struct block *block = before_hole(8192);
  fill(block, 7);
  for (size_t size = 1024; size <= 9216; size += 80) {
    EXPECT(arena_resize(&arena, block, size));
    EXPECT(size_of(block) >= size && size_of(block) <= size + BLOCK_BYTES_MIN);
    EXPECT_HOLDS(expect_whole());
  }
  EXPECT(!arena_resize(&arena, block, 9216 + 16));
  for (size_t size = 9216; size >= BLOCK_BYTES_MIN; size -= 80) {
    EXPECT(arena_resize(&arena, block, size));
    EXPECT(size_of(block) >= size && size_of(block) < size + BLOCK_BYTES_MIN);
    EXPECT_HOLDS(expect_whole());
  }
  EXPECT(bytes_are(block_payload(block), block_at(block, BLOCK_BYTES_MIN), 7));
  return NULL;
}

SCENARIO_THAT_ENDS(AFreeBlockIsNotResized, "not a live block") {
  start();
  struct block *block = take(1024);
  give(block);
  arena_resize(&arena, block, 2048);
  return "resized";
}

// --- Aligned blocks ----------------------------------------------------------

SCENARIO(AlignedBlocksOfEverySize) {
  enum { SIZES = 5, ALIGNMENTS = 13 };
  static const size_t sizes[SIZES] = {32, 48, 512, 1024, 40000};
  start();
  for (int round = 0; round < 3; round++) {
    struct block *blocks[SIZES * ALIGNMENTS];
    size_t count = 0;
    for (size_t alignment = 32; count < SIZES * ALIGNMENTS; alignment *= 2) {
      for (int i = 0; i < SIZES; i++) {
        struct block *block = arena_aligned_malloc(&arena, sizes[i], alignment);
        EXPECT(block != NULL);
        EXPECT((uintptr_t)block_payload(block) % alignment == 0);
        EXPECT(size_of(block) >= sizes[i] && size_of(block) < sizes[i] + BLOCK_BYTES_MIN);
        fill(block, 7);
        blocks[count++] = block;
        EXPECT_HOLDS(expect_whole());
      }
    }
    for (size_t i = 0; i < count; i++) give(blocks[i * 7 % count]);
    EXPECT_HOLDS(expect_all_free());
  }
  return NULL;
}

SCENARIO(AnAlignedBlockWithoutMemoryChangesNothing) {
  start();
  fail(LOAM_OS_MAP);
  struct block *block = arena_aligned_malloc(&arena, 1024, 4096);
  fail_nothing();
  EXPECT(block == NULL);
  EXPECT(arena.malloc_calls == 0);
  EXPECT_HOLDS(expect_whole());
  return NULL;
}
