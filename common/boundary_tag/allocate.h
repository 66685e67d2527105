// Allocation over arenas, caches of threads and large blocks. Template, see
// arena.h. Any thread may call it.
//
// Large requests get mappings of their own (common/large).

#ifndef LOAM_COMMON_BOUNDARY_TAG_ALLOCATE_H_
#define LOAM_COMMON_BOUNDARY_TAG_ALLOCATE_H_

#include <errno.h>

#include "common/boundary_tag/resize.h"
#include "common/boundary_tag/threads.h"

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

// Makes a block the program's: of the arena, or, where memory is short, of
// another one of the process.
static inline void *hand_out(struct arena *arena, struct block *block, size_t bytes) {
  if (LOAM_HARDENED) {
    size_t size = block_open(block, bytes);
    if (!arena->fixed) arena = segment_of(&state.pool, block)->arena;
    arena_add_slack(arena, block_usable(size) - bytes);
  }
  return block_payload(block);
}

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
  size_t keep = 0;
  arena_trim(arena, &keep);
  return true;
}

__attribute__((noinline)) static void *malloc_large(struct arena *arena, struct request want) {
  bool zeroed;
  size_t alignment = want.alignment != 0 ? want.alignment : 1;
  struct loam_large_owner *owner = &arena->large_owner;
  size_t bytes = want.bytes + LARGE_TAIL_BYTES;
  void *address = loam_large_malloc(&state.large, bytes, alignment, owner, &zeroed);
  if (__builtin_expect(address == NULL, 0)) {
    // The kernel gives no more: not while we hold address space that is free.
    cache_flush(&mine.cache);
    loam_large_trim(&state.large, 0);
    for_each_arena(visit_give_back, NULL);
    address = loam_large_malloc(&state.large, bytes, alignment, owner, &zeroed);
    if (address == NULL) return out_of_memory();
  }
  if (zeroed) balance(arena, want.bytes);
  if ((want.zeroed || LOAM_HARDENED) && !zeroed) memset(address, 0, want.bytes);
  if (LOAM_HARDENED) {
    size_t mapped = loam_os_round_to_page(bytes);
    large_close(address, mapped, want.bytes);
    arena_add_large_slack(arena, mapped - want.bytes);
  }
  return address;
}

// Under the arena's lock. In the hardened level it is not the program's yet, and all zero.
static inline void *malloc_in(struct arena *arena, struct request want) {
  size_t size = block_bytes_for(want.bytes);
  if (want.alignment > BLOCK_ALIGNMENT) {
    struct block *block = arena_aligned_malloc(arena, size, want.alignment);
    return block != NULL ? block_payload(block) : NULL;
  }
  if (!want.zeroed || LOAM_HARDENED) {
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
  cache_flush(&mine.cache);
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
  if (LOAM_HARDENED && payload != NULL) hand_out(arena, block_of_payload(payload), want.bytes);
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
  if (LOAM_DEBUG || LOAM_HARDENED || __builtin_expect(block == NULL, 0)) {
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

// A block of list `list` of the cache, for a request of `bytes`; or NULL.
static inline void *cache_malloc(size_t list, size_t bytes) {
  struct block *block = cache_take(&mine.cache.lists[list]);
  if (__builtin_expect(block == NULL, 0)) return NULL;
  uint64_t mallocs = atomic_load_explicit(&mine.cache.mallocs, memory_order_relaxed) + 1;
  atomic_store_explicit(&mine.cache.mallocs, mallocs, memory_order_relaxed);
  if (__builtin_expect(mallocs % CACHE_TICK == 0, 0)) tick(mine.arena);
  return hand_out(mine.arena, block, bytes);
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
    payload = cache_malloc(i, want.bytes);
    if (payload == NULL) payload = malloc_uncached(want.bytes);
  } else if (list->first == NULL) {
    return NULL;
  } else if ((uintptr_t)block_payload(list->first) % want.alignment == 0) {
    // The last one freed of that size often had the same alignment.
    payload = cache_malloc(i, want.bytes);
  } else {
    cache_shrink(list, 1);  // or they would pile up
    return NULL;
  }
  // (In the hardened level it is zero, but in a debug build filled.)
  if (payload != NULL && want.zeroed && (LOAM_DEBUG || !LOAM_HARDENED)) {
    memset(payload, 0, want.bytes);
  }
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
  void *payload = cache_malloc(block_bytes_for(bytes) / BLOCK_ALIGNMENT, bytes);
  if (__builtin_expect(payload == NULL, 0)) return malloc_uncached(bytes);
  debug_fill(payload, FILL_NEW, bytes);
  return payload;
}

#endif  // LOAM_COMMON_BOUNDARY_TAG_ALLOCATE_H_
