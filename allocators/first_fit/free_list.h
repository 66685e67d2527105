// The free index of first_fit: explicit LIFO lists, four for each power of two,
// searched first fit.
//
// A freed block goes to the front of the list of its range. A request looks
// through the list of its own range, from the most recently freed on, and takes
// the first block that is large enough. Every block of a higher range is large
// enough, so there the first one is taken: the bitmap finds the lowest range
// that has any. After more than MISFITS_MAX blocks that were too small the
// request's own range is left for the higher ones, which bounds the search; only
// when these are all empty does it start again, to allow MISFITS_LAST_MAX, before
// the heap grows.
//
// One list for all sizes would be the textbook's form. Cut into ranges it keeps
// small blocks, of which there are most, out of the way of larger requests, and
// large ones from being split while there is something closer.
//
// Invariants, besides those of each list (list.h):
//   list r holds just the free blocks b with range_of(size of b) = r
//   bit r of `nonempty` is set exactly if list r is not empty

#ifndef LOAM_ALLOCATORS_FIRST_FIT_FREE_LIST_H_
#define LOAM_ALLOCATORS_FIRST_FIT_FREE_LIST_H_

#include "common/boundary_tag/list.h"
#include "common/size_class/size_class.h"

// Freed small blocks wait in quick lists of the arena, not in caches of threads.
enum {
  QUICK_BYTES_PER_SEGMENT = 131072,  // 3 % of it
  THREAD_CACHE_BYTES = 0,
};

enum {
  RANGE_STEP_BITS = 2,  // ranges for each power of two: 4
  RANGES = 64,          // the last one holds all that is larger, too
  MISFITS_MAX = 16,
  MISFITS_LAST_MAX = 256,
};

struct free_index {
  uint64_t nonempty;
  struct block *first[RANGES];
};

_Static_assert(RANGES <= 64, "one bit each");

// The class of the least block size is range 0.
enum { RANGE_CLASS_MIN = 5 << RANGE_STEP_BITS };
_Static_assert(BLOCK_BYTES_MIN == 1 << 5, "a class begins there");

static inline unsigned range_of(size_t size) {
  unsigned range = loam_size_class(size, RANGE_STEP_BITS) - RANGE_CLASS_MIN;
  return range < RANGES ? range : RANGES - 1;
}

static inline uint64_t range_bit(unsigned range) { return (uint64_t)1 << range; }

// The ranges above one that are not empty.
static inline uint64_t higher_ranges(const struct free_index *index, unsigned range) {
  return index->nonempty & ~(range_bit(range) - 1) & ~range_bit(range);
}

static inline unsigned lowest_range(uint64_t ranges) { return (unsigned)__builtin_ctzl(ranges); }

// --- Lists -------------------------------------------------------------------

static inline void free_index_insert(struct free_index *index, struct block *block, size_t size) {
  unsigned range = range_of(size);
  list_push(&index->first[range], block);
  index->nonempty |= range_bit(range);
}

static inline void free_index_remove(struct free_index *index, struct block *block, size_t size) {
  unsigned range = range_of(size);
  if (list_remove(&index->first[range], block)) index->nonempty &= ~range_bit(range);
}

// As remove of `from` and insert of `to`; where the range stays the same, `to`
// takes the place of `from` in the list. They may be one block that changes
// its size, or overlap.
static inline void free_index_replace(struct free_index *index, struct block *from,
                                      size_t from_size, struct block *to, size_t to_size) {
  unsigned range = range_of(from_size);
  if (range != range_of(to_size)) {
    free_index_remove(index, from, from_size);
    free_index_insert(index, to, to_size);
  } else if (from != to) {
    list_replace(&index->first[range], from, to);
  }
}

// --- Searching ---------------------------------------------------------------

// The first of at most `misfits_max` + 1 blocks in a list that is large enough.
static inline struct block *search_range(struct block *first, size_t size, int misfits_max,
                                         size_t *found_size) {
  for (struct block *block = first; block != NULL && misfits_max >= 0;
       block = list_next(block), misfits_max--) {
    *found_size = word_size(block_word(block));
    if (*found_size >= size) return block;
  }
  return NULL;
}

// A free block of at least `size` bytes, still in its list, or NULL.
static inline struct block *free_index_find(struct free_index *index, size_t size,
                                            size_t *found_size) {
  unsigned range = range_of(size);
  struct block *block = search_range(index->first[range], size, MISFITS_MAX, found_size);
  if (block != NULL) return block;
  uint64_t higher = higher_ranges(index, range);
  if (higher != 0) {
    block = index->first[lowest_range(higher)];
    *found_size = word_size(block_word(block));
    return block;
  }
  return search_range(index->first[range], size, MISFITS_LAST_MAX, found_size);
}

// Goes through the free blocks that may have `size_min` bytes or more (and, of
// the lowest range, some that have fewer): give NULL for the first, then the
// last one given. NULL at the end.
static inline struct block *free_index_next(const struct free_index *index,
                                            const struct block *last, size_t last_size,
                                            size_t size_min) {
  unsigned range = range_of(last != NULL ? last_size : size_min);
  struct block *next = last != NULL ? list_next(last) : index->first[range];
  if (next != NULL) return next;
  uint64_t higher = higher_ranges(index, range);
  return higher != 0 ? index->first[lowest_range(higher)] : NULL;
}

// True if the block stands in the list of its size, and its neighbours know it.
static inline bool free_index_linked(const struct free_index *index, const struct block *block,
                                     size_t size) {
  return list_is_linked(&index->first[range_of(size)], block, list_prev(block), list_next(block));
}

// The size from which on a walk with free_index_next sees the largest block.
static inline size_t free_index_largest_class(const struct free_index *index) {
  if (index->nonempty == 0) return 0;
  unsigned highest = 63 - (unsigned)__builtin_clzl(index->nonempty);
  return loam_size_class_floor(highest + RANGE_CLASS_MIN, RANGE_STEP_BITS);
}

#endif  // LOAM_ALLOCATORS_FIRST_FIT_FREE_LIST_H_
