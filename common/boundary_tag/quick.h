// Quick lists: small blocks that were just freed wait here, one LIFO list for
// each exact size, for a request of that size, and are neither merged nor split
// on the way (Weinstock and Wulf, "Quick Fit", 1988). Most small blocks that a
// program frees it soon asks for again.
//
// A block here is IN_USE to its neighbours, so nothing merges with it, and has
// the flag QUICK, by which a second free is known. How much may wait is bounded:
// a block over the bound is merged at once, so a free stays O(1). The lists are
// emptied, and their blocks merged, before an arena grows and with every purge.
//
// Template, see arena.h. Under the arena's lock. A variant whose
// QUICK_BYTES_PER_SEGMENT is 0 has none.
//
// Invariants:
//   list i holds just the blocks of 16 * i bytes that have the flag QUICK
//   bytes = the sum of their sizes
//   bytes <= quick_bytes_max(segments of the arena)

#ifndef LOAM_COMMON_BOUNDARY_TAG_QUICK_H_
#define LOAM_COMMON_BOUNDARY_TAG_QUICK_H_

#include "common/boundary_tag/block.h"

enum {
  QUICK_BLOCK_BYTES_MAX = 512,
  QUICK_LISTS = QUICK_BLOCK_BYTES_MAX / BLOCK_ALIGNMENT + 1,
};

struct quick_lists {
  size_t bytes;
  struct block *first[QUICK_LISTS];
};

static inline size_t quick_bytes_max(size_t segments) {
  return segments * (size_t)QUICK_BYTES_PER_SEGMENT;
}

static inline bool is_quick_size(size_t size) {
  return QUICK_BYTES_PER_SEGMENT != 0 && size <= QUICK_BLOCK_BYTES_MAX;
}

static inline void quick_push(struct quick_lists *quick, struct block *block, uint32_t word) {
  size_t size = word_size(word);
  tag_write(&block->header, word | QUICK);
  link_write(&block->next, quick->first[size / BLOCK_ALIGNMENT]);
  quick->first[size / BLOCK_ALIGNMENT] = block;
  quick->bytes += size;
}

// A block of just `size` bytes, a quick size, in use from now on; or NULL.
static inline struct block *quick_pop(struct quick_lists *quick, size_t size) {
  struct block *block = quick->first[size / BLOCK_ALIGNMENT];
  if (block == NULL) return NULL;
  uint32_t word = block_word(block);
  quick->first[size / BLOCK_ALIGNMENT] = link_read(&block->next, block);
  if (LOAM_HARDENED) block->next = 0;
  tag_write(&block->header, word & ~(uint32_t)QUICK);
  quick->bytes -= size;
  return block;
}

#endif  // LOAM_COMMON_BOUNDARY_TAG_QUICK_H_
