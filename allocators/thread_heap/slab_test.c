// One slab: its bitmap of free blocks, and the pages that it gives back.

#include "allocators/thread_heap/slab.h"

#include "allocators/thread_heap/region_fixture.h"

enum { WIDE = 45 };
enum { PAGE = 4096, PAGES = TH_SLICE_BYTES / PAGE, ROUNDS = 20 };

static struct th_arena *const some_arena = (struct th_arena *)&th_region;  // never looked into

static struct th_slab *start(unsigned class) {
  start_region();
  size_t fresh;
  struct th_slab *slab = th_class_is_wide(class)
                             ? take_aligned(TH_WIDE_SLICES, TH_WIDE_SLICES, &fresh)
                             : take_slices(th_class_slices(class));
  th_slab_init(slab, some_arena, class, true);
  return slab;
}

static char *block_at(const struct th_slab *slab, unsigned number) {
  return th_slab_start(slab) + (size_t)number * slab->block_bytes;
}

static void take_all(struct th_slab *slab) {
  static void *blocks[TH_SLAB_BLOCKS_MAX];
  th_slab_take(slab, slab->capacity, blocks + slab->capacity);
}

static void put(struct th_slab *slab, unsigned number) {
  void *block = block_at(slab, number);
  th_slab_put(slab, &block, 1);
}

// --- Taking and putting ------------------------------------------------------

static const char *expect_lowest_first(unsigned class) {
  struct th_slab *slab = start(class);
  void *block[1];
  EXPECT(th_slab_check(slab));
  for (unsigned number = 0; number < th_class_capacity(class); number++) {
    EXPECT(slab->free_count == th_class_capacity(class) - number);
    EXPECT(th_slab_take(slab, 1, block + 1) == 1);
    EXPECT(block[0] == block_at(slab, number));
    EXPECT(!th_block_is_free(slab, number));
    EXPECT(th_slab_check(slab));
  }
  EXPECT(slab->free_count == 0);
  EXPECT(th_slab_take(slab, 1, block + 1) == 0);
  return NULL;
}

SCENARIO(BlocksAreTakenLowestFirst) {
  for (unsigned class = 1; class < TH_SLAB_CLASSES; class ++) {
    EXPECT_HOLDS(expect_lowest_first(class));
  }
  return NULL;
}

SCENARIO(ManyAreTakenAtOnceFromTheEndOfTheArray) {
  struct th_slab *slab = start(1);
  void *out[200];
  EXPECT(th_slab_take(slab, 200, out + 200) == 200);
  for (unsigned i = 0; i < 200; i++) EXPECT(out[199 - i] == block_at(slab, i));
  EXPECT(th_slab_check(slab));
  return NULL;
}

SCENARIO(AskedForMoreItGivesWhatThereIs) {
  struct th_slab *slab = start(16);
  void *out[TH_SLAB_BLOCKS_MAX];
  unsigned capacity = slab->capacity;
  EXPECT(th_slab_take(slab, TH_SLAB_BLOCKS_MAX, out + TH_SLAB_BLOCKS_MAX) == capacity);
  EXPECT(slab->free_count == 0 && th_slab_check(slab));
  return NULL;
}

SCENARIO(BlocksArePutBackUpToOneThatIsNot) {
  struct th_slab *slab = start(1);
  take_all(slab);
  char *const outside = th_slab_start(slab) + TH_SLICE_BYTES;
  void *blocks[] = {
      block_at(slab, 700), block_at(slab, 701), block_at(slab, 3), block_at(slab, 702), outside,
      block_at(slab, 4)};
  EXPECT(th_slab_put(slab, blocks, 6) == 4);
  EXPECT(slab->free_count == 4 && th_slab_check(slab));
  EXPECT(th_slab_put(slab, blocks + 4, 2) == 0);
  EXPECT(th_slab_put(slab, blocks + 5, 1) == 1);
  EXPECT(th_slab_put(slab, blocks + 1, 2) == 0);  // free already
  blocks[0] = block_at(slab, 5) + 1;
  EXPECT(th_slab_put(slab, blocks, 1) == 0);
  EXPECT(slab->free_count == 5 && th_slab_check(slab));
  void *out[5];
  EXPECT(th_slab_take(slab, 5, out + 5) == 5);
  EXPECT(out[4] == block_at(slab, 3) && out[0] == block_at(slab, 702));
  return NULL;
}

SCENARIO(HolesAreTakenLowestFirst) {
  struct th_slab *slab = start(1);
  take_all(slab);
  put(slab, 700);
  put(slab, 5);
  put(slab, 70);
  EXPECT(slab->free_count == 3 && th_slab_check(slab));
  void *out[3];
  EXPECT(th_slab_take(slab, 3, out + 3) == 3);
  EXPECT(out[2] == block_at(slab, 5));
  EXPECT(out[1] == block_at(slab, 70));
  EXPECT(out[0] == block_at(slab, 700));
  return NULL;
}

// So that threads do not write to one line.
SCENARIO(ALineIsTakenWholeOrNotAtAll) {
  enum { BLOCKS = 4 };  // of class 1
  struct th_slab *slab = start(1);
  void *out[BLOCKS];
  take_all(slab);
  EXPECT(th_slab_take_line(slab, out + BLOCKS) == 0);
  for (unsigned number = 5; number < 11; number++) put(slab, number);  // less than two lines
  EXPECT(th_slab_take_line(slab, out + BLOCKS) == 0 && slab->free_count == 6);
  put(slab, 11);
  EXPECT(th_slab_take_line(slab, out + BLOCKS) == BLOCKS);
  for (unsigned i = 0; i < BLOCKS; i++) EXPECT(out[BLOCKS - 1 - i] == block_at(slab, 8 + i));
  EXPECT(slab->free_count == 3 && th_slab_check(slab));
  for (unsigned number = 700; number < 704; number++) put(slab, number);
  EXPECT(th_slab_take_line(slab, out + BLOCKS) == BLOCKS && out[0] == block_at(slab, 703));
  EXPECT(th_slab_take(slab, BLOCKS, out + BLOCKS) == 3 && out[3] == block_at(slab, 5));
  EXPECT(slab->free_count == 0 && th_slab_check(slab));
  return NULL;
}

SCENARIO(ALineOfAPurgedPageHasMemoryAgain) {
  struct th_slab *slab = start(2);
  void *out[2];
  EXPECT(th_slab_purge(slab, 1) == TH_SLICE_BYTES);
  EXPECT(th_slab_take_line(slab, out + 2) == 2 && out[1] == block_at(slab, 0));
  EXPECT((slab->purged & 1) == 0 && th_slab_check(slab));
  return NULL;
}

SCENARIO(WhereLinesHoldNoTwoBlocksNoneIsTaken) {
  void *out[2];
  for (unsigned class = 3; class < TH_SLAB_CLASSES; class ++) {
    struct th_slab *slab = start(class);
    EXPECT(th_slab_take_line(slab, out + 2) == 0 && slab->free_count == slab->capacity);
  }
  return NULL;
}

// Every block goes back by chance; the bitmap is whole at each step.
static const char *expect_put_in_any_order(unsigned class) {
  static void *blocks[TH_SLAB_BLOCKS_MAX];
  struct th_slab *slab = start(class);
  unsigned capacity = th_slab_take(slab, TH_SLAB_BLOCKS_MAX, blocks + TH_SLAB_BLOCKS_MAX);
  void **taken = blocks + TH_SLAB_BLOCKS_MAX - capacity;
  shuffle(taken, capacity);
  for (unsigned i = 0; i < capacity; i++) {
    int number = th_block_number(slab, taken[i]);
    EXPECT(number >= 0 && !th_block_is_free(slab, (unsigned)number));
    put(slab, (unsigned)number);
    EXPECT(th_block_is_free(slab, (unsigned)number));
    EXPECT(slab->free_count == i + 1 && th_slab_check(slab));
  }
  EXPECT(slab->free_count == slab->capacity);
  return NULL;
}

SCENARIO(BlocksComeBackInAnyOrder) {
  for (unsigned class = 1; class < TH_SLAB_CLASSES; class ++) {
    EXPECT_HOLDS(expect_put_in_any_order(class));
  }
  return NULL;
}

SCENARIO(TakingAndPuttingTouch) {
  struct th_slab *slab = start(4);
  void *out[1];
  slab->touched = false;
  th_slab_take(slab, 1, out + 1);
  EXPECT(slab->touched);
  slab->touched = false;
  put(slab, 0);
  EXPECT(slab->touched);
  return NULL;
}

// --- Addresses ---------------------------------------------------------------

static const char *expect_numbers(unsigned class) {
  struct th_slab *slab = start(class);
  size_t bytes = th_class_bytes(class);
  for (size_t offset = 0; offset <= th_class_offset_mask(class); offset++) {
    bool begins = offset % bytes == 0 && offset / bytes < slab->capacity;
    EXPECT(th_block_number(slab, th_slab_start(slab) + offset) ==
           (begins ? (int)(offset / bytes) : -1));
  }
  return NULL;
}

SCENARIO(AnAddressHasTheNumberOfTheBlockThatBeginsThere) {
  for (unsigned class = 1; class < TH_SLAB_CLASSES; class ++) EXPECT_HOLDS(expect_numbers(class));
  return NULL;
}

SCENARIO(ASpanIsOneBlockAndBeginsOnce) {
  start_region();
  struct th_slab *slab = take_slices(3);
  th_span_init(slab, some_arena, 3);
  EXPECT(slab->block_bytes == 3 * TH_SLICE_BYTES && th_slab_check(slab));
  EXPECT(th_block_number(slab, th_slab_start(slab)) == 0);
  for (size_t offset = 1; offset < 3 * TH_SLICE_BYTES; offset += 5) {
    EXPECT(th_block_number(slab, th_slab_start(slab) + offset) == -1);
  }
  EXPECT(th_slab_around(th_slab_start(slab)) == slab);
  EXPECT(th_slab_around(th_slab_start(slab) + TH_SLICE_BYTES) == NULL);
  return NULL;
}

static const char *expect_classes(const struct th_slab *slab, unsigned class) {
  for (size_t i = 0; i < TH_WIDE_SLICES; i++) {
    EXPECT(th_map_get(th_slice_of(th_slab_start(slab)) + i) == class);
  }
  return NULL;
}

SCENARIO(AWideSlabIsFoundFromEachOfItsSlices) {
  struct th_slab *slab = start(WIDE);
  char *begin = th_slab_start(slab);
  for (size_t offset = 0; offset < TH_WIDE_SLICES * TH_SLICE_BYTES; offset += 100) {
    EXPECT(th_slab_around(begin + offset) == slab);
  }
  EXPECT(th_slab_around(begin + TH_WIDE_SLICES * TH_SLICE_BYTES) == NULL);
  EXPECT_HOLDS(expect_classes(slab, WIDE));
  th_slab_forget(slab);
  for (size_t i = 0; i < TH_WIDE_SLICES; i++) {
    EXPECT(th_slab_around(begin + i * TH_SLICE_BYTES) == NULL && slab[i].back == 0);
  }
  EXPECT_HOLDS(expect_classes(slab, 0));
  th_slices_give(slab, TH_WIDE_SLICES);
  return th_region_check() == NULL ? NULL : "region";
}

SCENARIO(FewPagesSideBySideMayStay) {
  struct th_slab *slab = start(th_class_of(PAGE));
  take_all(slab);
  put(slab, 0);
  put(slab, 1);
  put(slab, 3);
  EXPECT(th_slab_purge(slab, 3) == 0 && slab->purged == 0);
  EXPECT(th_slab_purge(slab, 2) == 2 * PAGE && slab->purged == 3);
  return th_slab_check(slab) ? NULL : "slab";
}

// Of 14 blocks of a page and a little: the last free ones leave whole pages free.
SCENARIO(AWideSlabGivesBackPagesOfAllItsSlices) {
  struct th_slab *slab = start(WIDE);
  unsigned last = slab->capacity - 1u;
  memset(th_slab_start(slab), 1, TH_WIDE_SLICES * TH_SLICE_BYTES);
  take_all(slab);
  put(slab, 0);
  put(slab, last - 1);
  put(slab, last);
  // The first block's first page, and what lies behind the start of the last but one.
  unsigned from = (unsigned)(((last - 1) * slab->block_bytes + PAGE - 1) / PAGE);
  unsigned pages = TH_WIDE_SLICES * PAGES - from;
  EXPECT(th_slab_purge(slab, 1) == (1 + pages) * PAGE);
  EXPECT(slab->purged == (1 | (UINT16_MAX & ~((1u << from) - 1))));
  EXPECT(*block_at(slab, 0) == 0 && *block_at(slab, last) == 0 && *block_at(slab, 1) == 1);
  EXPECT_HOLDS(expect_classes(slab, 0));
  return th_slab_check(slab) ? NULL : "slab";
}

SCENARIO(ASlabIsFoundFromEveryAddressInIt) {
  struct th_slab *slab = start(10);
  EXPECT(th_slab_around(th_slab_start(slab)) == slab);
  EXPECT(th_slab_around(th_slab_start(slab) + TH_SLICE_BYTES - 1) == slab);
  EXPECT(th_slab_around(th_slab_start(slab) - 1) == NULL);
  EXPECT(th_slab_around(th_slab_start(slab) + TH_SLICE_BYTES) == NULL);
  EXPECT(th_slab_around(NULL) == NULL);
  EXPECT(th_slab_around(&slab) == NULL);
  EXPECT(th_slab_around(th_region.base) == NULL);  // metadata is no slab
  return NULL;
}

SCENARIO(ThePageMapHasTheClassWhileTheSlabIsThere) {
  struct th_slab *slab = start(10);
  size_t slice = th_slice_of(th_slab_start(slab));
  EXPECT(th_map_get(slice) == 10);
  th_slab_forget(slab);
  EXPECT(th_map_get(slice) == 0);
  EXPECT(th_slab_around(th_slab_start(slab)) == NULL);
  return NULL;
}

SCENARIO(ThePageMapKnowsNothingOfUncachedSlabs) {
  start_region();
  struct th_slab *slab = take_slices(1);
  th_slab_init(slab, some_arena, 10, false);
  EXPECT(th_map_get(th_slice_of(th_slab_start(slab))) == 0);
  EXPECT(th_slab_around(th_slab_start(slab)) == slab);
  return NULL;
}

// --- Purging -----------------------------------------------------------------

// By the definition: no byte of the page belongs to a block that is not free. (A slab of
// one block goes as a whole.)
static bool page_is_free(const struct th_slab *slab, unsigned page) {
  if (slab->capacity == 1) return false;
  for (unsigned number = 0; number < slab->capacity; number++) {
    size_t start = (size_t)number * slab->block_bytes;
    if (start >= (page + 1u) * PAGE || start + slab->block_bytes <= (size_t)page * PAGE) continue;
    if (!th_block_is_free(slab, number)) return false;
  }
  return true;
}

static const char *expect_just_free_pages_purged(const struct th_slab *slab) {
  for (unsigned page = 0; page < PAGES; page++) {
    const char *bytes = th_slab_start(slab) + (size_t)page * PAGE;
    bool purged = page_is_free(slab, page);
    EXPECT((slab->purged >> page & 1) == purged);
    EXPECT(bytes[0] == (purged ? 0 : 1) && bytes[PAGE - 1] == bytes[0]);
  }
  return NULL;
}

// Fills the slab, then makes stretches of blocks free.
static struct th_slab *start_with_holes(unsigned class) {
  struct th_slab *slab = start(class);
  take_all(slab);
  memset(th_slab_start(slab), 1, TH_SLICE_BYTES);
  for (unsigned number = (unsigned)chance(3); number < slab->capacity;) {
    unsigned end = number + 1 + (unsigned)chance(2 + 3 * PAGE / slab->block_bytes);
    for (; number < end && number < slab->capacity; number++) put(slab, number);
    number += 1 + (unsigned)chance(2 + PAGE / slab->block_bytes);
  }
  return slab;
}

static const char *expect_purge(unsigned class) {
  struct th_slab *slab = start_with_holes(class);
  if ((size_t)slab->free_count * slab->block_bytes < PAGE) return NULL;  // not worth a look
  bool any = th_slab_purge(slab, 1);
  EXPECT(any == (slab->purged != 0));
  EXPECT_HOLDS(expect_just_free_pages_purged(slab));
  EXPECT(th_slab_check(slab));
  EXPECT(!th_slab_purge(slab, 1));  // they are gone
  return NULL;
}

SCENARIO(JustThePagesOfFreeBlocksAreGivenBack) {
  for (unsigned class = 1; class < TH_SLAB_CLASSES; class ++) {
    for (int round = 0; round < ROUNDS; round++) EXPECT_HOLDS(expect_purge(class));
  }
  return NULL;
}

// A block that is taken clears the bits of its pages, of no others.
static const char *expect_taken_from_purged(unsigned class) {
  struct th_slab *slab = start_with_holes(class);
  th_slab_purge(slab, 1);
  while (slab->free_count != 0) {
    uint16_t before = slab->purged;
    void *out[1];
    th_slab_take(slab, 1, out + 1);
    for (unsigned page = 0; page < PAGES; page++) {
      bool was = (before >> page & 1) != 0;
      EXPECT((slab->purged >> page & 1) == (was && page_is_free(slab, page)));
    }
    EXPECT(th_slab_check(slab));
  }
  return NULL;
}

SCENARIO(PagesOfTakenBlocksCountAsPurgedNoMore) {
  for (unsigned class = 1; class < TH_SLAB_CLASSES; class ++) {
    EXPECT_HOLDS(expect_taken_from_purged(class));
  }
  return NULL;
}

SCENARIO(WhatTheKernelDoesNotTakeIsNotPurged) {
  struct th_slab *slab = start(8);
  fail(LOAM_OS_DECOMMIT);
  EXPECT(!th_slab_purge(slab, 1) && slab->purged == 0);
  fail_nothing();
  EXPECT(th_slab_purge(slab, 1) && slab->purged == (1u << PAGES) - 1);
  return NULL;
}

SCENARIO(NothingOfASpanIsPurged) {
  start_region();
  struct th_slab *slab = take_slices(2);
  th_span_init(slab, some_arena, 2);
  EXPECT(!th_slab_purge(slab, 1));
  return NULL;
}

// --- The proof ---------------------------------------------------------------

SCENARIO(TheCheckFindsAWrongCount) {
  struct th_slab *slab = start(20);
  slab->free_count--;
  EXPECT(!th_slab_check(slab));
  return NULL;
}

SCENARIO(TheCheckFindsABitBehindTheLastBlock) {
  struct th_slab *slab = start(20);
  slab->free[slab->capacity / 64] |= (uint64_t)1 << slab->capacity % 64;
  slab->free[0] &= ~(uint64_t)1;  // the count is right
  EXPECT(!th_slab_check(slab));
  return NULL;
}

SCENARIO(TheCheckFindsAFreeBlockBeforeTheLowest) {
  struct th_slab *slab = start(1);
  slab->low_word = 1;
  EXPECT(!th_slab_check(slab));
  return NULL;
}

SCENARIO(TheCheckFindsAPurgedPageInUse) {
  struct th_slab *slab = start(4);
  void *out[1];
  th_slab_take(slab, 1, out + 1);
  EXPECT(th_slab_check(slab));
  slab->purged = 1;
  EXPECT(!th_slab_check(slab));
  return NULL;
}
