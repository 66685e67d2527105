// The bitmaps of the region's slices: of region.c, region_purge.c and runs.c alone. All under the
// lock.

#ifndef LOAM_ALLOCATORS_THREAD_HEAP_SLICES_H_
#define LOAM_ALLOCATORS_THREAD_HEAP_SLICES_H_

#include "allocators/thread_heap/region.h"
#include "common/os/os.h"

enum { WORD_SLICES = 64 };  // of a bitmap's word

// A unit is 2 MiB at a multiple of that: a huge page, of most systems.
#define UNIT_SLICES ((size_t)128)
#define UNIT_WORDS (UNIT_SLICES / WORD_SLICES)

static inline size_t round_up(size_t bytes, size_t to) { return (bytes + to - 1) & ~(to - 1); }

static inline size_t slices_limit(void) {
  return atomic_load_explicit(&th_region.limit, memory_order_relaxed);  // the lock orders
}

static inline size_t bitmap_words(void) { return (slices_limit() + WORD_SLICES - 1) / WORD_SLICES; }

static inline size_t next_word(size_t slice) { return (slice / WORD_SLICES + 1) * WORD_SLICES; }

// The bits of those of [slice, end) that are in the word of the first.
static inline uint64_t slices_mask(size_t slice, size_t end) {
  uint64_t mask = ~(uint64_t)0 << slice % WORD_SLICES;
  return end >= next_word(slice) ? mask : mask & (((uint64_t)1 << end % WORD_SLICES) - 1);
}

static inline bool slice_bit(const uint64_t *bitmap, size_t slice) {
  return (bitmap[slice / WORD_SLICES] >> slice % WORD_SLICES & 1) != 0;
}

static inline void slice_set(uint64_t *bitmap, size_t slice) {
  bitmap[slice / WORD_SLICES] |= (uint64_t)1 << slice % WORD_SLICES;
}

static inline void slice_clear(uint64_t *bitmap, size_t slice) {
  bitmap[slice / WORD_SLICES] &= ~((uint64_t)1 << slice % WORD_SLICES);
}

// Slices that share a page, where pages are larger than they are.
static inline size_t slices_per_page(void) {
  size_t page = loam_os_page_size();
  return page <= TH_SLICE_BYTES ? 1 : page >> TH_SLICE_BITS;
}

#endif  // LOAM_ALLOCATORS_THREAD_HEAP_SLICES_H_
