// Blocks with boundary tags (Knuth, vol. 1, 2.5): every block begins with a
// header, a free one also ends with a footer, so that a freed block finds both
// neighbours in O(1) and merges with those that are free.
//
//     block                        payload (what the program gets)
//     |                            |
//     +----------------------------+----------------------------------+
//     | header: seal | size, flags |  in use: the program's bytes     |  next
//     |    (32 bits) |   (32 bits) |  free:   next, prev, ..., footer |  header...
//     +----------------------------+----------------------------------+
//     8 bytes                      multiple of 16
//
// A block in use has no footer: its last 8 bytes are the program's, and the
// next header's flag PREV_IN_USE says that there is none to read. So a live
// block costs 8 bytes. (In the hardened level it has a canary there: hardened.h.)
//
// Header and footer carry a seal: 32 bits made from their own address, their
// content and a secret of the process. Any change of the low half alone breaks
// it with certainty, one that was copied from elsewhere or written by an
// overflow holds with a chance of 2^-32. The links of a free block carry 16 such
// bits above the 48 of an address, checked before the link is followed.
//
// Invariants, for a block b of `size` bytes:
//   b = 8 modulo 16; size is a multiple of 16, BLOCK_BYTES_MIN <= size
//   next(b) = b + size, and next(b) has PREV_IN_USE exactly if b is IN_USE
//   b free: footer(b) = size, and neither neighbour is free
//
// These headers are a template for allocators over such blocks: a variant
// defines LOAM_VARIANT_NAME and a free index (see arena.h), then includes them
// into its one translation unit. Header words are read and written as relaxed
// atomics (plain moves) because a free that finds the arena busy looks at its
// block's header while the arena's holder may change a flag there.

#ifndef LOAM_COMMON_BOUNDARY_TAG_BLOCK_H_
#define LOAM_COMMON_BOUNDARY_TAG_BLOCK_H_

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/check/report.h"
#include "common/variant/variant.h"

struct block {
  _Atomic(uint64_t) header;
  uint64_t next, prev;  // links, while free; the program's bytes otherwise
};

enum {
  BLOCK_ALIGNMENT = 16,
  BLOCK_HEADER_BYTES = 8,
  BLOCK_FOOTER_BYTES = 8,
  BLOCK_BYTES_MIN = 32,                        // header, two links, footer
  BLOCK_CANARY_BYTES = LOAM_HARDENED ? 8 : 0,  // that a live one ends in (hardened.h)
  BLOCK_OVERHEAD_BYTES = BLOCK_HEADER_BYTES + BLOCK_CANARY_BYTES,

  IN_USE = 1,
  PREV_IN_USE = 2,
  AGED = 4,    // free since before the last look at what to give back
  PURGED = 8,  // free, and its whole pages have been given back (or refused: purge.h)
  QUICK = 4,   // in use to its neighbours, but waiting in a quick list (quick.h)
  SPARSE = 8,  // in use, cut out for a large alignment: it stands alone in its page
  BLOCK_FLAGS = IN_USE | PREV_IN_USE | AGED | PURGED,

  LINK_SEAL_BITS = 16,
};

_Static_assert(sizeof(struct block) + BLOCK_FOOTER_BYTES == BLOCK_BYTES_MIN,
               "a free block of the least size holds its links and its footer");

// Set once, before the first block is made.
static uint64_t tag_secret;

__attribute__((cold, noreturn)) static void block_corrupt(struct block *block, const char *what) {
  loam_fatal(LOAM_VARIANT_NAME, (char *)block + BLOCK_HEADER_BYTES, what);
}

// --- Tags: the words of headers and footers ----------------------------------

// `word` with the seal that it has at this place. Multiplication by an odd
// number is one-to-one, so no other word has the same upper half here.
static inline uint64_t tag_seal(const void *place, uint32_t word) {
  uint64_t mixed = ((uintptr_t)place ^ tag_secret) + ((uint64_t)word << 32);
  return (mixed * 0x9e3779b97f4a7c15u & ~(uint64_t)UINT32_MAX) | word;
}

static inline void tag_write(_Atomic(uint64_t) *place, uint32_t word) {
  atomic_store_explicit(place, tag_seal(place, word), memory_order_relaxed);
}

static inline bool tag_read(_Atomic(uint64_t) *place, uint32_t *word) {
  uint64_t tag = atomic_load_explicit(place, memory_order_relaxed);
  *word = (uint32_t)tag;
  return tag == tag_seal(place, (uint32_t)tag);
}

// --- Links of free lists -----------------------------------------------------

static inline uint64_t link_seal(const uint64_t *place, const struct block *block) {
  uint64_t mixed = ((uintptr_t)place ^ (uintptr_t)block ^ tag_secret) * 0x9e3779b97f4a7c15u;
  return (mixed & ~(UINT64_MAX >> LINK_SEAL_BITS)) | (uintptr_t)block;
}

static inline void link_write(uint64_t *place, const struct block *block) {
  *place = link_seal(place, block);
}

// The block that a link of `holder` leads to, or NULL.
static inline struct block *link_read(const uint64_t *place, struct block *holder) {
  struct block *block = (struct block *)(*place & UINT64_MAX >> LINK_SEAL_BITS);  // NOLINT
  if (__builtin_expect(*place != link_seal(place, block), 0)) {
    block_corrupt(holder, "links of a free block overwritten (a write after free?)");
  }
  return block;
}

// --- Blocks ------------------------------------------------------------------

static inline struct block *block_at(const void *place, ptrdiff_t offset) {
  return (struct block *)((char *)place + offset);
}

static inline void *block_payload(struct block *block) {
  return (char *)block + BLOCK_HEADER_BYTES;
}

static inline struct block *block_of_payload(const void *payload) {
  return block_at(payload, -BLOCK_HEADER_BYTES);
}

// The block size that a request needs. The request is far from overflowing.
static inline size_t block_bytes_for(size_t request) {
  size_t bytes =
      (request + BLOCK_OVERHEAD_BYTES + BLOCK_ALIGNMENT - 1) & ~(size_t)(BLOCK_ALIGNMENT - 1);
  return bytes < BLOCK_BYTES_MIN ? BLOCK_BYTES_MIN : bytes;
}

static inline size_t block_usable(size_t block_bytes) { return block_bytes - BLOCK_OVERHEAD_BYTES; }

static inline size_t word_size(uint32_t word) { return word & ~(uint32_t)BLOCK_FLAGS; }

static inline _Atomic(uint64_t) *block_footer(struct block *block, size_t size) {
  return (_Atomic(uint64_t) *)block_at(block, (ptrdiff_t)size - BLOCK_FOOTER_BYTES);
}

static inline void block_write(struct block *block, size_t size, uint32_t flags) {
  tag_write(&block->header, (uint32_t)size | flags);
}

// A free block's header and footer. Its predecessor is in use, or it would
// have merged.
static inline void block_write_free(struct block *block, size_t size, uint32_t age) {
  block_write(block, size, PREV_IN_USE | age);
  tag_write(block_footer(block, size), (uint32_t)size);
}

// The header's word of a block that must be one.
static inline uint32_t block_word(struct block *block) {
  uint32_t word;
  if (__builtin_expect(!tag_read(&block->header, &word), 0)) {
    block_corrupt(block, "block header overwritten (an overflow of the block before it?)");
  }
  return word;
}

static inline struct block *block_next(struct block *block, size_t size) {
  return block_at(block, (ptrdiff_t)size);
}

// The free block before one whose PREV_IN_USE is not set.
static inline struct block *block_prev_free(struct block *block, size_t *size) {
  uint32_t footer;
  _Atomic(uint64_t) *place = (_Atomic(uint64_t) *)block_at(block, -BLOCK_FOOTER_BYTES);
  if (__builtin_expect(!tag_read(place, &footer), 0)) {
    block_corrupt(block, "footer before the block overwritten (a write after free?)");
  }
  struct block *prev = block_at(block, -(ptrdiff_t)footer);
  uint32_t word = block_word(prev);
  if (__builtin_expect((word & IN_USE) != 0 || word_size(word) != footer, 0)) {
    block_corrupt(block, "footer before the block does not match its header");
  }
  *size = footer;
  return prev;
}

// --- Marks -------------------------------------------------------------------

// A block that was freed, but is in use to its neighbours still, because it waits
// in the cache of a thread or to be taken back by its arena, has a mark in place
// of its second link: by it a second free is known. (Not a flag in its header,
// which only the holder of the arena's lock may write.) What the program writes
// there is the mark by chance once in 2^64 times.

static inline uint64_t block_mark(const struct block *block) {
  return ((uintptr_t)block ^ tag_secret) * 0xd6e8feb86659fd93u;
}

static inline bool block_has_mark(const struct block *block) {
  // Relaxed: another thread may be writing there, if the block is in use after
  // all, and what it writes is not the mark.
  return __builtin_expect(__atomic_load_n(&block->prev, __ATOMIC_RELAXED) == block_mark(block), 0);
}

// Tells the block after a free or used one about it.
static inline void block_set_prev_in_use(struct block *next, bool in_use) {
  uint32_t word = block_word(next) & ~(uint32_t)PREV_IN_USE;
  tag_write(&next->header, in_use ? word | PREV_IN_USE : word);
}

#endif  // LOAM_COMMON_BOUNDARY_TAG_BLOCK_H_
