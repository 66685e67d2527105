// A slab: a slice or four (a wide slab) cut into blocks of one class, or slices that are one
// block.
// What is known of it stands in a record apart (region.h).
//
// A block is in the program's hands, in a thread's cache, or free in its slab;
// only the last is known here. Blocks that were never handed out are free like
// others: the lowest are taken first, so that pages stay untouched.
//
// Invariants, under the lock of the arena:
//   free_count = the bits set in free[]; no bit at or over `capacity` is set
//   capacity - free_count = blocks in the program's hands + in threads' caches
//   the slab is in its bin's list just when 0 < free_count < capacity
//   a page whose bit in `purged` is set holds no byte of a block that is not free
//   map[slice] is the class or 0; 0 where not `cached`, but that a slab which just came to drain
//   may have it again, by a free that was on its way
//   `back` of slice i of a wide slab is i; of every other slice it is 0
//
// A purge takes the marks of free blocks (cache.h) with their pages: the first free in
// the slab after it takes the slow path and looks at the bitmap.

#ifndef LOAM_ALLOCATORS_THREAD_HEAP_SLAB_H_
#define LOAM_ALLOCATORS_THREAD_HEAP_SLAB_H_

#include "allocators/thread_heap/region.h"

struct th_arena;

enum {
  TH_SLAB_BLOCKS_MAX = 1 << (TH_SLICE_BITS - 4),
  TH_SLAB_WORDS_MAX = TH_SLAB_BLOCKS_MAX / 64,
};

struct th_slab {
  struct th_slab *next, *prev;          // in its bin's list
  struct th_slab *all_next, *all_prev;  // in its arena's list of all
  struct th_arena *arena;               // NULL: not a slab's first slice
  uint32_t block_bytes;
  uint32_t reciprocal;  // th_class_reciprocal; 0 for a span
  uint16_t capacity;    // blocks
  uint16_t free_count;
  uint8_t class;
  bool touched;  // since the last pass of the decay
  // Its blocks may wait in threads' caches. Changed under the lock; relaxed: who reads it without
  // chooses a way for a free, and both are right.
  _Atomic(bool) cached;
  uint8_t back;       // so many slices before this is the first of the slab
  uint16_t purged;    // a bit for each page that was given back
  uint16_t low_word;  // no block is free in a word of free[] before this
  uint16_t slices;
  bool is_huge;                               // a span that huge pages were asked for
  _Atomic(bool) sampled;                      // one of its blocks may be known to the heap profile
  _Atomic(uint64_t) free[TH_SLAB_WORDS_MAX];  // a bit for each block
};

_Static_assert(sizeof(struct th_slab) == 64 + TH_SLAB_WORDS_MAX * 8, "a record is 3 cache lines");

static inline char *th_slab_start(const struct th_slab *slab) {
  return th_region.base + ((size_t)(slab - th_region.records) << TH_SLICE_BITS);
}

// The record of the slab that a slice is in, if it is in one.
static inline struct th_slab *th_slab_of_slice(size_t slice) {
  struct th_slab *record = &th_region.records[slice];
  return record - record->back;
}

// The slab around an address, or NULL where there is none, as behind the first
// slice of a span, where no block begins. The answer stands as long as the address
// is that of a block which is not free.
static inline struct th_slab *th_slab_around(const void *address) {
  size_t slice = th_slice_of(address);
  if (!th_slice_is_known(slice)) return NULL;
  struct th_slab *slab = th_slab_of_slice(slice);
  return slab->arena == NULL ? NULL : slab;
}

// The number of the block that begins at an address, or -1.
static inline int th_block_number(const struct th_slab *slab, const void *address) {
  size_t offset = (size_t)((const char *)address - th_slab_start(slab));
  if (slab->reciprocal == 0) return offset == 0 ? 0 : -1;
  uint64_t product = (uint64_t)offset * slab->reciprocal;
  if ((uint32_t)product >= slab->reciprocal) return -1;
  unsigned number = (unsigned)(product >> 32);
  return number < slab->capacity ? (int)number : -1;
}

// A word of the bitmap. Changed under the lock; relaxed: without it, a thread asks only for
// the bit of a block that is in its own hands, which nobody else changes.
static inline uint64_t th_slab_word(const struct th_slab *slab, unsigned word) {
  return atomic_load_explicit(&slab->free[word], memory_order_relaxed);
}

static inline void th_slab_set_word(struct th_slab *slab, unsigned word, uint64_t bits) {
  atomic_store_explicit(&slab->free[word], bits, memory_order_relaxed);
}

static inline bool th_block_is_free(const struct th_slab *slab, unsigned number) {
  return (th_slab_word(slab, number / 64) >> (number % 64) & 1) != 0;
}

// Makes slices that were taken a slab of the class, all free. `cached`: its blocks may
// wait in threads' caches.
void th_slab_init(struct th_slab *slab, struct th_arena *arena, unsigned class, bool cached);

// Blocks in the program's hands or in threads' caches.
static inline size_t th_slab_blocks_out(const struct th_slab *slab) {
  return (size_t)(slab->capacity - slab->free_count);
}

static inline bool th_slab_is_cached(const struct th_slab *slab) {
  return atomic_load_explicit(&slab->cached, memory_order_relaxed);
}

// Says that its blocks may wait in caches from now on (the next free sees to the page map); or
// that they shall not: those that do may go on.
void th_slab_set_cached(struct th_slab *slab, bool cached);

// None of its pages has memory, as after a purge of all.
void th_slab_mark_fresh(struct th_slab *slab);

// Makes slices that were taken a span, in the program's hands.
void th_span_init(struct th_slab *slab, struct th_arena *arena, unsigned slices);

// Undoes that; all blocks are free, or nobody's concern any more.
void th_slab_forget(struct th_slab *slab);

// Takes up to `count` free blocks, the lowest first, into out[-1], out[-2], ...; how
// many there were.
unsigned th_slab_take(struct th_slab *slab, unsigned count, void **out);

// The same for all blocks of a line of the processor's caches, where such a line is free as a
// whole: two threads that write to their blocks then do not share it. 0 where none is, or where a
// line has no two blocks of the class.
unsigned th_slab_take_line(struct th_slab *slab, void **out);

// Makes blocks free that are not: the first of `blocks`, up to one that lies elsewhere, is no
// block or is free already; how many.
size_t th_slab_put(struct th_slab *slab, void *const *blocks, size_t count);

// Gives back the pages that hold only free blocks, where so many of them lie side by side; how many
// bytes went.
size_t th_slab_purge(struct th_slab *slab, size_t pages_min);

// Proves the first and the fourth of the invariants.
bool th_slab_check(const struct th_slab *slab);

#endif  // LOAM_ALLOCATORS_THREAD_HEAP_SLAB_H_
