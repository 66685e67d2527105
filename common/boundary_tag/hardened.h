// What the hardened level (LOAM_HARDENED, common/variant) adds to blocks: a live one ends in a
// canary, and memory that is free is zero. Template, see arena.h. At the other levels nothing here
// is called.
//
//     payload               + request                     end of the block
//     | the program's bytes | filler, 0 or more bytes | canary: 8 bytes |
//
// The canary is a tag (block.h) that stands where a free block has its footer, and says how many
// bytes of filler lie before it: so a free knows what was asked for, to the byte, and that nobody
// wrote behind it. (A footer is even, a canary odd.) Its first byte is not zero, nor is a filler's:
// a string's terminator that does not fit is seen. Its second byte is: a string that has none ends
// there.
//
// Invariants, for a block of `size` bytes, with its payload = the bytes between its header and the
// next one's:
//   in the program's hands, `request` bytes asked for:
//     canary = tag(2 * (block_usable(size) - request) + 1)
//     each byte from payload + request to the canary = FILLER
//   in nobody's hands and in no list: the payload is zero
//   in a list: the payload is zero but for what the list keeps there: a link (quick lists), a link
//     and a mark (caches, deferred frees), two links and the footer (the index)
// So the last 8 bytes of a block in use are a canary, or zero where it waits in a list or is on
// its way.
//
// A large block ends likewise: see struct large_tail.

#ifndef LOAM_COMMON_BOUNDARY_TAG_HARDENED_H_
#define LOAM_COMMON_BOUNDARY_TAG_HARDENED_H_

#include <string.h>

#include "common/boundary_tag/block.h"
#include "common/large/large.h"
#include "common/zero/zero.h"

enum {
  CLEARED_WHOLE_MAX = 4096,  // larger ones are cleared page by page
  CLEARED_PAGE_BYTES = 4096,
  CLEARED_FIRST_LOOK = 64,
};

#define FILLER 0xfbfbfbfbfbfbfbfbu  // no byte of it is text

__attribute__((cold, noreturn)) static void fail_overflow(const void *payload) {
  loam_fatal(LOAM_VARIANT_NAME, payload, "the bytes behind the block were overwritten");
}

// --- Filler ------------------------------------------------------------------

// Both: of the bytes [from, to) of a payload; `to` is a multiple of 8.

typedef uint64_t __attribute__((may_alias)) filler_word;

static inline void filler_write(char *payload, size_t from, size_t to) {
  size_t at = from & ~(size_t)7;
  if (at >= to) return;
  unsigned kept_bits = from % 8 * 8;
  filler_word *word = (filler_word *)(payload + at);
  *word = (*word & ~(UINT64_MAX << kept_bits)) | FILLER << kept_bits;
  for (at += 8; at < to; at += 8) *(filler_word *)(payload + at) = FILLER;
}

static inline bool filler_is_whole(const char *payload, size_t from, size_t to) {
  size_t at = from & ~(size_t)7;
  if (at >= to) return true;
  uint64_t changed = (*(const filler_word *)(payload + at) ^ FILLER) >> from % 8 * 8;
  for (at += 8; at < to; at += 8) changed |= *(const filler_word *)(payload + at) ^ FILLER;
  return changed == 0;
}

// --- Canaries ----------------------------------------------------------------

static inline void canary_write(struct block *block, size_t size, size_t request) {
  size_t room = block_usable(size);
  filler_write(block_payload(block), request, room);
  tag_write(block_footer(block, size), (uint32_t)(room - request) << 1 | 1);
}

__attribute__((cold, noreturn)) static void fail_canary(struct block *block, size_t size) {
  if (atomic_load_explicit(block_footer(block, size), memory_order_relaxed) != 0) {
    fail_overflow(block_payload(block));
  }
  loam_fatal(LOAM_VARIANT_NAME, block_payload(block),
             "not a live block (double free, or use after free)");
}

// What was asked for of a block that must be live and not overflowed.
static inline size_t canary_request(struct block *block, size_t size) {
  size_t room = block_usable(size);
  uint32_t word;
  bool sealed = tag_read(block_footer(block, size), &word);
  size_t filled = word >> 1;
  bool whole = sealed && (word & 1) != 0 && filled <= room &&
               filler_is_whole(block_payload(block), room - filled, room);
  if (__builtin_expect(!whole, 0)) fail_canary(block, size);
  return room - filled;
}

// --- Zero --------------------------------------------------------------------

// Pages that are zero are not written to: they may have no memory.
__attribute__((noinline)) static void clear_pages(char *start, size_t bytes) {
  const char *end = start + bytes;
  while (start < end) {
    size_t part = CLEARED_PAGE_BYTES - (uintptr_t)start % CLEARED_PAGE_BYTES;
    if (part > (size_t)(end - start)) part = (size_t)(end - start);
    // The first look ends it for most pages that were in use.
    size_t first = part < CLEARED_FIRST_LOOK ? part : CLEARED_FIRST_LOOK;
    if (!loam_is_zero(start, first) || !loam_is_zero(start, part)) loam_clear(start, part);
    start += part;
  }
}

// As loam_clear.
static inline void clear_bytes(char *start, size_t bytes) {
  if (bytes <= CLEARED_WHOLE_MAX) {
    loam_clear(start, bytes);
  } else {
    clear_pages(start, bytes);
  }
}

// What stands in the last 8 bytes, footer or canary.
static inline void block_clear_footer(struct block *block, size_t size) {
  atomic_store_explicit(block_footer(block, size), 0, memory_order_relaxed);
}

// All of the payload behind its first `kept` bytes becomes zero, canary included.
static inline void block_truncate(struct block *block, size_t size, size_t kept) {
  char *payload = block_payload(block);
  size_t room = block_usable(size);
  size_t from = (kept + BLOCK_ALIGNMENT - 1) & ~(size_t)(BLOCK_ALIGNMENT - 1);
  if (from != kept) memset(payload + kept, 0, from - kept);
  if (from < room) clear_bytes(payload + from, room - from);
  block_clear_footer(block, size);
}

// Of the bytes [from, to) of a block.
static inline bool block_is_zero_between(const struct block *block, size_t from, size_t to) {
  return loam_is_zero_between((const char *)block + from, (const char *)block + to);
}

static inline bool block_is_zero(struct block *block, size_t size) {
  return loam_is_zero(block_payload(block), block_usable(size)) &&
         atomic_load_explicit(block_footer(block, size), memory_order_relaxed) == 0;
}

__attribute__((cold, noreturn)) static void fail_not_zero(struct block *block, size_t size) {
  const char *at = block_payload(block);
  const char *end = (const char *)block + size;
  while (at < end - 1 && *at == 0) at++;
  loam_fatal(LOAM_VARIANT_NAME, at, "memory that is free was written to (use after free?)");
}

static inline void block_expect_zero(struct block *block, size_t size) {
  if (__builtin_expect(!block_is_zero(block, size), 0)) fail_not_zero(block, size);
}

// The footer of a free block, which is about to be overwritten.
static inline void block_expect_footer(struct block *block, size_t size) {
  uint32_t footer;
  if (__builtin_expect(!tag_read(block_footer(block, size), &footer) || footer != size, 0)) {
    block_corrupt(block, "footer of a free block overwritten (a write after free?)");
  }
}

// A free block's links, which no list needs any more.
static inline void block_clear_links(struct block *block) { block->next = block->prev = 0; }

// A block that is in no list becomes the program's.
static inline size_t block_open(struct block *block, size_t request) {
  size_t size = word_size(block_word(block));
  block_expect_zero(block, size);
  canary_write(block, size, request);
  return size;
}

// --- Large blocks ------------------------------------------------------------

// The last bytes of a large block's mapping. Before them, from the end of the request up to the
// next page or to here, lies filler, at least one byte.
struct large_tail {
  uint64_t request;
  uint64_t seal;
};

enum { LARGE_TAIL_BYTES = LOAM_HARDENED ? (int)sizeof(struct large_tail) + 1 : 0 };

static inline uint64_t large_seal(const struct large_tail *tail, uint64_t request) {
  uint64_t mixed =
      ((uintptr_t)tail ^ tag_secret ^ request * 0x9e3779b97f4a7c15u) * 0xd6e8feb86659fd93u;
  return mixed ^ mixed >> 32;
}

static inline size_t large_filled_end(size_t mapped, size_t request) {
  size_t page_end = (request | (CLEARED_PAGE_BYTES - 1)) + 1;
  size_t tail = mapped - sizeof(struct large_tail);
  return page_end < tail ? page_end : tail;
}

static inline struct large_tail *large_tail_of(char *address, size_t mapped) {
  return (struct large_tail *)(void *)(address + mapped) - 1;
}

static void large_close(char *address, size_t mapped, size_t request) {
  struct large_tail *tail = large_tail_of(address, mapped);
  filler_write(address, request, large_filled_end(mapped, request));
  *tail = (struct large_tail){.request = request, .seal = large_seal(tail, request)};
}

// What was asked for of a block that must not be overflowed.
static size_t large_request(const struct loam_large_block *large) {
  const struct large_tail *tail = large_tail_of(large->address, large->bytes);
  size_t request = tail->request;
  bool whole = tail->seal == large_seal(tail, request) &&
               request <= large->bytes - LARGE_TAIL_BYTES &&
               filler_is_whole(large->address, request, large_filled_end(large->bytes, request));
  if (!whole) fail_overflow(large->address);
  return request;
}

// What large_close wrote becomes zero.
static void large_reopen(const struct loam_large_block *large, size_t request) {
  size_t filled_end = large_filled_end(large->bytes, request);
  memset(large->address + request, 0, filled_end - request);
  *large_tail_of(large->address, large->bytes) = (struct large_tail){0};
}

#endif  // LOAM_COMMON_BOUNDARY_TAG_HARDENED_H_
