// first_fit's quick lists: what they hold, when they are merged, and what the
// walk says of broken ones.

#include "common/boundary_tag/testing/walk_fixture.h"

SCENARIO(ASmallBlockComesBackFirst) {
  start();
  struct block *first = take(64);
  struct block *second = take(64);
  struct block *other = take(80);
  give(first);
  give(second);
  give(other);
  EXPECT(quick_count(&arena.quick) == 3 && arena.quick.bytes == 64 + 64 + 80);
  EXPECT(has_flags(first, IN_USE | QUICK));
  EXPECT_HOLDS(expect_whole());
  EXPECT(take(64) == second);
  EXPECT(!has_flags(second, QUICK));
  EXPECT(take(64) == first);
  EXPECT(take(80) == other);
  EXPECT(quick_count(&arena.quick) == 0 && arena.quick.bytes == 0);
  EXPECT_HOLDS(expect_whole());
  return NULL;
}

SCENARIO(TheLargestQuickSize) {
  start();
  struct block *quick = take(QUICK_BLOCK_BYTES_MAX);
  struct block *merged = take(QUICK_BLOCK_BYTES_MAX + BLOCK_ALIGNMENT);
  give(quick);
  give(merged);
  EXPECT(quick_count(&arena.quick) == 1);
  EXPECT(!has_flags(merged, IN_USE));
  return expect_all_free();
}

SCENARIO(QuickListsAreBoundedAndFlushed) {
  enum { COUNT = QUICK_BYTES_PER_SEGMENT / BLOCK_BYTES_MIN + 100 };
  static struct block *blocks[COUNT];
  start();
  for (int i = 0; i < COUNT; i++) blocks[i] = take(BLOCK_BYTES_MIN);
  for (int i = 0; i < COUNT; i++) {
    give(blocks[i]);
    EXPECT(arena.quick.bytes <= quick_bytes_max(1));
  }
  EXPECT(arena.quick.bytes == quick_bytes_max(1));
  EXPECT_HOLDS(expect_whole());
  EXPECT_HOLDS(expect_all_free());
  EXPECT(quick_count(&arena.quick) == 0 && arena.quick.bytes == 0);
  return NULL;
}

// Everything but `quick` blocks of 512 bytes, and 496 bytes, is in use for good.
static const char *fill_segment(struct block **quick, int count) {
  start();
  for (int i = 0; i < count; i++) quick[i] = take(QUICK_BLOCK_BYTES_MAX);
  EXPECT(take(SEGMENT_BLOCK_BYTES_MAX - (size_t)count * QUICK_BLOCK_BYTES_MAX) != NULL);
  EXPECT(arena.free_bytes == 0);
  for (int i = 0; i < count; i++) give(quick[i]);
  EXPECT((int)quick_count(&arena.quick) == count);
  return NULL;
}

SCENARIO(QuickBlocksAreMergedBeforeTheArenaGrows) {
  struct block *quick[16];
  EXPECT_HOLDS(fill_segment(quick, 16));
  EXPECT(take(4096) == quick[0]);
  EXPECT(arena.segment_count == 1 && quick_count(&arena.quick) == 0);
  EXPECT_HOLDS(expect_whole());
  return NULL;
}

SCENARIO(APurgeFlushesTheQuickLists) {
  start();
  give(take(64));
  EXPECT(quick_count(&arena.quick) == 1);
  arena_purge(&arena, 1000, 500);
  EXPECT(quick_count(&arena.quick) == 0);
  return expect_all_free();
}

SCENARIO(TrimFlushesTheQuickLists) {
  start();
  give(take(64));
  size_t keep = 0;
  EXPECT(arena_trim(&arena, &keep));
  EXPECT(quick_count(&arena.quick) == 0 && arena.segment_count == 0);
  return expect_all_free();
}

// --- The walk ----------------------------------------------------------------

// Two blocks of 64 bytes and one of 80 wait.
static struct block *quick[3];

static void prepare(void) {
  start();
  quick[0] = take(64);
  quick[1] = take(64);
  quick[2] = take(80);
  for (int i = 0; i < 3; i++) give(quick[i]);
}

SCENARIO(AFlippedHeaderInAQuickList) {
  prepare();
  atomic_fetch_xor(&quick[0]->header, (uint64_t)1 << 28);
  return expect_found("broken block header");
}

SCENARIO(AQuickBlockThatIsOnNoList) {
  prepare();
  arena.quick.first[80 / BLOCK_ALIGNMENT] = NULL;
  return expect_found("quick block in no quick list");
}

SCENARIO(AWrongSumOfQuickBytes) {
  prepare();
  arena.quick.bytes += 16;
  return expect_found("wrong sum of quick bytes");
}

SCENARIO(AQuickBlockOfAnotherSize) {
  prepare();
  arena.quick.first[64 / BLOCK_ALIGNMENT] = quick[2];
  return expect_found("wrong block in a quick list");
}

SCENARIO(AUsedBlockInAQuickList) {
  prepare();
  struct block *small = take(96);
  arena.quick.first[96 / BLOCK_ALIGNMENT] = small;
  return expect_found("wrong block in a quick list");
}

SCENARIO(AQuickListThatIsACycle) {
  prepare();
  link_write(&quick[0]->next, quick[1]);
  return expect_found("quick lists hold too many");
}

// --- Statistics --------------------------------------------------------------

SCENARIO(QuickBlocksCountAsFree) {
  prepare();
  struct loam_stats stats = {0};
  arena_stats(&arena, &stats);
  EXPECT(stats.mapped_bytes == stats.allocated_bytes + stats.free_bytes + stats.metadata_bytes);
  EXPECT(stats.live_blocks == 0 && stats.malloc_calls == 3 && stats.free_calls == 3);
  EXPECT(stats.free_blocks == 4);
  EXPECT(stats.free_bytes == SEGMENT_BLOCK_BYTES_MAX);
  return NULL;
}

SCENARIO(TheLargestFreeBlockMayBeAQuickOne) {
  start();
  struct block *small = take(64);
  EXPECT(take(SEGMENT_BLOCK_BYTES_MAX - 64) != NULL);
  EXPECT(arena_largest_free(&arena) == 0);
  give(small);
  EXPECT(arena_largest_free(&arena) == 64);
  return NULL;
}
