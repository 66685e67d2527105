// Allocation over arenas and large blocks: malloc, free and realloc of the
// process's heap. Template, see arena.h. Any thread may call it.
//
// A free goes to the arena that the block came from. Large requests get mappings
// of their own (common/large).

#ifndef LOAM_COMMON_BOUNDARY_TAG_HEAP_H_
#define LOAM_COMMON_BOUNDARY_TAG_HEAP_H_

#include <errno.h>

#include "common/boundary_tag/resize.h"
#include "common/boundary_tag/threads.h"

// --- Allocation --------------------------------------------------------------

// In a debug build new memory and freed memory are filled, so that a program
// which reads what it never wrote, or what it gave back, fails early.
enum { FILL_NEW = 0xA5, FILL_FREED = 0xDF };

static inline void debug_fill(void *payload, int value, size_t bytes) {
  if (LOAM_DEBUG) memset(payload, value, bytes);
}

static void *out_of_memory(void) {
  errno = ENOMEM;
  return NULL;
}

static inline bool is_large(size_t request) {
  size_t large_bytes = atomic_load_explicit(&state.large_bytes, memory_order_relaxed);
  return __builtin_expect(request >= large_bytes, 0);
}

// No block of given memory, with what alignment adds, is larger: sizes have 32 bits.
#define FIXED_REQUEST_MAX ((size_t)UINT32_MAX - 128)

// Whether an arena itself serves requests of that size.
static inline bool is_within(const struct arena *arena, size_t request) {
  return arena->fixed ? request <= FIXED_REQUEST_MAX : !is_large(request);
}

// How a block is wanted.
struct request {
  size_t bytes;
  size_t alignment;  // 0: as all blocks
  bool zeroed;
};

// Large blocks took `bytes` new from the kernel: what is free in the arena must
// not stay resident on top of them.
static void balance(struct arena *arena, size_t bytes) {
  if (!loam_lock_try(&arena->lock)) return;  // in use: it has use for its memory
  arena_entered(arena);
  arena_purge_bytes(arena, bytes);
  loam_lock_release(&arena->lock);
}

static bool visit_give_back(struct arena *arena, void *context) {
  (void)context;
  arena_trim(arena, 0);
  return true;
}

__attribute__((noinline)) static void *malloc_large(struct arena *arena, struct request want) {
  bool zeroed;
  size_t alignment = want.alignment != 0 ? want.alignment : 1;
  struct loam_large_owner *owner = &arena->large_owner;
  void *address = loam_large_malloc(&state.large, want.bytes, alignment, owner, &zeroed);
  if (__builtin_expect(address == NULL, 0)) {
    // The kernel gives no more: not while we hold address space that is free.
    loam_large_trim(&state.large, 0);
    for_each_arena(visit_give_back, NULL);
    address = loam_large_malloc(&state.large, want.bytes, alignment, owner, &zeroed);
    if (address == NULL) return out_of_memory();
  }
  if (zeroed) balance(arena, want.bytes);
  if (want.zeroed && !zeroed) memset(address, 0, want.bytes);
  return address;
}

// Under the arena's lock.
static inline void *malloc_in(struct arena *arena, struct request want) {
  size_t size = block_bytes_for(want.bytes);
  if (want.alignment > BLOCK_ALIGNMENT) {
    struct block *block = arena_aligned_malloc(arena, size, want.alignment);
    return block != NULL ? block_payload(block) : NULL;
  }
  if (!want.zeroed) {
    struct block *block = arena_malloc(arena, size);
    return block != NULL ? block_payload(block) : NULL;
  }
  uintptr_t dirty_end;
  struct block *block = arena_calloc(arena, size, &dirty_end);
  if (block == NULL) return NULL;
  char *payload = block_payload(block);
  size_t usable = block_usable(word_size(block_word(block)));
  memset(payload, 0, dirty_end - (uintptr_t)payload);
  memset(payload + usable - BLOCK_FOOTER_BYTES, 0, BLOCK_FOOTER_BYTES);
  return payload;
}

// The kernel gives no more: use what is cached, then what other arenas have.
__attribute__((cold, noinline)) static void *malloc_last_resort(struct arena *arena,
                                                                struct request want) {
  if (arena->fixed) return out_of_memory();
  loam_large_trim(&state.large, 0);
  enter(arena);
  void *payload = malloc_in(arena, want);
  leave(arena);
  if (!is_process_arena(arena)) return payload != NULL ? payload : out_of_memory();
  for (size_t i = 0; i < state.arena_count && payload == NULL; i++) {
    enter(&state.arenas[i]);
    payload = malloc_in(&state.arenas[i], want);
    leave(&state.arenas[i]);
  }
  return payload != NULL ? payload : out_of_memory();
}

__attribute__((noinline)) static void *finish_malloc(struct arena *arena, void *payload,
                                                     struct request want) {
  if (__builtin_expect(payload == NULL, 0)) payload = malloc_last_resort(arena, want);
  if (payload != NULL && !want.zeroed) debug_fill(payload, FILL_NEW, want.bytes);
  return payload;
}

// The slow path: requests that are large, and all before things are set up.
__attribute__((noinline)) static void *malloc_slow(struct arena *arena, struct request want) {
  ensure_set_up();
  if (want.bytes > (size_t)PTRDIFF_MAX) return out_of_memory();
  if (arena == NULL) arena = my_arena();
  // An aligned block is cut out of a longer one.
  if (arena->fixed) {
    if (want.bytes > FIXED_REQUEST_MAX || want.alignment > FIXED_REQUEST_MAX - want.bytes) {
      return out_of_memory();
    }
  } else if (is_large(want.bytes) || want.alignment >= state.options.large_bytes - want.bytes) {
    if (want.alignment > (size_t)PTRDIFF_MAX) return out_of_memory();
    return malloc_large(arena, want);
  }
  enter(arena);
  void *payload = malloc_in(arena, want);
  leave(arena);
  return finish_malloc(arena, payload, want);
}

// From the thread's arena.
__attribute__((noinline)) static void *malloc_from_arena(size_t bytes) {
  if (is_large(bytes)) return malloc_slow(NULL, (struct request){.bytes = bytes});
  struct arena *arena = enter_mine();
  struct block *block = arena_malloc(arena, block_bytes_for(bytes));
  leave(arena);
  if (LOAM_DEBUG || __builtin_expect(block == NULL, 0)) {
    return finish_malloc(arena, block != NULL ? block_payload(block) : NULL,
                         (struct request){.bytes = bytes});
  }
  return block_payload(block);
}

// The cache has no block of that size.
__attribute__((noinline)) static void *malloc_uncached(size_t bytes) {
  cache_ran_out(&mine.cache, block_bytes_for(bytes) / BLOCK_ALIGNMENT);
  return malloc_from_arena(bytes);
}

// A block of list `list` of the cache, or NULL.
static inline void *cache_malloc(size_t list) {
  struct block *block = cache_take(&mine.cache.lists[list]);
  if (__builtin_expect(block == NULL, 0)) return NULL;
  uint64_t mallocs = atomic_load_explicit(&mine.cache.mallocs, memory_order_relaxed) + 1;
  atomic_store_explicit(&mine.cache.mallocs, mallocs, memory_order_relaxed);
  if (__builtin_expect(mallocs % CACHE_TICK == 0, 0)) tick(mine.arena);
  return block_payload(block);
}

static inline bool is_cached_request(size_t bytes) {
  return THREAD_CACHE_BYTES != 0 && bytes <= CACHE_REQUEST_MAX;
}

// What is wanted of a small block, off the straight path; or NULL.
static void *cached_malloc_as(struct request want) {
  size_t i = block_bytes_for(want.bytes) / BLOCK_ALIGNMENT;
  struct cache_list *list = &mine.cache.lists[i];
  void *payload;
  if (want.alignment <= BLOCK_ALIGNMENT) {
    payload = cache_malloc(i);
    if (payload == NULL) payload = malloc_uncached(want.bytes);
  } else if (list->first == NULL) {
    return NULL;
  } else if ((uintptr_t)block_payload(list->first) % want.alignment == 0) {
    // The last one freed of that size often had the same alignment.
    payload = cache_malloc(i);
  } else {
    cache_shrink(list, 1);  // or they would pile up
    return NULL;
  }
  if (payload != NULL && want.zeroed) memset(payload, 0, want.bytes);
  return payload;
}

// A block as it is wanted from the process's heap.
static void *heap_malloc_as(struct request want) {
  if (is_cached_request(want.bytes)) {
    void *payload = cached_malloc_as(want);
    if (payload != NULL || want.alignment <= BLOCK_ALIGNMENT) return payload;
  }
  if (is_large(want.bytes)) return malloc_slow(NULL, want);
  struct arena *arena = enter_mine();
  void *payload = malloc_in(arena, want);
  leave(arena);
  return finish_malloc(arena, payload, want);
}

// The plain case of heap_malloc_as, straight through.
static inline void *heap_malloc(size_t bytes) {
  if (!is_cached_request(bytes)) return malloc_from_arena(bytes);
  void *payload = cache_malloc(block_bytes_for(bytes) / BLOCK_ALIGNMENT);
  if (__builtin_expect(payload == NULL, 0)) return malloc_uncached(bytes);
  debug_fill(payload, FILL_NEW, bytes);
  return payload;
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

static inline void free_in(struct arena *arena, struct block *block) {
  if (__builtin_expect(!loam_lock_try(&arena->lock), 0)) {
    arena_defer(arena, block);
    return;
  }
  arena_entered(arena);
  arena_free(arena, block);
  leave(arena);
}

// The list of the block's size is full.
__attribute__((noinline)) static void free_turned_away(struct arena *arena, struct block *block,
                                                       struct cache_list *list) {
  list->turned_away = true;
  free_in(arena, block);
}

// Not in a segment of our own: a large block, or one in memory that was given.
__attribute__((noinline)) static void free_elsewhere(void *payload) {
  if (loam_large_free(&state.large, payload)) return;
  const struct segment *segment = given_segment_of(payload);
  if (segment == NULL) fail_unknown(payload);
  free_in(segment->arena, block_of_payload(payload));
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
  if (LOAM_DEBUG) {
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
  if (found->segment != NULL) return found->segment->arena;
  return (struct arena *)((char *)found->large.owner - offsetof(struct arena, large_owner));
}

static size_t heap_usable_size(const void *payload) {
  if (payload == NULL) return 0;
  struct found found = find_payload(payload);
  if (found.segment == NULL) return found.large.bytes;
  return block_usable(word_size(live_block_word(block_of_payload(payload))));
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
    free_in(arena, block_of_payload(payload));
  } else {
    heap_free(payload);
  }
  return moved;
}

static void *realloc_large(const struct found *found, void *payload, size_t bytes) {
  struct loam_large_block large = found->large;
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

static void *realloc_found(const struct found *found, void *payload, size_t bytes) {
  if (bytes > (size_t)PTRDIFF_MAX) return out_of_memory();
  if (found->segment == NULL) return realloc_large(found, payload, bytes);
  struct arena *arena = found->segment->arena;
  struct block *block = block_of_payload(payload);
  size_t old_size = word_size(live_block_word(block));
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
