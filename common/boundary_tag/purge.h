// Giving memory back: template, see arena.h. All under the arena's lock.
//
// A pass goes over the free blocks that are worth a system call. One that it
// meets for the first time is marked AGED, one that is AGED since the pass
// before loses its whole pages (MADV_DONTNEED) and is marked PURGED. Passes are
// at least a delay apart, so memory goes back after one to two delays, and what
// is used again and again stays warm. A segment that is one free block is
// unmapped instead, but for one that the arena keeps.
//
// Pages that the kernel does not take (those that are locked, say) are not offered
// again with each pass: their block passes for one that is PURGED, until it merges
// or a trim asks once more.

#ifndef LOAM_COMMON_BOUNDARY_TAG_PURGE_H_
#define LOAM_COMMON_BOUNDARY_TAG_PURGE_H_

#include "common/boundary_tag/arena.h"

enum {
  PURGE_BYTES_MIN = 16384,  // smaller free blocks stay, but for a trim
  PURGE_BLOCKS_MAX = 1024,  // in one pass: it holds the lock
  PURGE_BLOCKS_SOON_MAX = 32,
};

// The whole pages between a free block's links and its footer.
static size_t whole_pages(struct block *block, size_t size, char **start) {
  size_t page = loam_os_page_size();
  uintptr_t first = ((uintptr_t)block + FREE_BLOCK_HEAD_BYTES + page - 1) & ~(page - 1);
  uintptr_t end = (uintptr_t)block_footer(block, size) & ~(page - 1);
  *start = (char *)first;
  return end > first ? end - first : 0;
}

static bool is_whole_segment(size_t size) { return size == SEGMENT_BLOCK_BYTES_MAX; }

// Unmaps the segment that a free block fills.
static bool arena_drop_segment(struct arena *arena, struct block *block) {
  struct segment *segment = segment_of(arena->pool, block);
  uintptr_t base = (uintptr_t)segment->base;
  struct segment *next = segment->next;
  struct segment *prev = segment->prev;
  free_index_remove(&arena->index, block, SEGMENT_BLOCK_BYTES_MAX);
  if (!loam_segment_destroy(arena->pool, segment)) {
    free_index_insert(&arena->index, block, SEGMENT_BLOCK_BYTES_MAX);
    return false;
  }
  if (next != NULL) next->prev = prev;
  if (prev != NULL) {
    prev->next = next;
  } else {
    arena->segments = next;
  }
  arena->segment_count--;
  arena->segment_bytes -= SEGMENT_BYTES;
  arena->free_blocks--;
  arena->free_bytes -= SEGMENT_BLOCK_BYTES_MAX;
  if (arena->fresh - base < SEGMENT_BYTES) arena->fresh = arena->fresh_end = 0;
  return true;
}

// Gives a free block's pages back; true if there were any that went.
static bool arena_purge_block(struct arena *arena, struct block *block, size_t size) {
  char *start;
  size_t bytes = whole_pages(block, size, &start);
  bool gone = bytes != 0 && loam_os_decommit(start, bytes);
  arena->refused |= bytes != 0 && !gone;
  block_write(block, size, (block_word(block) & BLOCK_FLAGS) | PURGED);
  return gone;
}

// One pass; true when it stopped at its limit.
static bool arena_purge_pass(struct arena *arena) {
  int left = PURGE_BLOCKS_MAX;
  bool can_drop = true;  // the kernel that keeps one segment keeps them all
  size_t size = 0;
  struct block *block = free_index_next(&arena->index, NULL, 0, PURGE_BYTES_MIN);
  while (block != NULL && left > 0) {
    uint32_t word = block_word(block);
    size = word_size(word);
    struct block *next = free_index_next(&arena->index, block, size, PURGE_BYTES_MIN);
    if ((word & AGED) == 0) {
      block_write(block, size, (word & BLOCK_FLAGS) | AGED);
    } else if (is_whole_segment(size) && arena->segment_count > 1 && can_drop) {
      can_drop = arena_drop_segment(arena, block);
      left--;
    } else if ((word & PURGED) == 0) {
      arena_purge_block(arena, block, size);
      left--;
    }
    block = next;
  }
  return left == 0;
}

// Gives back about `bytes` of larger free blocks at once: for when as many come
// new from the kernel for something that these could not serve.
static void arena_purge_bytes(struct arena *arena, size_t bytes) {
  int left = PURGE_BLOCKS_SOON_MAX;
  size_t done = 0;
  size_t size = 0;
  size_t size_min = bytes / PURGE_BLOCKS_SOON_MAX;
  if (size_min < PURGE_BYTES_MIN) size_min = PURGE_BYTES_MIN;
  struct block *block = free_index_next(&arena->index, NULL, 0, size_min);
  for (; block != NULL && left > 0 && done < bytes; left--) {
    uint32_t word = block_word(block);
    size = word_size(word);
    if ((word & PURGED) == 0 && arena_purge_block(arena, block, size)) done += size;
    block = free_index_next(&arena->index, block, size, size_min);
  }
}

static void arena_purge(struct arena *arena, uint64_t now_ms, size_t delay_ms) {
  if (now_ms < arena->purge_ms || arena->fixed) return;
  arena_flush_quick(arena);
  bool more = arena_purge_pass(arena);
  arena->purge_ms = now_ms + (more ? 1 : delay_ms);
}

// Gives back what can be, at once, but about *keep bytes, which falls by what was kept; true if
// there was anything.
static bool arena_trim(struct arena *arena, size_t *keep) {
  if (arena->fixed) return false;
  bool any = false;
  bool asks_again = arena->refused;
  arena->refused = false;
  size_t size = 0;
  size_t page = loam_os_page_size();
  arena_take_all_deferred(arena);
  arena_flush_quick(arena);
  struct block *block = free_index_next(&arena->index, NULL, 0, page);
  while (block != NULL) {
    uint32_t word = block_word(block);
    size = word_size(word);
    bool has_memory = (word & PURGED) == 0 || asks_again;
    struct block *next = free_index_next(&arena->index, block, size, page);
    if (has_memory && *keep > 0) {
      *keep -= size < *keep ? size : *keep;
    } else if (is_whole_segment(size)) {
      any |= arena_drop_segment(arena, block);
    } else if (has_memory) {
      any |= arena_purge_block(arena, block, size);
    }
    block = next;
  }
  return any;
}

#endif  // LOAM_COMMON_BOUNDARY_TAG_PURGE_H_
