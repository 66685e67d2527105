#define LOAM_VARIANT_NAME "test"
#include "allocators/first_fit/free_list.h"

#include <string.h>

#include "common/testing/scenario.h"

enum { SLOTS = 1024, SLOT_BYTES = 64 };

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
static bool list_is(unsigned range, const int *expected, size_t count) {
  struct block *prev = NULL;
  struct block *block = list.first[range];
  for (size_t i = 0; i < count; i++) {
    if (block != slot((size_t)expected[i]) || prev_of(block) != prev) return false;
    prev = block;
    block = next_of(block);
  }
  return block == NULL && ((list.nonempty >> range & 1) != 0) == (count != 0);
}

#define LIST_IS(range, ...) \
  list_is(range, (const int[]){__VA_ARGS__}, sizeof((const int[]){__VA_ARGS__}) / sizeof(int))

SCENARIO(EmptyFindsNothing) {
  start();
  EXPECT(find(32) == -1);
  EXPECT(free_index_next(&list, NULL, 0, 32) == NULL);
  EXPECT(free_index_largest_class(&list) == 0);
  return NULL;
}

SCENARIO(TheLastInsertedComesFirst) {
  start();
  for (size_t i = 0; i < 4; i++) insert(i, 64);
  EXPECT(LIST_IS(6, 3, 2, 1, 0));
  EXPECT(find(64) == 3);
  return NULL;
}

SCENARIO(RangesArePowersOfTwo) {
  start();
  insert(0, 32);
  insert(1, 48);
  insert(2, 64);
  insert(3, 112);
  insert(4, 128);
  insert(5, (size_t)1 << LOAM_CHUNK_BITS);
  EXPECT(LIST_IS(5, 1, 0));
  EXPECT(LIST_IS(6, 3, 2));
  EXPECT(LIST_IS(7, 4));
  EXPECT(LIST_IS(LOAM_CHUNK_BITS, 5));
  EXPECT(list.nonempty == (1u << 5 | 1u << 6 | 1u << 7 | 1u << LOAM_CHUNK_BITS));
  EXPECT(free_index_largest_class(&list) == (size_t)1 << LOAM_CHUNK_BITS);
  return NULL;
}

SCENARIO(RemoveAtBothEndsAndInside) {
  start();
  for (size_t i = 0; i < 5; i++) insert(i, 64);
  free_index_remove(&list, slot(2), 64);
  EXPECT(LIST_IS(6, 4, 3, 1, 0));
  free_index_remove(&list, slot(4), 64);
  EXPECT(LIST_IS(6, 3, 1, 0));
  free_index_remove(&list, slot(0), 64);
  EXPECT(LIST_IS(6, 3, 1));
  free_index_remove(&list, slot(1), 64);
  free_index_remove(&list, slot(3), 64);
  EXPECT(list.first[6] == NULL && list.nonempty == 0);
  return NULL;
}

SCENARIO(ReplaceInItsRangeKeepsThePlace) {
  start();
  for (size_t i = 0; i < 3; i++) insert(i, 64);
  for (size_t i = 0; i < 3; i++) {
    free_index_replace(&list, slot(i), 64, slot(i + 3), 80);
    block_write(slot(i + 3), 80, PREV_IN_USE);
  }
  EXPECT(LIST_IS(6, 5, 4, 3));
  return NULL;
}

SCENARIO(ReplaceByItselfKeepsThePlace) {
  start();
  for (size_t i = 0; i < 3; i++) insert(i, 64);
  free_index_replace(&list, slot(1), 64, slot(1), 96);
  EXPECT(LIST_IS(6, 2, 1, 0));
  return NULL;
}

SCENARIO(ReplaceByABlockThatOverlaps) {
  start();
  insert(0, 1024);
  insert(1, 1024);
  struct block *to = block_at(slot(1), 16);  // over the links of the old one
  free_index_replace(&list, slot(1), 1024, to, 1024);
  EXPECT(list.first[10] == to && next_of(to) == slot(0));
  EXPECT(prev_of(to) == NULL && prev_of(slot(0)) == to);
  return NULL;
}

SCENARIO(ReplaceIntoAnotherRangeGoesToItsFront) {
  start();
  for (size_t i = 0; i < 3; i++) insert(i, 64);
  insert(3, 256);
  free_index_replace(&list, slot(1), 64, slot(1), 256);
  EXPECT(LIST_IS(6, 2, 0));
  EXPECT(LIST_IS(8, 1, 3));
  free_index_replace(&list, slot(2), 64, slot(4), 32);
  free_index_replace(&list, slot(0), 64, slot(0), 32);
  EXPECT(LIST_IS(5, 0, 4));
  EXPECT((list.nonempty >> 6 & 1) == 0);
  return NULL;
}

// --- Searching ---------------------------------------------------------------

SCENARIO(TheFirstThatFitsIsTakenNotTheBest) {
  start();
  insert(0, 80);
  insert(1, 112);
  insert(2, 64);
  EXPECT(find(80) == 1);
  EXPECT(find(64) == 2);
  EXPECT(find(112) == 1);
  return NULL;
}

SCENARIO(ItsOwnRangeGoesBeforeAHigherOne) {
  start();
  insert(0, 96);
  insert(1, 128);
  EXPECT(find(96) == 0);
  EXPECT(find(112) == 1);
  return NULL;
}

SCENARIO(TheLowestHigherRangeIsTaken) {
  start();
  insert(0, 4096);
  insert(1, 512);
  insert(2, 32);
  EXPECT(find(64) == 1);
  EXPECT(find(8192) == -1);
  return NULL;
}

// One block that fits, `misfits` after the front of its list.
static void insert_behind(size_t misfits) {
  start();
  insert(0, 112);
  for (size_t i = 1; i <= misfits; i++) insert(i, 64);
}

SCENARIO(AfterTooManyMisfitsAHigherRangeIsTaken) {
  insert_behind(MISFITS_MAX);
  insert(SLOTS - 1, 1024);
  EXPECT(find(112) == 0);
  insert_behind(MISFITS_MAX + 1);
  insert(SLOTS - 1, 1024);
  EXPECT(find(112) == SLOTS - 1);
  return NULL;
}

SCENARIO(WithoutAHigherRangeTheSearchGoesOn) {
  insert_behind(MISFITS_MAX + 1);
  EXPECT(find(112) == 0);
  insert_behind(MISFITS_LAST_MAX);
  EXPECT(find(112) == 0);
  return NULL;
}

SCENARIO(TheLastSearchEndsToo) {
  insert_behind(MISFITS_LAST_MAX + 1);
  EXPECT(find(112) == -1);
  EXPECT(find(64) == MISFITS_LAST_MAX + 1);
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
  for (size_t i = 0; i < 3; i++) insert(i, 64);
}

SCENARIO_THAT_ENDS(ANeighbourThatDoesNotPointBack, BROKEN) {
  start_with_three();
  link_write(&slot(0)->prev, slot(2));
  free_index_remove(&list, slot(1), 64);
  return "removed";
}

SCENARIO_THAT_ENDS(ANeighbourThatDoesNotPointOn, BROKEN) {
  start_with_three();
  link_write(&slot(2)->next, slot(0));
  free_index_remove(&list, slot(1), 64);
  return "removed";
}

SCENARIO_THAT_ENDS(AFirstBlockThatIsNotFirst, BROKEN) {
  start_with_three();
  list.first[6] = slot(1);
  free_index_remove(&list, slot(2), 64);
  return "removed";
}

SCENARIO_THAT_ENDS(ABrokenNeighbourWhileReplacing, BROKEN) {
  start_with_three();
  link_write(&slot(0)->prev, slot(2));
  free_index_replace(&list, slot(1), 64, slot(5), 64);
  return "replaced";
}

SCENARIO_THAT_ENDS(AnOverwrittenLink, "links of a free block overwritten") {
  start_with_three();
  memset(&slot(1)->next, 'A', 8);
  free_index_remove(&list, slot(1), 64);
  return "removed";
}

SCENARIO_THAT_ENDS(AnOverwrittenHeaderInASearch, "block header overwritten") {
  start_with_three();
  atomic_store(&slot(2)->header, 0x4141414141414141);
  return find(64) == 2 ? "found" : "not found";
}
