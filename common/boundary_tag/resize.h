// Changing a block in place, and cutting aligned ones: template, see arena.h.
// All under the arena's lock.

#ifndef LOAM_COMMON_BOUNDARY_TAG_RESIZE_H_
#define LOAM_COMMON_BOUNDARY_TAG_RESIZE_H_

#include "common/boundary_tag/arena.h"

// Cuts a block in use down to `size` bytes if what is left can be a block.
static void arena_cut(struct arena *arena, struct block *block, size_t size) {
  uint32_t word = block_word(block);
  size_t rest_size = word_size(word) - size;
  if (rest_size < BLOCK_BYTES_MIN) return;
  block_write(block, size, word & BLOCK_FLAGS);
  arena_coalesce(arena, block_next(block, size), rest_size, true);
}

// Takes from a free block behind it what a block in use needs to have `size`
// bytes. False when there is none or not enough.
static bool arena_extend(struct arena *arena, struct block *block, size_t size) {
  uint32_t word = block_word(block);
  size_t old_size = word_size(word);
  struct block *next = block_next(block, old_size);
  uint32_t next_word = block_word(next);
  if ((next_word & IN_USE) != 0 || old_size + word_size(next_word) < size) return false;
  size_t more = size - old_size < BLOCK_BYTES_MIN ? BLOCK_BYTES_MIN : size - old_size;
  if (more > word_size(next_word)) more = word_size(next_word);
  more = arena_carve(arena, next, word_size(next_word), more);
  if (LOAM_HARDENED) block_expect_zero(next, more);
  // What was its header is the program's now, and must not pass for one.
  atomic_store_explicit(&next->header, 0, memory_order_relaxed);
  block_write(block, old_size + more, word & BLOCK_FLAGS);
  return true;
}

// Gives a block in use `size` bytes without moving it; false if it cannot.
static bool arena_resize(struct arena *arena, struct block *block, size_t size) {
  size_t old_size = word_size(live_block_word(block));
  if (size > old_size && !arena_extend(arena, block, size)) return false;
  arena_cut(arena, block, size);
  return true;
}

// From this alignment on a small block has little beside it, so that a cache of
// such blocks would hold on to many pages.
enum { SPARSE_ALIGNMENT = 256 };

// A block whose payload is at a multiple of `alignment`, more than 16.
static struct block *arena_aligned_malloc(struct arena *arena, size_t size, size_t alignment) {
  // Room for the gap before it, which must be able to be a block itself.
  struct block *block = arena_malloc(arena, size + alignment + BLOCK_BYTES_MIN);
  if (block == NULL) return NULL;
  uint32_t word = block_word(block);
  uintptr_t payload = (uintptr_t)block_payload(block);
  if ((payload & (alignment - 1)) != 0) {
    uintptr_t aligned = (payload + BLOCK_BYTES_MIN + alignment - 1) & ~(alignment - 1);
    size_t gap = aligned - payload;
    struct block *inner = block_next(block, gap);
    block_write(inner, word_size(word) - gap, IN_USE | PREV_IN_USE);
    arena_coalesce(arena, block, gap, (word & PREV_IN_USE) != 0);
    block = inner;
  }
  arena_cut(arena, block, size);
  if (alignment >= SPARSE_ALIGNMENT) {
    word = block_word(block);
    block_write(block, word_size(word), (word & BLOCK_FLAGS) | SPARSE);
  }
  return block;
}

#endif  // LOAM_COMMON_BOUNDARY_TAG_RESIZE_H_
