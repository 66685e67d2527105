#include "allocators/first_fit/free_list.h"

#include <string.h>

#include "common/page_map/page_map.h"
#include "common/testing/scenario.h"

enum { SLOTS = 1024, SLOT_BYTES = 64 };

// The least and the largest size of one range, and some of the next ones up and
// down (ranges are a quarter of a power of two).
enum { LEAST = 1024, MOST = 1264, HIGHER = 1280, HIGHEST = 4096, LOWER = 1008 };

// The index looks at headers and links only: a slot may claim any size.
static _Alignas(16) char memory[(SLOTS + 1) * SLOT_BYTES];
static struct free_index list;
static const struct free_index empty_list;

static struct block *slot(size_t i) { return block_at(memory, (ptrdiff_t)(i * SLOT_BYTES + 8)); }

static void start(void) {
  tag_secret = 0x0123456789abcdef;
  list = empty_list;
}

static void insert(size_t i, size_t size) {
  block_write(slot(i), size, PREV_IN_USE);
  free_index_insert(&list, slot(i), size);
}

// What a search gives, as the slot's number; -1: nothing. Checks the size too.
static int find(size_t size) {
  size_t found_size = 0;
  struct block *block = free_index_find(&list, size, &found_size);
  if (block == NULL) return -1;
  if (found_size != word_size(block_word(block))) return -2;
  return (int)(((char *)block - memory) / SLOT_BYTES);
}

// The slots in a range's list, from the first on, are those of `expected`, and
// every link back is right.
static bool list_is(size_t size, const int *expected, size_t count) {
  unsigned range = range_of(size);
  struct block *prev = NULL;
  struct block *block = list.first[range];
  for (size_t i = 0; i < count; i++) {
    if (block != slot((size_t)expected[i]) || list_prev(block) != prev) return false;
    prev = block;
    block = list_next(block);
  }
  return block == NULL && ((list.nonempty >> range & 1) != 0) == (count != 0);
}

#define LIST_IS(size, ...) \
  list_is(size, (const int[]){__VA_ARGS__}, sizeof((const int[]){__VA_ARGS__}) / sizeof(int))

SCENARIO(EmptyFindsNothing) {
  start();
  EXPECT(find(32) == -1);
  EXPECT(free_index_next(&list, NULL, 0, 32) == NULL);
  EXPECT(free_index_largest_class(&list) == 0);
  return NULL;
}

SCENARIO(TheSizesBelongToTheirRanges) {
  EXPECT(range_of(LEAST) == range_of(MOST));
  EXPECT(range_of(LOWER) == range_of(LEAST) - 1);
  EXPECT(range_of(HIGHER) == range_of(MOST) + 1);
  return NULL;
}

SCENARIO(RangesGrowWithTheSizeUpToTheLast) {
  EXPECT(range_of(BLOCK_BYTES_MIN) == 0);
  unsigned last = 0;
  for (size_t size = BLOCK_BYTES_MIN; size <= LOAM_CHUNK_BYTES; size += BLOCK_ALIGNMENT) {
    unsigned range = range_of(size);
    EXPECT(range == last || range == last + 1 || size < 128);  // below, steps are wider
    EXPECT(range >= last && range < RANGES);
    last = range;
  }
  EXPECT(last == RANGES - 1);
  return NULL;
}

SCENARIO(TheLastInsertedComesFirst) {
  start();
  for (size_t i = 0; i < 4; i++) insert(i, LEAST);
  EXPECT(LIST_IS(LEAST, 3, 2, 1, 0));
  EXPECT(find(LEAST) == 3);
  return NULL;
}

SCENARIO(EachRangeHasItsList) {
  start();
  insert(0, LEAST);
  insert(1, MOST);
  insert(2, LOWER);
  insert(3, HIGHER);
  insert(4, LOAM_CHUNK_BYTES);
  EXPECT(LIST_IS(LEAST, 1, 0));
  EXPECT(LIST_IS(LOWER, 2));
  EXPECT(LIST_IS(HIGHER, 3));
  EXPECT(LIST_IS(LOAM_CHUNK_BYTES, 4));
  EXPECT(list.nonempty == (range_bit(range_of(LOWER)) | range_bit(range_of(LEAST)) |
                           range_bit(range_of(HIGHER)) | range_bit(RANGES - 1)));
  return NULL;
}

SCENARIO(TheLargestClassIsThatOfTheHighestRange) {
  start();
  insert(0, LOWER);
  EXPECT(range_of(free_index_largest_class(&list)) == range_of(LOWER));
  EXPECT(free_index_largest_class(&list) <= LOWER);
  insert(1, MOST);
  EXPECT(free_index_largest_class(&list) == LEAST);
  insert(2, LOAM_CHUNK_BYTES);
  EXPECT(range_of(free_index_largest_class(&list)) == RANGES - 1);
  return NULL;
}

SCENARIO(RemoveAtBothEndsAndInside) {
  start();
  for (size_t i = 0; i < 5; i++) insert(i, LEAST);
  free_index_remove(&list, slot(2), LEAST);
  EXPECT(LIST_IS(LEAST, 4, 3, 1, 0));
  free_index_remove(&list, slot(4), LEAST);
  EXPECT(LIST_IS(LEAST, 3, 1, 0));
  free_index_remove(&list, slot(0), LEAST);
  EXPECT(LIST_IS(LEAST, 3, 1));
  free_index_remove(&list, slot(1), LEAST);
  free_index_remove(&list, slot(3), LEAST);
  EXPECT(list.first[range_of(LEAST)] == NULL && list.nonempty == 0);
  return NULL;
}

SCENARIO(ReplaceInItsRangeKeepsThePlace) {
  start();
  for (size_t i = 0; i < 3; i++) insert(i, LEAST);
  for (size_t i = 0; i < 3; i++) free_index_replace(&list, slot(i), LEAST, slot(i + 3), MOST);
  EXPECT(LIST_IS(LEAST, 5, 4, 3));
  return NULL;
}

SCENARIO(ReplaceByItselfKeepsThePlace) {
  start();
  for (size_t i = 0; i < 3; i++) insert(i, LEAST);
  free_index_replace(&list, slot(1), LEAST, slot(1), MOST);
  EXPECT(LIST_IS(LEAST, 2, 1, 0));
  return NULL;
}

SCENARIO(ReplaceByABlockThatOverlaps) {
  start();
  insert(0, LEAST);
  insert(1, LEAST);
  struct block *to = block_at(slot(1), 16);  // over the links of the old one
  free_index_replace(&list, slot(1), LEAST, to, LEAST);
  EXPECT(list.first[range_of(LEAST)] == to && list_next(to) == slot(0));
  EXPECT(list_prev(to) == NULL && list_prev(slot(0)) == to);
  return NULL;
}

SCENARIO(ReplaceIntoAnotherRangeGoesToItsFront) {
  start();
  for (size_t i = 0; i < 3; i++) insert(i, LEAST);
  insert(3, HIGHER);
  free_index_replace(&list, slot(1), LEAST, slot(1), HIGHER);
  EXPECT(LIST_IS(LEAST, 2, 0));
  EXPECT(LIST_IS(HIGHER, 1, 3));
  free_index_replace(&list, slot(2), LEAST, slot(4), LOWER);
  free_index_replace(&list, slot(0), LEAST, slot(0), LOWER);
  EXPECT(LIST_IS(LOWER, 0, 4));
  EXPECT((list.nonempty & range_bit(range_of(LEAST))) == 0);
  return NULL;
}

// --- Searching ---------------------------------------------------------------

SCENARIO(TheFirstThatFitsIsTakenNotTheBest) {
  start();
  insert(0, LEAST + 16);
  insert(1, MOST);
  insert(2, LEAST);
  EXPECT(find(LEAST + 16) == 1);
  EXPECT(find(LEAST) == 2);
  EXPECT(find(MOST) == 1);
  return NULL;
}

SCENARIO(ItsOwnRangeGoesBeforeAHigherOne) {
  start();
  insert(0, MOST - 16);
  insert(1, HIGHER);
  EXPECT(find(MOST - 16) == 0);
  EXPECT(find(MOST) == 1);
  return NULL;
}

SCENARIO(TheLowestHigherRangeIsTaken) {
  start();
  insert(0, HIGHEST);
  insert(1, HIGHER);
  insert(2, LOWER);
  EXPECT(find(LEAST) == 1);
  EXPECT(find(2 * HIGHEST) == -1);
  return NULL;
}

SCENARIO(TheLastRangeIsSearchedForWhatFits) {
  start();
  insert(0, LOAM_CHUNK_BYTES);
  insert(1, LOAM_CHUNK_BYTES / 2);
  EXPECT(find(LOAM_CHUNK_BYTES / 2 + 16) == 0);
  EXPECT(find(LOAM_CHUNK_BYTES / 2) == 1);
  return NULL;
}

// One block that fits MOST, `misfits` after the front of its list.
static void insert_behind(size_t misfits) {
  start();
  insert(0, MOST);
  for (size_t i = 1; i <= misfits; i++) insert(i, LEAST);
}

SCENARIO(AfterTooManyMisfitsAHigherRangeIsTaken) {
  insert_behind(MISFITS_MAX);
  insert(SLOTS - 1, HIGHEST);
  EXPECT(find(MOST) == 0);
  insert_behind(MISFITS_MAX + 1);
  insert(SLOTS - 1, HIGHEST);
  EXPECT(find(MOST) == SLOTS - 1);
  return NULL;
}

SCENARIO(WithoutAHigherRangeTheSearchGoesOn) {
  insert_behind(MISFITS_MAX + 1);
  EXPECT(find(MOST) == 0);
  insert_behind(MISFITS_LAST_MAX);
  EXPECT(find(MOST) == 0);
  return NULL;
}

SCENARIO(TheLastSearchEndsToo) {
  insert_behind(MISFITS_LAST_MAX + 1);
  EXPECT(find(MOST) == -1);
  EXPECT(find(LEAST) == MISFITS_LAST_MAX + 1);
  return NULL;
}

SCENARIO(AWalkMeetsEveryBlockOfItsRangesOnce) {
  start();
  bool met[40] = {false};
  for (size_t i = 0; i < 40; i++) insert(i, i % 2 == 0 ? 32 + 16 * i : 32);
  size_t size = 0;
  size_t count = 0;
  for (struct block *block = free_index_next(&list, NULL, 0, 128); block != NULL;
       block = free_index_next(&list, block, size, 128)) {
    size = word_size(block_word(block));
    size_t i = (size_t)((char *)block - memory) / SLOT_BYTES;
    EXPECT(size >= 128 && !met[i]);
    met[i] = true;
    count++;
  }
  EXPECT(count == 17);  // the even ones from 6 on
  return NULL;
}

// --- What is broken is not used ----------------------------------------------

#define BROKEN "^loam: test: 0x[0-9a-f]+: free list broken at this block\n"

static void start_with_three(void) {
  start();
  for (size_t i = 0; i < 3; i++) insert(i, LEAST);
}

SCENARIO_THAT_ENDS(ANeighbourThatDoesNotPointBack, BROKEN) {
  start_with_three();
  link_write(&slot(0)->prev, slot(2));
  free_index_remove(&list, slot(1), LEAST);
  return "removed";
}

SCENARIO_THAT_ENDS(ANeighbourThatDoesNotPointOn, BROKEN) {
  start_with_three();
  link_write(&slot(2)->next, slot(0));
  free_index_remove(&list, slot(1), LEAST);
  return "removed";
}

SCENARIO_THAT_ENDS(AFirstBlockThatIsNotFirst, BROKEN) {
  start_with_three();
  list.first[range_of(LEAST)] = slot(1);
  free_index_remove(&list, slot(2), LEAST);
  return "removed";
}

SCENARIO_THAT_ENDS(ABrokenNeighbourWhileReplacing, BROKEN) {
  start_with_three();
  link_write(&slot(0)->prev, slot(2));
  free_index_replace(&list, slot(1), LEAST, slot(5), LEAST);
  return "replaced";
}

SCENARIO_THAT_ENDS(AnOverwrittenLink, "links of a free block overwritten") {
  start_with_three();
  memset(&slot(1)->next, 'A', 8);
  free_index_remove(&list, slot(1), LEAST);
  return "removed";
}

SCENARIO_THAT_ENDS(AnOverwrittenHeaderInASearch, "block header overwritten") {
  start_with_three();
  atomic_store(&slot(2)->header, 0x4141414141414141);
  return find(LEAST) == 2 ? "found" : "not found";
}
