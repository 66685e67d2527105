// The two-level index: how sizes map to classes, and that the list found is the
// right one, against a search through everything.

#include "allocators/segregated_fit/free_index.h"

#include <string.h>

#include "common/testing/scenario.h"

enum { SLOTS = 512, SLOT_BYTES = 64 };

#define SIZE_MAX_IN_INDEX ((size_t)UINT32_MAX + 1 - BLOCK_ALIGNMENT)

// The index looks at headers and links only: a slot may claim any size.
static _Alignas(16) char memory[(SLOTS + 1) * SLOT_BYTES];
static struct free_index index_;
static size_t sizes[SLOTS];  // 0: not in the index

static struct block *slot(size_t i) { return block_at(memory, (ptrdiff_t)(i * SLOT_BYTES + 8)); }

static size_t slot_of(const struct block *block) {
  return (size_t)((const char *)block - memory) / SLOT_BYTES;
}

static void start(void) {
  memset(&index_, 0, sizeof index_);
  memset(sizes, 0, sizeof sizes);
}

static void insert(size_t i, size_t size) {
  block_write(slot(i), size, PREV_IN_USE);
  free_index_insert(&index_, slot(i), size);
  sizes[i] = size;
}

static void discard(size_t i) {
  free_index_remove(&index_, slot(i), sizes[i]);
  sizes[i] = 0;
}

static uint64_t random_state = 1;

static uint64_t draw(void) {
  random_state = random_state * 6364136223846793005u + 1442695040888963407u;
  return random_state >> 20;
}

// Of every magnitude from 32 bytes to 4 GiB.
static size_t draw_size(void) {
  size_t size = (size_t)draw() & SIZE_MAX_IN_INDEX;
  size = (size >> draw() % 28) & ~(size_t)(BLOCK_ALIGNMENT - 1);
  return size < BLOCK_BYTES_MIN ? BLOCK_BYTES_MIN : size;
}

// --- Classes -----------------------------------------------------------------

SCENARIO(ClassesAreExactUpToOneKiB) {
  for (size_t size = BLOCK_BYTES_MIN; size < 1024; size += BLOCK_ALIGNMENT) {
    EXPECT(class_of(size) == size / BLOCK_ALIGNMENT);
    EXPECT(class_floor(class_of(size)) == size);
    EXPECT(class_for_request(size) == class_of(size));
  }
  return NULL;
}

SCENARIO(ClassesGrowWithTheSizeAndHoldWhatTheySay) {
  for (unsigned size_class = BLOCK_BYTES_MIN / BLOCK_ALIGNMENT; size_class < CLASSES;
       size_class++) {
    size_t least = class_floor(size_class);
    EXPECT(least % BLOCK_ALIGNMENT == 0);
    EXPECT(class_of(least) == size_class);
    EXPECT(class_of(least - BLOCK_ALIGNMENT) == size_class - 1);
    EXPECT(class_for_request(least) == size_class);
    // A little more needs the next class, so that all of its blocks suffice.
    bool exact = class_of(least + BLOCK_ALIGNMENT) != size_class;
    EXPECT(exact || class_for_request(least + BLOCK_ALIGNMENT) == size_class + 1);
  }
  EXPECT(class_of(SIZE_MAX_IN_INDEX) == CLASSES - 1);
  return NULL;
}

SCENARIO(AStepIsAtMostATwentyEighthOfTheSize) {
  for (unsigned size_class = SECOND_LISTS; size_class < CLASSES - 1; size_class++) {
    size_t least = class_floor(size_class);
    EXPECT((class_floor(size_class + 1) - least) * SECOND_LISTS <= least);
  }
  return NULL;
}

// --- Lists and bitmaps -------------------------------------------------------

// Each bit says whether its list, or its level, holds something.
static const char *expect_bitmaps_right(void) {
  for (unsigned level = 0; level < FIRST_LEVELS; level++) {
    bool any = false;
    for (unsigned second = 0; second < SECOND_LISTS; second++) {
      bool nonempty = index_.first[level * SECOND_LISTS + second] != NULL;
      EXPECT((index_.second[level] >> second & 1) == nonempty);
      any |= nonempty;
    }
    EXPECT((index_.first_level >> level & 1) == any);
  }
  return NULL;
}

static bool is_in_index(size_t i) { return sizes[i] != 0; }

SCENARIO(BitmapsFollowTheLists) {
  start();
  for (int step = 0; step < 20000; step++) {
    size_t i = (size_t)draw() % SLOTS;
    if (!is_in_index(i)) {
      insert(i, draw_size());
    } else if (draw() % 2 == 0) {
      discard(i);
    } else {
      size_t size = draw_size();
      block_write(slot(i), size, PREV_IN_USE);
      free_index_replace(&index_, slot(i), sizes[i], slot(i), size);
      sizes[i] = size;
    }
    if (step % 100 == 0) EXPECT_HOLDS(expect_bitmaps_right());
  }
  for (size_t i = 0; i < SLOTS; i++) {
    if (!is_in_index(i)) continue;
    EXPECT(free_index_linked(&index_, slot(i), sizes[i]));
    discard(i);
  }
  EXPECT(index_.first_level == 0);
  return expect_bitmaps_right();
}

SCENARIO(AReplacementTakesItsPlaceInTheList) {
  start();
  for (size_t i = 0; i < 3; i++) insert(i, 4096);
  block_write(slot(7), 4112, PREV_IN_USE);
  free_index_replace(&index_, slot(1), 4096, slot(7), 4112);  // of the same class
  EXPECT(list_next(slot(2)) == slot(7) && list_next(slot(7)) == slot(0));
  EXPECT(list_prev(slot(0)) == slot(7));
  return NULL;
}

// --- Finding -----------------------------------------------------------------

// The least class that any block in the index has and that suffices; CLASSES if
// none.
static unsigned best_class(size_t size) {
  unsigned best = CLASSES;
  for (size_t i = 0; i < SLOTS; i++) {
    if (!is_in_index(i)) continue;
    unsigned size_class = class_of(sizes[i]);
    if (size_class >= class_for_request(size) && size_class < best) best = size_class;
  }
  return best;
}

SCENARIO(TheBlockFoundIsOfTheLeastClassThatSuffices) {
  start();
  for (int step = 0; step < 5000; step++) {
    size_t i = (size_t)draw() % SLOTS;
    if (is_in_index(i)) {
      discard(i);
    } else if (draw() % 3 == 0) {  // few of them, so that much is missing
      insert(i, draw_size());
    }
    size_t size = draw_size();
    size_t found_size = 0;
    struct block *found = free_index_find(&index_, size, &found_size);
    unsigned best = best_class(size);
    if (found == NULL) {
      EXPECT(best == CLASSES);
      continue;
    }
    EXPECT(found_size == sizes[slot_of(found)] && found_size >= size);
    EXPECT(best == CLASSES ? class_of(found_size) == class_of(size) : class_of(found_size) == best);
  }
  return NULL;
}

SCENARIO(ABlockOfTheSameClassServesWhenNothingLargerIsFree) {
  start();
  insert(0, 4160);  // the class of 4096 to 4208
  size_t found_size;
  EXPECT(free_index_find(&index_, 4144, &found_size) == slot(0) && found_size == 4160);
  EXPECT(free_index_find(&index_, 4176, &found_size) == NULL);
  return NULL;
}

SCENARIO(AnyRequestIsAnsweredByAnEmptyIndex) {
  start();
  size_t found_size;
  EXPECT(free_index_find(&index_, BLOCK_BYTES_MIN, &found_size) == NULL);
  EXPECT(free_index_find(&index_, SIZE_MAX_IN_INDEX, &found_size) == NULL);
  EXPECT(free_index_next(&index_, NULL, 0, BLOCK_BYTES_MIN) == NULL);
  EXPECT(free_index_largest_class(&index_) == 0);
  return NULL;
}

SCENARIO(AWalkMeetsEachBlockOnceFromTheLeastSizeOn) {
  start();
  size_t expected = 0;
  for (size_t i = 0; i < SLOTS; i++) insert(i, draw_size());
  for (size_t i = 0; i < SLOTS; i++) expected += class_of(sizes[i]) >= class_of(5000);
  size_t met = 0;
  size_t size = 0;
  for (struct block *block = free_index_next(&index_, NULL, 0, 5000); block != NULL;
       block = free_index_next(&index_, block, size, 5000)) {
    size = sizes[slot_of(block)];
    EXPECT(class_of(size) >= class_of(5000));
    met++;
  }
  EXPECT(met == expected);
  return NULL;
}

SCENARIO(TheLargestClassIsThatOfTheLargestBlock) {
  start();
  size_t largest = 0;
  for (size_t i = 0; i < 20; i++) {
    insert(i, draw_size());
    if (sizes[i] > largest) largest = sizes[i];
    EXPECT(free_index_largest_class(&index_) == class_floor(class_of(largest)));
  }
  return NULL;
}
