// The free index of segregated_fit: segregated lists under two levels of
// bitmaps, after TLSF (Masmano, Ripoll, Crespo, Real, "TLSF: a New Dynamic
// Memory Allocator for Real-Time Systems", 2004).
//
// Sizes are counted in units of 16 bytes. The first level divides them by power
// of two, the second divides each power of two into 32 equal steps; up to 1 KiB
// that makes one list for each exact size. A request is rounded up to the next
// step, so that every block of the list found is large enough ("good fit") and
// none is searched: two "find first set" lead to the list, and its first block
// is taken. Nothing here loops, so nothing depends on what the heap holds.
//
//     size in units     0..31    32..63   64..127  128..255 ...  to 2^28
//     first level         0        1         2        3     ...    23
//     step in units       1        1         2        4     ...
//
// A bitmap only says where blocks may be: the lists are the truth.
//
// Invariants, besides those of each list (list.h):
//   list c holds just the free blocks b with class_of(size of b) = c
//   bit s of second[f] is set exactly if list 32 f + s is not empty
//   bit f of first_level is set exactly if second[f] is not 0

#ifndef LOAM_ALLOCATORS_SEGREGATED_FIT_FREE_INDEX_H_
#define LOAM_ALLOCATORS_SEGREGATED_FIT_FREE_INDEX_H_

#include "common/boundary_tag/list.h"
#include "common/size_class/size_class.h"

// Freed small blocks wait in caches of threads; in an arena they merge at once.
enum {
  QUICK_BYTES_PER_SEGMENT = 0,
  THREAD_CACHE_BYTES = 1048576,
};

enum {
  SECOND_BITS = 5,
  SECOND_LISTS = 1 << SECOND_BITS,
  FIRST_LEVELS = 24,
  CLASSES = FIRST_LEVELS * SECOND_LISTS,
};

struct free_index {
  uint32_t first_level;
  uint32_t second[FIRST_LEVELS];
  struct block *first[CLASSES];
};

_Static_assert(BLOCK_ALIGNMENT == 1 << 4, "sizes come in such units");

// The class of sizes of `units` * 16 bytes.
static inline unsigned class_of_units(size_t units) {
  // From 32 units on these are size classes; those below 32 units have 5 bits, so
  // that the first 64 classes are the units themselves.
  if (units < SECOND_LISTS) return (unsigned)units;
  return loam_size_class(units, SECOND_BITS) - (SECOND_BITS - 1) * SECOND_LISTS;
}

static inline unsigned class_of(size_t size) { return class_of_units(size / BLOCK_ALIGNMENT); }

// The least size in a class.
static inline size_t class_floor(unsigned size_class) {
  if (size_class < SECOND_LISTS) return (size_t)size_class * BLOCK_ALIGNMENT;
  size_class += (SECOND_BITS - 1) * SECOND_LISTS;
  return loam_size_class_floor(size_class, SECOND_BITS) * BLOCK_ALIGNMENT;
}

// The lowest class in which every block has at least `size` bytes.
static inline unsigned class_for_request(size_t size) {
  size_t units = size / BLOCK_ALIGNMENT;
  if (units < SECOND_LISTS) return (unsigned)units;
  size_t step = (size_t)1 << ((unsigned)(sizeof(long) * 8 - 1) - SECOND_BITS -
                              (unsigned)__builtin_clzl(units));
  return class_of_units(units + step - 1);
}

// --- Bitmaps -----------------------------------------------------------------

static inline void mark_nonempty(struct free_index *index, unsigned size_class) {
  unsigned level = size_class >> SECOND_BITS;
  index->first_level |= 1u << level;
  index->second[level] |= 1u << (size_class & (SECOND_LISTS - 1));
}

static inline void mark_empty(struct free_index *index, unsigned size_class) {
  unsigned level = size_class >> SECOND_BITS;
  index->second[level] &= ~(1u << (size_class & (SECOND_LISTS - 1)));
  if (index->second[level] == 0) index->first_level &= ~(1u << level);
}

// The lowest class from `size_class` on whose list is not empty, or CLASSES.
static inline unsigned lowest_nonempty(const struct free_index *index, unsigned size_class) {
  unsigned level = size_class >> SECOND_BITS;
  if (level >= FIRST_LEVELS) return CLASSES;
  uint32_t second = index->second[level] & ~0u << (size_class & (SECOND_LISTS - 1));
  if (second == 0) {
    uint32_t levels = index->first_level & ~0u << level & ~(1u << level);
    if (levels == 0) return CLASSES;
    level = (unsigned)__builtin_ctz(levels);
    second = index->second[level];
  }
  return (level << SECOND_BITS) + (unsigned)__builtin_ctz(second);
}

// --- Lists -------------------------------------------------------------------

static inline void free_index_insert(struct free_index *index, struct block *block, size_t size) {
  unsigned size_class = class_of(size);
  list_push(&index->first[size_class], block);
  mark_nonempty(index, size_class);
}

static inline void free_index_remove(struct free_index *index, struct block *block, size_t size) {
  unsigned size_class = class_of(size);
  if (list_remove(&index->first[size_class], block)) mark_empty(index, size_class);
}

// As remove of `from` and insert of `to`; where the class stays the same, `to`
// takes the place of `from`. They may be one block that changes its size, or
// overlap.
static inline void free_index_replace(struct free_index *index, struct block *from,
                                      size_t from_size, struct block *to, size_t to_size) {
  unsigned size_class = class_of(from_size);
  if (size_class != class_of(to_size)) {
    free_index_remove(index, from, from_size);
    free_index_insert(index, to, to_size);
  } else if (from != to) {
    list_replace(&index->first[size_class], from, to);
  }
}

// --- Finding -----------------------------------------------------------------

// A free block of at least `size` bytes, still in its list, or NULL.
static inline struct block *free_index_find(struct free_index *index, size_t size,
                                            size_t *found_size) {
  unsigned size_class = lowest_nonempty(index, class_for_request(size));
  // Where rounding up finds nothing, the first block that shares the request's
  // class may do: one look, for a heap that is nearly full.
  struct block *block = index->first[size_class < CLASSES ? size_class : class_of(size)];
  if (block == NULL) return NULL;
  *found_size = word_size(block_word(block));
  return *found_size >= size ? block : NULL;
}

// Goes through the free blocks that may have `size_min` bytes or more (and, of
// the lowest class, some that have fewer): give NULL for the first, then the
// last one given. NULL at the end.
static inline struct block *free_index_next(const struct free_index *index,
                                            const struct block *last, size_t last_size,
                                            size_t size_min) {
  unsigned size_class = class_of(last != NULL ? last_size : size_min);
  if (last != NULL) {
    struct block *next = list_next(last);
    if (next != NULL) return next;
    size_class++;
  }
  size_class = lowest_nonempty(index, size_class);
  return size_class < CLASSES ? index->first[size_class] : NULL;
}

// True if the block stands in the list of its size, and its neighbours know it.
static inline bool free_index_linked(const struct free_index *index, const struct block *block,
                                     size_t size) {
  return list_is_linked(&index->first[class_of(size)], block, list_prev(block), list_next(block));
}

// The size from which on a walk with free_index_next sees the largest block.
static inline size_t free_index_largest_class(const struct free_index *index) {
  if (index->first_level == 0) return 0;
  unsigned level = 31 - (unsigned)__builtin_clz(index->first_level);
  unsigned second = 31 - (unsigned)__builtin_clz(index->second[level]);
  return class_floor((level << SECOND_BITS) + second);
}

#endif  // LOAM_ALLOCATORS_SEGREGATED_FIT_FREE_INDEX_H_
