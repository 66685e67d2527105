// The full walk of an arena that proves the invariants of block.h and arena.h,
// and its statistics: template, see arena.h. All under the arena's lock.

#ifndef LOAM_COMMON_BOUNDARY_TAG_WALK_H_
#define LOAM_COMMON_BOUNDARY_TAG_WALK_H_

#include "common/boundary_tag/arena.h"
#include "common/stats/stats.h"

// What a walk adds up.
struct walk {
  size_t free_bytes, free_blocks;
  size_t used_blocks;
  size_t quick_bytes, quick_blocks;  // of the used ones
};

static bool walk_fault(const void *place, const char *what) {
  loam_complain(LOAM_VARIANT_NAME, place, what);
  return false;
}

// In the hardened level the bytes [from, to) of a free block are zero.
static bool walk_unused(struct block *block, size_t from, size_t to) {
  return !LOAM_HARDENED || block_is_zero_between(block, from, to) ||
         walk_fault(block, "free memory was written to");
}

static bool walk_free_block(struct block *block, size_t size, bool prev_in_use) {
  uint32_t footer;
  if (!prev_in_use) return walk_fault(block, "two free blocks side by side");
  if (!tag_read(block_footer(block, size), &footer)) return walk_fault(block, "broken footer");
  if (footer != size) return walk_fault(block, "footer and header disagree");
  return walk_unused(block, FREE_BLOCK_HEAD_BYTES, size - BLOCK_FOOTER_BYTES);
}

// A block in use ends in a canary, or in zero where it is in nobody's hands. Another thread may be
// changing one for the other.
static bool walk_used_block(struct block *block, size_t size) {
  if (!LOAM_HARDENED) return true;
  _Atomic(uint64_t) *place = block_footer(block, size);
  uint64_t canary = atomic_load_explicit(place, memory_order_relaxed);
  uint32_t word = (uint32_t)canary;
  bool whole =
      canary == tag_seal(place, word) && (word & 1) != 0 && word >> 1 <= block_usable(size);
  return whole || canary == 0 || walk_fault(block_payload(block), "block overflowed");
}

static bool walk_segment(const struct arena *arena, const struct segment *segment,
                         struct walk *walk) {
  if (segment->arena != arena) return walk_fault(segment->base, "segment of another arena");
  struct block *block = block_at(segment->base, SEGMENT_FIRST_BLOCK);
  char *epilogue = segment->base + segment->bytes - SEGMENT_EPILOGUE_BYTES;
  bool prev_in_use = true;
  while ((char *)block < epilogue) {
    uint32_t word;
    if (!tag_read(&block->header, &word)) return walk_fault(block, "broken block header");
    size_t size = word_size(word);
    bool in_use = (word & IN_USE) != 0;
    if (size < BLOCK_BYTES_MIN || size > (size_t)(epilogue - (char *)block)) {
      return walk_fault(block, "block size out of range");
    }
    if (((word & PREV_IN_USE) != 0) != prev_in_use) {
      return walk_fault(block, "wrong about the block before it");
    }
    if (!in_use && !walk_free_block(block, size, prev_in_use)) return false;
    if (in_use && !walk_used_block(block, size)) return false;
    if (in_use && (word & QUICK) != 0) {
      walk->quick_bytes += size;
      walk->quick_blocks++;
    }
    if (in_use) {
      walk->used_blocks++;
    } else {
      walk->free_bytes += size;
      walk->free_blocks++;
    }
    prev_in_use = in_use;
    block = block_next(block, size);
  }
  uint32_t word;
  if (!tag_read(&block->header, &word)) return walk_fault(block, "broken epilogue");
  if (word != (IN_USE | (prev_in_use ? (uint32_t)PREV_IN_USE : 0))) {
    return walk_fault(block, "wrong epilogue");
  }
  return true;
}

// Whether an address lies in a segment of the arena.
static bool is_in_arena(const struct arena *arena, const void *address) {
  if (arena->fixed) return arena_segment_around(arena, address) != NULL;
  const struct segment *segment = segment_of(arena->pool, address);
  return segment != NULL && segment->arena == arena;
}

static bool walk_index(const struct arena *arena) {
  size_t bytes = 0;
  size_t blocks = 0;
  size_t size = 0;
  for (struct block *block = free_index_next(&arena->index, NULL, 0, BLOCK_BYTES_MIN);
       block != NULL; block = free_index_next(&arena->index, block, size, BLOCK_BYTES_MIN)) {
    if (!is_in_arena(arena, block)) return walk_fault(block, "strayed block");
    uint32_t word = block_word(block);
    if ((word & IN_USE) != 0) return walk_fault(block, "block in use on a free list");
    size = word_size(word);
    if (!free_index_linked(&arena->index, block, size)) return walk_fault(block, "broken links");
    bytes += size;
    blocks++;
    if (blocks > arena->free_blocks) break;  // a cycle, or one too many
  }
  if (bytes != arena->free_bytes || blocks != arena->free_blocks) {
    return walk_fault(arena, "free lists do not hold what is free");
  }
  return true;
}

static bool walk_quick(const struct arena *arena, const struct walk *walk) {
  size_t blocks = 0;
  for (size_t i = 0; i < QUICK_LISTS; i++) {
    for (struct block *block = arena->quick.first[i]; block != NULL;
         block = link_read(&block->next, block)) {
      uint32_t word = block_word(block);
      if ((word & (IN_USE | QUICK)) != (IN_USE | QUICK) || word_size(word) != i * BLOCK_ALIGNMENT) {
        return walk_fault(block, "wrong block in a quick list");
      }
      if (!walk_unused(block, offsetof(struct block, prev), word_size(word))) return false;
      if (++blocks > walk->quick_blocks) return walk_fault(block, "quick lists hold too many");
    }
  }
  if (blocks != walk->quick_blocks) return walk_fault(arena, "quick block in no quick list");
  if (walk->quick_bytes != arena->quick.bytes) return walk_fault(arena, "wrong sum of quick bytes");
  if (walk->quick_bytes > quick_bytes_max(arena->segment_count)) {
    return walk_fault(arena, "too much waits in quick lists");
  }
  return true;
}

static bool walk_fresh(const struct arena *arena) {
  if (arena->fresh == arena->fresh_end) return true;
  const struct segment *segment = segment_of(arena->pool, (void *)(arena->fresh_end - 1));
  if (segment == NULL || segment->arena != arena || arena->fresh < (uintptr_t)segment->base) {
    return walk_fault(arena, "fresh memory outside of its segments");
  }
  const char *start = (const char *)arena->fresh;
  const char *end = (const char *)arena->fresh_end - BLOCK_FOOTER_BYTES;
  return loam_is_zero_between(start, end) || walk_fault(start, "fresh memory was written to");
}

// True if every invariant holds; else complains about the first that does not.
static bool arena_check(const struct arena *arena) {
  struct walk walk = {0};
  size_t segments = 0;
  size_t bytes = 0;
  const struct segment *previous = NULL;
  for (const struct segment *segment = arena->segments; segment != NULL; segment = segment->next) {
    if (!arena->fixed && segment_of(arena->pool, segment->base) != segment) {
      return walk_fault(segment->base, "segment not in the page map");
    }
    if (segment->prev != previous) return walk_fault(segment->base, "wrong segment before it");
    if (!walk_segment(arena, segment, &walk)) return false;
    previous = segment;
    segments++;
    bytes += segment->bytes;
  }
  if (segments != arena->segment_count || bytes != arena->segment_bytes) {
    return walk_fault(arena, "wrong count of segments");
  }
  if (walk.free_bytes != arena->free_bytes) return walk_fault(arena, "wrong sum of free bytes");
  if (walk.free_blocks != arena->free_blocks) {
    return walk_fault(arena, "wrong count of free blocks");
  }
  if (walk.used_blocks - walk.quick_blocks != arena->malloc_calls - arena->free_calls) {
    return walk_fault(arena, "wrong count of live blocks");
  }
  return walk_index(arena) && walk_quick(arena, &walk) && walk_fresh(arena);
}

static size_t quick_count(const struct quick_lists *quick) {
  size_t count = 0;
  for (size_t i = 0; i < QUICK_LISTS; i++) {
    for (struct block *block = quick->first[i]; block != NULL;
         block = link_read(&block->next, block)) {
      count++;
    }
  }
  return count;
}

static size_t arena_largest_free(const struct arena *arena) {
  size_t largest = 0;
  size_t size = 0;
  for (size_t i = QUICK_LISTS; i-- > 0 && largest == 0;) {
    if (arena->quick.first[i] != NULL) largest = i * BLOCK_ALIGNMENT;
  }
  size_t from = free_index_largest_class(&arena->index);
  if (from == 0) return largest;
  for (struct block *block = free_index_next(&arena->index, NULL, 0, from); block != NULL;
       block = free_index_next(&arena->index, block, size, from)) {
    size = word_size(block_word(block));
    if (size > largest) largest = size;
  }
  return largest;
}

// Adds the arena's blocks, large ones not included.
static void arena_stats(const struct arena *arena, struct loam_stats *stats) {
  size_t mapped = arena->segment_bytes;
  size_t live = arena->malloc_calls - arena->free_calls;
  size_t metadata =
      arena->segment_count * SEGMENT_OVERHEAD_BYTES + live * (size_t)BLOCK_OVERHEAD_BYTES;
  size_t free_bytes = arena->free_bytes + arena->quick.bytes;
  size_t largest = arena_largest_free(arena);
  size_t free_blocks = arena->free_blocks + quick_count(&arena->quick);
  stats->mapped_bytes += mapped;
  stats->free_bytes += free_bytes;
  stats->metadata_bytes += metadata;
  stats->allocated_bytes += mapped - free_bytes - metadata;
  stats->live_blocks += live;
  stats->free_blocks += free_blocks;
  stats->malloc_calls += arena->malloc_calls;
  stats->free_calls += arena->free_calls;
  if (largest > stats->largest_free_bytes) stats->largest_free_bytes = largest;
}

// Of the hardened level, where just what was asked for is the program's: takes the slack off what
// the arena's blocks, large ones included, were said to have allocated.
static void arena_take_off_slack(struct arena *arena, struct loam_stats *stats) {
#if LOAM_HARDENED
  size_t large = atomic_load_explicit(&arena->large_slack_bytes, memory_order_relaxed);
  size_t slack = atomic_load_explicit(&arena->slack_bytes, memory_order_relaxed) + large;
  stats->allocated_bytes -= slack;
  stats->metadata_bytes += slack;
  stats->large_bytes -= large;
#else
  (void)arena, (void)stats;
#endif
}

#endif  // LOAM_COMMON_BOUNDARY_TAG_WALK_H_
