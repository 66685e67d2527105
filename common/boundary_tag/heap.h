// Free and realloc of the process's heap, and where a block is. Template, see
// arena.h. Any thread may call it.
//
// A free goes to the cache of the thread, or to the arena that the block came from; in the hardened
// level by way of the thread's quarantine (quarantine.h).

#ifndef LOAM_COMMON_BOUNDARY_TAG_HEAP_H_
#define LOAM_COMMON_BOUNDARY_TAG_HEAP_H_

#include "common/boundary_tag/allocate.h"

static inline struct arena *arena_of_large(const struct loam_large_block *large) {
  return (struct arena *)((char *)large->owner - offsetof(struct arena, large_owner));
}

// --- Free --------------------------------------------------------------------

// The segment of a block that the program passed in, or NULL for what can only
// be a large block or in given memory.
static inline struct segment *segment_of_payload(const void *payload) {
  struct segment *segment = segment_of(&state.pool, payload);
  if (__builtin_expect(segment == NULL, 0)) return NULL;
  size_t offset = (uintptr_t)payload % SEGMENT_BYTES;
  bool possible =
      offset % BLOCK_ALIGNMENT == 0 && offset >= SEGMENT_FIRST_BLOCK + BLOCK_HEADER_BYTES;
  if (__builtin_expect(!possible, 0)) fail_free(payload, "not a block (misaligned pointer)");
  return segment;
}

// The segment of an arena of given memory around a payload, or NULL.
static struct segment *segment_in_given(const struct arena *arena, const void *payload) {
  struct segment *segment = arena_segment_around(arena, payload);
  if (segment == NULL) return NULL;
  size_t offset = (size_t)((const char *)payload - segment->base);
  bool possible =
      offset % BLOCK_ALIGNMENT == 0 && offset >= SEGMENT_FIRST_BLOCK + BLOCK_HEADER_BYTES;
  if (!possible) fail_free(payload, "not a block (misaligned pointer)");
  return segment;
}

// Likewise, of any heap.
__attribute__((cold, noinline)) static struct segment *given_segment_of(const void *payload) {
  struct segment *found = NULL;
  loam_lock_acquire(&state.lock);
  for (struct loam_heap *heap = state.heaps; heap != NULL && found == NULL; heap = heap->next) {
    if (heap->arena.fixed) found = segment_in_given(&heap->arena, payload);
  }
  loam_lock_release(&state.lock);
  return found;
}

__attribute__((cold, noreturn)) static void fail_unknown(const void *payload) {
  fail_free(payload, "not a live block (freed before, or never allocated here)");
}

// A block that the program gives back is in nobody's hands from now on. Gives, in the hardened
// level, its size.
static inline size_t take_back(struct arena *arena, struct block *block) {
  if (!LOAM_HARDENED) return 0;
  size_t size = word_size(live_block_word(block));
  size_t request = canary_request(block, size);
  block_truncate(block, size, 0);
  arena_add_slack(arena, request - block_usable(size));
  return size;
}

static inline void free_in(struct arena *arena, struct block *block) {
  if (__builtin_expect(!loam_lock_try(&arena->lock), 0)) {
    arena_defer(arena, block);
    return;
  }
  arena_entered(arena);
  arena_free(arena, block);
  leave(arena);
}

// As heap_free, of a block of given memory.
static inline void free_given(struct arena *arena, void *payload) {
  struct block *block = block_of_payload(payload);
  take_back(arena, block);
  free_in(arena, block);
}

// The list of the block's size is full.
__attribute__((noinline)) static void free_turned_away(struct arena *arena, struct block *block,
                                                       struct cache_list *list) {
  list->turned_away = true;
  free_in(arena, block);
}

// Not in a segment of our own: a large block, or one in memory that was given.
__attribute__((noinline)) static void free_elsewhere(void *payload) {
  struct loam_large_block large;
  if (LOAM_HARDENED && loam_large_find(&state.large, payload, &large)) {
    arena_add_large_slack(arena_of_large(&large), large_request(&large) - large.bytes);
  }
  if (loam_large_free(&state.large, payload)) return;
  const struct segment *segment = given_segment_of(payload);
  if (segment == NULL) fail_unknown(payload);
  free_given(segment->arena, payload);
}

// Whether the thread's quarantine is open after all: one that has only freed so far gets it now.
__attribute__((cold, noinline)) static bool open_quarantine(void) {
  // A thread that has ended would not be told so again.
  if (mine.arena == NULL && !mine.cache.ended) choose_arena();
  return quarantine_of(&mine.cache)->is_open;
}

// Of the hardened level: a block of the process, of `size` bytes, waits from now on. Gives the one
// that is to go on in its place, or NULL.
static inline struct block *let_wait(struct block *block, size_t size) {
  struct quarantine *quarantine = quarantine_of(&mine.cache);
  if (__builtin_expect(!quarantine->is_open, 0) && !open_quarantine()) return block;
  return quarantine_swap(quarantine, block, size);
}

static inline void heap_free(void *payload) {
  if (payload == NULL) return;
  struct segment *segment = segment_of_payload(payload);
  if (__builtin_expect(segment == NULL, 0)) {
    free_elsewhere(payload);
    return;
  }
  struct arena *arena = segment->arena;
  struct block *block = block_of_payload(payload);
  if (LOAM_HARDENED) {
    size_t size = take_back(arena, block);
    if (is_process_arena(arena)) {
      block = let_wait(block, size);
      if (block == NULL) return;
      arena = segment_of(&state.pool, block)->arena;
    }
  }
  if (LOAM_DEBUG && !LOAM_HARDENED) {
    debug_fill(payload, FILL_FREED, block_usable(word_size(live_block_word(block))));
  }
  if (THREAD_CACHE_BYTES != 0) {
    uint32_t word = live_block_word(block);
    size_t size = word_size(word);
    if ((word & SPARSE) == 0 && size <= CACHE_BLOCK_BYTES_MAX && is_process_arena(arena)) {
      struct cache_list *list = &mine.cache.lists[size / BLOCK_ALIGNMENT];
      if (__builtin_expect(!cache_put(list, block), 0)) free_turned_away(arena, block, list);
      return;
    }
  }
  free_in(arena, block);
}

// Where a block is: in a segment, or large with segment = NULL.
struct found {
  struct segment *segment;
  struct loam_large_block large;
};

static struct found find_payload(const void *payload) {
  struct found found = {.segment = segment_of_payload(payload)};
  if (found.segment != NULL || loam_large_find(&state.large, payload, &found.large)) return found;
  found.segment = given_segment_of(payload);
  if (found.segment == NULL) fail_unknown(payload);
  return found;
}

static struct arena *arena_of_found(const struct found *found) {
  return found->segment != NULL ? found->segment->arena : arena_of_large(&found->large);
}

static size_t heap_usable_size(const void *payload) {
  if (payload == NULL) return 0;
  struct found found = find_payload(payload);
  if (found.segment == NULL) {
    return LOAM_HARDENED ? large_request(&found.large) : found.large.bytes;
  }
  struct block *block = block_of_payload(payload);
  size_t size = word_size(live_block_word(block));
  return LOAM_HARDENED ? canary_request(block, size) : block_usable(size);
}

// Of the hardened level: ends the process unless a block was asked for with this size, and may have
// been with this alignment.
static void expect_size(const void *payload, size_t bytes, size_t alignment) {
  if (payload == NULL) return;
  bool aligned = alignment <= 1 || ((uintptr_t)payload & (alignment - 1)) == 0;
  if (!aligned || heap_usable_size(payload) != bytes) {
    fail_free(payload, "a block of another size or alignment than it is said to have");
  }
}

// Where a block of this arena is. One of given memory is found without a look at
// anything else.
static struct found find_in_arena(const struct arena *arena, const void *payload) {
  struct found found = {.segment = NULL};
  if (arena->fixed) found.segment = segment_in_given(arena, payload);
  if (found.segment == NULL) found = find_payload(payload);
  if (arena_of_found(&found) != arena) fail_free(payload, "a block of another heap");
  return found;
}

// --- Realloc -----------------------------------------------------------------

// A new block of the same heap with the old contents; the old one is freed.
static void *move_to_new(struct arena *arena, void *payload, size_t old_usable, size_t bytes) {
  struct request want = {.bytes = bytes};
  void *moved = is_process_arena(arena) ? heap_malloc_as(want) : malloc_slow(arena, want);
  if (moved == NULL) return NULL;
  memcpy(moved, payload, old_usable < bytes ? old_usable : bytes);
  if (arena->fixed) {
    free_given(arena, payload);
  } else {
    heap_free(payload);
  }
  return moved;
}

// Of the hardened level: changes the size of a large block that `request` bytes were asked for, by
// moving its pages. NULL, and nothing has changed, where that cannot be done.
static void *resize_sealed_large(struct arena *arena, const struct loam_large_block *large,
                                 size_t request, size_t bytes) {
  large_reopen(large, request);
  size_t old_slack = large->bytes - request;
  struct loam_large_block now = *large;
  void *moved = loam_large_realloc(&state.large, large->address, bytes + LARGE_TAIL_BYTES);
  if (moved != NULL && loam_large_find(&state.large, moved, &now)) request = bytes;
  large_close(now.address, now.bytes, request);
  arena_add_large_slack(arena, now.bytes - request - old_slack);
  return moved;
}

static void *realloc_sealed_large(const struct loam_large_block *large, size_t bytes) {
  struct arena *arena = arena_of_large(large);
  size_t request = large_request(large);
  if (is_large(bytes)) {
    void *moved = resize_sealed_large(arena, large, request, bytes);
    if (moved != NULL && bytes > request) balance(arena, bytes - request);
    if (moved != NULL) return moved;
  }
  int saved_errno = errno;
  void *moved = move_to_new(arena, large->address, request, bytes);
  if (moved != NULL || bytes > request) return moved;
  errno = saved_errno;  // to shrink is never to fail
  large_reopen(large, request);
  large_close(large->address, large->bytes, bytes);
  arena_add_large_slack(arena, request - bytes);
  return large->address;
}

static void *realloc_large(const struct found *found, void *payload, size_t bytes) {
  struct loam_large_block large = found->large;
  if (LOAM_HARDENED) return realloc_sealed_large(&large, bytes);
  struct arena *arena = arena_of_found(found);
  if (is_large(bytes)) {
    void *moved = loam_large_realloc(&state.large, payload, bytes);
    if (moved != NULL && bytes > large.bytes) balance(arena, bytes - large.bytes);
    if (moved != NULL) return moved;
  }
  int saved_errno = errno;
  void *moved = move_to_new(arena, payload, large.bytes, bytes);
  if (moved != NULL || bytes > large.bytes) return moved;
  errno = saved_errno;  // to shrink is never to fail
  return payload;
}

// Of the hardened level: gives a block its new size where it is; false if that cannot be done.
static bool resize_sealed(struct arena *arena, struct block *block, size_t request, size_t bytes) {
  size_t old_size = word_size(block_word(block));
  size_t old_slack = block_usable(old_size) - request;
  size_t size = block_bytes_for(bytes);
  block_truncate(block, old_size, request < bytes ? request : bytes);
  bool done = size <= old_size && old_size - size < BLOCK_BYTES_MIN;
  if (!done) {
    enter(arena);
    done = arena_resize(arena, block, size);
    leave(arena);
  }
  if (done) request = bytes;
  size = word_size(block_word(block));
  canary_write(block, size, request);
  arena_add_slack(arena, block_usable(size) - request - old_slack);
  return done;
}

static void *realloc_found(const struct found *found, void *payload, size_t bytes) {
  if (bytes > (size_t)PTRDIFF_MAX) return out_of_memory();
  if (found->segment == NULL) return realloc_large(found, payload, bytes);
  struct arena *arena = found->segment->arena;
  struct block *block = block_of_payload(payload);
  size_t old_size = word_size(live_block_word(block));
  if (LOAM_HARDENED) {
    size_t request = canary_request(block, old_size);
    if (is_within(arena, bytes) && resize_sealed(arena, block, request, bytes)) return payload;
    return move_to_new(arena, payload, request, bytes);
  }
  if (is_within(arena, bytes)) {
    size_t size = block_bytes_for(bytes);
    if (size <= old_size && old_size - size < BLOCK_BYTES_MIN) return payload;  // nothing to cut
    enter(arena);
    bool done = arena_resize(arena, block, size);
    leave(arena);
    if (done) return payload;
  }
  return move_to_new(arena, payload, block_usable(old_size), bytes);
}

static void *heap_realloc(void *payload, size_t bytes) {
  struct found found = find_payload(payload);
  return realloc_found(&found, payload, bytes);
}

#endif  // LOAM_COMMON_BOUNDARY_TAG_HEAP_H_
