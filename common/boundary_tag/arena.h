// An arena: segments cut into blocks, the index of those that are free, and a
// lock. Template (see block.h); the variant's free index gives, over a
// struct free_index that is empty when all zero:
//
//   free_index_insert(index, block, size)
//   free_index_remove(index, block, size)
//   free_index_replace(index, from, from_size, to, to_size)
//   free_index_find(index, size, &found_size)       still in the index; or NULL
//   free_index_next(index, last, last_size, size_min)      to walk over it
//   free_index_linked(index, block, size)           whether it stands there
//   free_index_largest_class(index)
//
// and two constants: QUICK_BYTES_PER_SEGMENT (quick.h), THREAD_CACHE_BYTES
// (thread_cache.h).
//
// A free that finds the lock taken does not wait: it pushes its block on the
// list `deferred`. Whoever next takes the lock takes the list, and frees a few of
// it with each call: the rest waits in `late`.
//
// Invariants, while the lock is free:
//   free_bytes, free_blocks = the sum of sizes and the number of free blocks
//     = the blocks in the index
//   blocks fill each segment from SEGMENT_FIRST_BLOCK to its epilogue
//   segment_count, segment_bytes = the number of segments and the sum of theirs
//   malloc_calls - free_calls = blocks in use but those in quick lists (and
//     with those in `deferred`, in `late`, and in caches of threads)
//   [fresh, fresh_end) is as the kernel gave it, all zero, but for the footer in
//     its last 8 bytes
// and in the hardened level, while nobody is on the way in or out:
//   slack_bytes = the sum of block_usable(size) - request over the live blocks
//   large_slack_bytes = the sum of mapped bytes - request over the large ones

#ifndef LOAM_COMMON_BOUNDARY_TAG_ARENA_H_
#define LOAM_COMMON_BOUNDARY_TAG_ARENA_H_

#include <string.h>

#include "common/boundary_tag/block.h"
#include "common/boundary_tag/hardened.h"
#include "common/boundary_tag/quick.h"
#include "common/boundary_tag/segment.h"
#include "common/large/large.h"
#include "common/lock/lock.h"
#include "common/os/os.h"

// What a deferred block holds in place of the program's bytes.
struct deferred {
  struct deferred *next;
  uint64_t mark;  // says that it is on the list: tells a second free
};

struct arena {
  struct loam_lock lock;
  uint32_t countdown;  // calls until it is time to look at the clock
  _Atomic(struct deferred *) deferred;
  struct deferred *late;
  _Atomic(uint32_t) threads;  // that allocate from it
  bool fixed;                 // its memory was given: it never grows, nothing goes back
  bool refused;               // by the kernel, since the last trim: pages that were to go back
  struct segment_pool *pool;
  uintptr_t fresh, fresh_end;
  size_t free_bytes, free_blocks;
  size_t malloc_calls, free_calls;
  struct quick_lists quick;
  struct free_index index;
  struct segment *segments;
  size_t segment_count, segment_bytes;
  uint64_t purge_ms;  // not before this is memory given back again
  struct loam_large_owner large_owner;
#if LOAM_HARDENED
  // Relaxed: only the statistics read them.
  _Atomic(size_t) slack_bytes, large_slack_bytes;
#endif
};

enum {
  ARENA_COUNTDOWN = 256,
  DEFERRED_TAKE_MAX = 8,  // by one call
};

static void arena_init(struct arena *arena, struct segment_pool *pool) {
  arena->pool = pool;
  arena->countdown = ARENA_COUNTDOWN;
}

// --- Free blocks -------------------------------------------------------------

// Bytes at the start of a free block that are not as the kernel gave them.
enum { FREE_BLOCK_HEAD_BYTES = sizeof(struct block) };

// True if some of the bytes before `end`, the end of a block, are untouched: one
// comparison for fresh < end <= fresh_end.
static inline bool is_fresh(uintptr_t end, uintptr_t fresh, uintptr_t fresh_end) {
  return end - fresh - 1 < fresh_end - fresh;
}

// The block's bytes are in use from now on.
static inline void arena_note_use(struct arena *arena, struct block *block, size_t size) {
  // The rest behind it becomes a free block, whose head is written: also where
  // the block itself ends just before what is fresh.
  uintptr_t end = (uintptr_t)block + size + FREE_BLOCK_HEAD_BYTES;
  if (is_fresh(end, arena->fresh, arena->fresh_end + FREE_BLOCK_HEAD_BYTES)) {
    arena->fresh = end < arena->fresh_end ? end : arena->fresh_end;
  }
}

// The size of the one block that can fill a segment.
static inline size_t segment_block_bytes(const struct segment *segment) {
  return segment->bytes - SEGMENT_OVERHEAD_BYTES;
}

// The segment of an arena that has few of them around an address, or NULL.
static inline struct segment *arena_segment_around(const struct arena *arena, const void *address) {
  for (struct segment *segment = arena->segments; segment != NULL; segment = segment->next) {
    if ((uintptr_t)address - (uintptr_t)segment->base < segment->bytes) return segment;
  }
  return NULL;
}

// Makes one free block of a segment that holds none yet.
static void arena_add_segment(struct arena *arena, struct segment *segment, uint32_t age) {
  size_t size = segment_block_bytes(segment);
  segment->arena = arena;
  segment->prev = NULL;
  segment->next = arena->segments;
  if (segment->next != NULL) segment->next->prev = segment;
  arena->segments = segment;
  arena->segment_count++;
  arena->segment_bytes += segment->bytes;
  struct block *block = block_at(segment->base, SEGMENT_FIRST_BLOCK);
  block_write_free(block, size, age);
  block_write(block_next(block, size), 0, IN_USE);
  free_index_insert(&arena->index, block, size);
  arena->free_bytes += size;
  arena->free_blocks++;
}

static bool arena_grow(struct arena *arena) {
  if (arena->fixed) return false;
  struct segment *segment = loam_segment_create(arena->pool, arena);
  if (segment == NULL) return false;
  arena_add_segment(arena, segment, PURGED);
  uintptr_t first = (uintptr_t)segment->base + SEGMENT_FIRST_BLOCK;
  arena->fresh = first + FREE_BLOCK_HEAD_BYTES;
  arena->fresh_end = first + SEGMENT_BLOCK_BYTES_MAX;
  return true;
}

// Turns the first `size` bytes of a free block into a block in use; the rest, if
// it can be a block, takes its place in the index. Gives the size it has.
static inline size_t arena_carve(struct arena *arena, struct block *block, size_t found_size,
                                 size_t size) {
  size_t rest_size = found_size - size;
  if (LOAM_HARDENED) block_expect_footer(block, found_size);
  if (rest_size >= BLOCK_BYTES_MIN) {
    struct block *rest = block_next(block, size);
    uint32_t age = block_word(block) & (AGED | PURGED);
    free_index_replace(&arena->index, block, found_size, rest, rest_size);
    block_write_free(rest, rest_size, age);
  } else {
    size = found_size;
    free_index_remove(&arena->index, block, found_size);
    block_set_prev_in_use(block_next(block, size), true);
    arena->free_blocks--;
    if (LOAM_HARDENED) block_clear_footer(block, size);
  }
  if (LOAM_HARDENED) block_clear_links(block);
  block_write(block, size, IN_USE | PREV_IN_USE);
  arena->free_bytes -= size;
  arena_note_use(arena, block, size);
  return size;
}

// What stood around `freed` between it and the free blocks that it was merged
// with: `prev_merged`, the one before it; `next`, the one after it, or NULL.
static inline void clear_seams(struct block *freed, bool prev_merged, struct block *next) {
  if (prev_merged) {
    block_clear_footer(freed, 0);  // that of the block before
    atomic_store_explicit(&freed->header, 0, memory_order_relaxed);
  }
  if (next != NULL) {
    atomic_store_explicit(&next->header, 0, memory_order_relaxed);
    block_clear_links(next);
  }
}

// Makes a free block of [block, block + size), which is in nobody's hands, merged
// with free neighbours. `prev_in_use` as its header has it.
__attribute__((noinline)) static void arena_coalesce(struct arena *arena, struct block *block,
                                                     size_t size, bool prev_in_use) {
  struct block *next = block_next(block, size);
  uint32_t next_word = block_word(next);
  if (__builtin_expect((next_word & PREV_IN_USE) == 0, 0)) {
    block_corrupt(block, "the next block's header denies that this one is in use");
  }
  arena->free_bytes += size;
  arena->free_blocks++;
  uint32_t age = 0;
  struct block *freed = block;
  size_t next_size = (next_word & IN_USE) == 0 ? word_size(next_word) : 0;
  if (LOAM_HARDENED && next_size != 0) block_expect_footer(next, next_size);
  if (prev_in_use) {
    if (next_size != 0) {
      free_index_replace(&arena->index, next, next_size, block, size + next_size);
    } else {
      free_index_insert(&arena->index, block, size);
    }
  } else {
    // Its header stays behind inside the merged block: let it say "free".
    block_write(block, size, 0);
    size_t prev_size;
    struct block *prev = block_prev_free(block, &prev_size);
    if (prev_size > size) age = block_word(prev) & AGED;
    if (next_size != 0) free_index_remove(&arena->index, next, next_size);
    free_index_replace(&arena->index, prev, prev_size, prev, prev_size + size + next_size);
    arena->free_blocks--;
    block = prev;
    size += prev_size;
  }
  if (next_size != 0) {
    // A large part keeps its age: a crumb that merges must not make it young.
    if (next_size > size) age = next_word & AGED;
    size += next_size;
    arena->free_blocks--;
  } else {
    tag_write(&next->header, next_word & ~(uint32_t)PREV_IN_USE);
  }
  if (LOAM_HARDENED) clear_seams(freed, freed != block, next_size != 0 ? next : NULL);
  block_write_free(block, size, age);
}

// --- Slack -------------------------------------------------------------------

// Adds to what live blocks have beyond what was asked for; `bytes` may be less than nothing.
static inline void arena_add_slack(struct arena *arena, size_t bytes) {
#if LOAM_HARDENED
  atomic_fetch_add_explicit(&arena->slack_bytes, bytes, memory_order_relaxed);
#else
  (void)arena, (void)bytes;
#endif
}

static inline void arena_add_large_slack(struct arena *arena, size_t bytes) {
#if LOAM_HARDENED
  atomic_fetch_add_explicit(&arena->large_slack_bytes, bytes, memory_order_relaxed);
#else
  (void)arena, (void)bytes;
#endif
}

// --- malloc and free, under the lock -----------------------------------------

// Merges all blocks that wait in quick lists.
static void arena_flush_quick(struct arena *arena) {
  for (size_t size = BLOCK_BYTES_MIN; size <= QUICK_BLOCK_BYTES_MAX; size += BLOCK_ALIGNMENT) {
    struct block *block;
    while ((block = quick_pop(&arena->quick, size)) != NULL) {
      arena_coalesce(arena, block, size, (block_word(block) & PREV_IN_USE) != 0);
    }
  }
}

static void arena_take_all_deferred(struct arena *arena);

// The index has no block of the size: merges what waits, then grows.
__attribute__((cold, noinline)) static struct block *arena_find_more(struct arena *arena,
                                                                     size_t size,
                                                                     size_t *found_size) {
  arena_take_all_deferred(arena);
  arena_flush_quick(arena);
  struct block *block = free_index_find(&arena->index, size, found_size);
  if (block != NULL || !arena_grow(arena)) return block;
  return free_index_find(&arena->index, size, found_size);
}

// A block out of the index; the arena grows when it has none.
__attribute__((noinline)) static struct block *arena_malloc_indexed(struct arena *arena,
                                                                    size_t size) {
  size_t found_size;
  struct block *block = free_index_find(&arena->index, size, &found_size);
  if (__builtin_expect(block == NULL, 0)) {
    block = arena_find_more(arena, size, &found_size);
    if (block == NULL) return NULL;
  }
  arena_carve(arena, block, found_size, size);
  return block;
}

// A block of at least `size` bytes, header included, in use; or NULL.
static inline struct block *arena_malloc(struct arena *arena, size_t size) {
  struct block *block = is_quick_size(size) ? quick_pop(&arena->quick, size) : NULL;
  if (block == NULL) block = arena_malloc_indexed(arena, size);
  arena->malloc_calls += block != NULL;
  return block;
}

// As arena_malloc; the bytes from *dirty_end to the footer of the block are zero.
static struct block *arena_calloc(struct arena *arena, size_t size, uintptr_t *dirty_end) {
  size_t segments_before = arena->segment_count;
  uintptr_t fresh = arena->fresh;
  uintptr_t fresh_end = arena->fresh_end;
  struct block *block = arena_malloc(arena, size);
  if (block == NULL) return NULL;
  if (arena->segment_count != segments_before) {  // the first of a new segment
    fresh = (uintptr_t)block + FREE_BLOCK_HEAD_BYTES;
    fresh_end = (uintptr_t)block + SEGMENT_BLOCK_BYTES_MAX;
  }
  uintptr_t end = (uintptr_t)block + word_size(block_word(block));
  *dirty_end = is_fresh(end, fresh, fresh_end) ? fresh : end;
  return block;
}

__attribute__((cold, noreturn)) static void fail_free(const void *payload, const char *what) {
  loam_fatal(LOAM_VARIANT_NAME, payload, what);
}

// Ends the process for a block that is not live.
__attribute__((cold, noreturn, noinline)) static void fail_not_live(struct block *block) {
  uint32_t word;
  const char *what = "not a live block (double free, or use after free)";
  if (!tag_read(&block->header, &word)) {
    bool is_clear = atomic_load_explicit(&block->header, memory_order_relaxed) == 0;
    what = LOAM_HARDENED && is_clear
               ? "not a live block (freed before, or never one)"
               : "not a block, or its header was overwritten (an overflow of the one before it?)";
  }
  fail_free(block_payload(block), what);
}

// As fail_not_live. Gives up the lock: a handler of the signal may allocate.
__attribute__((cold, noreturn, noinline)) static void fail_not_live_in(struct arena *arena,
                                                                       struct block *block) {
  loam_lock_release(&arena->lock);
  fail_not_live(block);
}

// Whether a block with this word was freed, and not handed out since.
static inline bool was_freed(const struct block *block, uint32_t word) {
  return (word & (IN_USE | QUICK)) != IN_USE || block_has_mark(block);
}

// The word of a block that the program says is its own.
static inline uint32_t live_block_word(struct block *block) {
  uint32_t word;
  if (__builtin_expect(!tag_read(&block->header, &word), 0)) fail_not_live(block);
  if (__builtin_expect(was_freed(block, word), 0)) fail_not_live(block);
  return word;
}

static inline void arena_free(struct arena *arena, struct block *block) {
  uint32_t word;
  if (__builtin_expect(!tag_read(&block->header, &word), 0)) fail_not_live_in(arena, block);
  if (__builtin_expect(was_freed(block, word), 0)) fail_not_live_in(arena, block);
  size_t size = word_size(word);
  arena->free_calls++;
  if (is_quick_size(size) && arena->quick.bytes + size <= quick_bytes_max(arena->segment_count)) {
    quick_push(&arena->quick, block, word);
    return;
  }
  arena_coalesce(arena, block, size, (word & PREV_IN_USE) != 0);
}

// --- Deferred frees ----------------------------------------------------------

// In the hardened level their links are sealed as those of free lists.

static inline void deferred_set_next(struct deferred *item, const struct deferred *next) {
  link_write((uint64_t *)(void *)&item->next, (const struct block *)(const void *)next);
}

// The item's link, which it no longer needs.
static inline struct deferred *deferred_take_next(struct deferred *item) {
  uint64_t *link = (uint64_t *)(void *)&item->next;
  struct block *next = link_read(link, block_of_payload(item));
  *link = 0;
  return (struct deferred *)(void *)next;
}

// Without the lock: leaves a block for whoever takes it next.
static void arena_defer(struct arena *arena, struct block *block) {
  live_block_word(block);
  struct deferred *item = block_payload(block);
  item->mark = block_mark(block);
  // Release: pairs with the acquire exchange in arena_take_deferred, which must
  // see the item and all that the program wrote into the block before.
  struct deferred *first = atomic_load_explicit(&arena->deferred, memory_order_relaxed);
  do {
    if (LOAM_HARDENED) {
      deferred_set_next(item, first);
    } else {
      item->next = first;
    }
  } while (!atomic_compare_exchange_weak_explicit(&arena->deferred, &first, item,
                                                  memory_order_release, memory_order_relaxed));
}

// Under the lock: takes what others have left, and frees at most `most` of it.
__attribute__((noinline)) static void arena_take_deferred(struct arena *arena, size_t most) {
  if (arena->late == NULL) {
    // Taking the whole list at once leaves no room for ABA. Acquire: see
    // arena_defer.
    arena->late = atomic_exchange_explicit(&arena->deferred, NULL, memory_order_acquire);
  }
  for (struct deferred *item = arena->late; item != NULL && most > 0; item = arena->late) {
    struct block *block = block_of_payload(item);
    if (!block_has_mark(block)) {
      fail_free(item, "a freed block was written to before it could be taken back");
    }
    arena->late = LOAM_HARDENED ? deferred_take_next(item) : item->next;
    item->mark = 0;
    arena_free(arena, block);
    most--;
  }
}

static inline bool arena_has_deferred(const struct arena *arena) {
  // Relaxed: only whether there are any; the exchange orders.
  return arena->late != NULL ||
         atomic_load_explicit(&arena->deferred, memory_order_relaxed) != NULL;
}

static void arena_take_all_deferred(struct arena *arena) {
  while (arena_has_deferred(arena)) arena_take_deferred(arena, SIZE_MAX);
}

// To be called right after the lock was taken.
static inline void arena_entered(struct arena *arena) {
  if (__builtin_expect(arena_has_deferred(arena), 0)) {
    arena_take_deferred(arena, DEFERRED_TAKE_MAX);
  }
}

#endif  // LOAM_COMMON_BOUNDARY_TAG_ARENA_H_
