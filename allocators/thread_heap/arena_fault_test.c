// Blocks that an arena must not believe, and what its check finds broken.

#include "allocators/thread_heap/arena_fixture.h"

enum { CLASS = 8, BYTES = 8 * TH_ALIGNMENT };

static struct th_arena *const arena = &arenas[0];

static struct th_slab *start(void) {
  start_arenas();
  take_blocks(arena, CLASS, 10, 0);
  return arena->slabs;
}

// --- What is put -------------------------------------------------------------

SCENARIO_THAT_ENDS(ABlockThatIsPutTwiceIsFatal, "a block that is free \\(double free\\?\\)") {
  start();
  void *twice[2] = {blocks[3], blocks[3]};
  th_arena_put(CLASS, twice, 2);
  return NULL;
}

SCENARIO_THAT_ENDS(ABlockThatWasNeverTakenIsFatal, "a block that is free") {
  start();
  blocks[0] = (char *)blocks[9] + BYTES;
  th_arena_put(CLASS, blocks, 1);
  return NULL;
}

SCENARIO_THAT_ENDS(AnAddressInsideABlockIsFatal, "not the start of a block") {
  start();
  blocks[0] = (char *)blocks[0] + TH_ALIGNMENT;
  th_arena_put(CLASS, blocks, 1);
  return NULL;
}

SCENARIO_THAT_ENDS(ABlockWhoseSlabWentIsFatal, "a cached block of no slab") {
  start();
  void *again = blocks[0];
  th_arena_put(CLASS, blocks, 10);
  th_arena_put(CLASS, &again, 1);
  return NULL;
}

// --- What the check finds ----------------------------------------------------

// The check complains, in so many words, of what was planted.
static const char *expect_complaint(const char *words) {
  loam_capture_begin();
  bool whole = th_arena_check(arena);
  const char *said = loam_capture_end();
  EXPECT(!whole);
  EXPECT(strstr(said, words) != NULL);
  return NULL;
}

SCENARIO(TheCheckFindsASlabOfAnotherArena) {
  start()->arena = &arenas[1];
  return expect_complaint("slab of another arena");
}

SCENARIO(TheCheckFindsASlabOfNoClass) {
  start()->class = TH_CLASSES;
  return expect_complaint("slab of no class");
}

SCENARIO(TheCheckFindsAWrongBlockSize) {
  start()->block_bytes += TH_ALIGNMENT;
  return expect_complaint("wrong block size");
}

SCENARIO(TheCheckFindsAnEmptySlab) {
  struct th_slab *slab = start();
  slab->free_count = slab->capacity;
  return expect_complaint("empty slab");
}

SCENARIO(TheCheckFindsAWrongPageMap) {
  th_map_set((size_t)(start() - th_region.records), CLASS + 1);
  return expect_complaint("wrong page map");
}

SCENARIO(TheCheckFindsAWrongBitmap) {
  start()->free[0] ^= 1;
  return expect_complaint("wrong bitmap");
}

SCENARIO(TheCheckFindsAWrongCountOfSlabs) {
  start();
  arena->bins[CLASS].slabs++;
  return expect_complaint("wrong count of slabs");
}

SCENARIO(TheCheckFindsAKeptSliceThatASlabHas) {
  uint32_t slice = (uint32_t)(start() - th_region.records);
  arena->kept = (struct th_kept){.limit = 1, .slices = 1, .count = 1, .runs = {{slice, 1, false}}};
  return expect_complaint("broken list of kept slices");
}

SCENARIO(TheCheckFindsAKeptSliceThatIsFreeInTheRegion) {
  struct th_slab *slab = start();
  size_t fresh;
  struct th_slab *other = take_fresh(1, &fresh);
  uint32_t slice = (uint32_t)(other - th_region.records);
  EXPECT(other != slab);
  arena->kept = (struct th_kept){.limit = 1, .slices = 1, .count = 1, .runs = {{slice, 1, false}}};
  EXPECT(th_arena_check(arena));
  th_slices_give(other, 1);
  return expect_complaint("broken list of kept slices");
}

SCENARIO(TheCheckFindsAWrongCountOfBlocks) {
  start();
  arena->bins[CLASS].blocks_out--;
  return expect_complaint("wrong count of blocks");
}

SCENARIO(TheCheckFindsASlabThatIsNotListed) {
  start();
  arena->bins[CLASS].first = arena->bins[CLASS].last = NULL;
  return expect_complaint("slab missing in its list");
}

SCENARIO(TheCheckFindsASlabInAnothersList) {
  struct th_slab *slab = start();
  arena->bins[CLASS + 1].first = arena->bins[CLASS + 1].last = slab;
  return expect_complaint("strayed slab");
}

SCENARIO(TheCheckFindsAFullSlabInAList) {
  enum { LARGEST = TH_SLAB_CLASSES - 1 };
  start_arenas();
  take_blocks(arena, LARGEST, 2, 0);
  arena->bins[LARGEST].first = arena->bins[LARGEST].last = arena->slabs;
  return expect_complaint("full slab in a list");
}

SCENARIO(TheCheckFindsABrokenListOfABin) {
  struct th_slab *slab = start();
  slab->prev = slab;
  return expect_complaint("broken list of slabs");
}

SCENARIO(TheCheckFindsARingInTheListOfABin) {
  struct th_slab *slab = start();
  slab->next = slab->prev = slab;
  return expect_complaint("broken list of slabs");
}

SCENARIO(TheCheckFindsABrokenListOfAll) {
  struct th_slab *slab = start();
  slab->all_prev = slab;
  return expect_complaint("broken list of all slabs");
}

SCENARIO(TheCheckFindsAWrongSumOfSpans) {
  start();
  arena->span_bytes++;
  return expect_complaint("wrong sum of spans");
}
