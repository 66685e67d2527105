// Setting a variant up, and which of its arenas a thread uses. Template, see arena.h.
// Everything here may be called by any thread.
//
// A thread allocates from its cache (thread_cache.h), where the variant has one,
// and from one arena, when it starts the one that fewest others use. It leaves it
// for one with fewer threads once it has found it taken WAITS_MAX times in about
// ARENA_COUNTDOWN calls.

#ifndef LOAM_COMMON_BOUNDARY_TAG_THREADS_H_
#define LOAM_COMMON_BOUNDARY_TAG_THREADS_H_

#include "common/boundary_tag/fork.h"
#include "common/boundary_tag/purge.h"
#include "common/boundary_tag/walk.h"

enum { WAITS_MAX = 32 };

// --- Setting up --------------------------------------------------------------

__attribute__((cold, noinline)) static void set_up(void) {
  loam_lock_acquire(&state.lock);
  // Relaxed: the lock orders. Release: whoever sees `ready` sees the rest.
  bool was_ready = atomic_load_explicit(&state.ready, memory_order_relaxed);
  if (!was_ready) {
    struct loam_options options;
    loam_options_from_environment(&options, LOAM_VARIANT_NAME);
    tag_secret = loam_os_random();
    size_t arenas = options.arenas != 0 ? options.arenas : (size_t)loam_os_cpu_count() * 2;
    state.arena_count = arenas < ARENAS_MAX ? arenas : ARENAS_MAX;
    for (size_t i = 0; i < state.arena_count; i++) arena_init(&state.arenas[i], &state.pool);
    // In the hardened level a mapping that is free is no mapping.
    state.large.cache_bytes_max = LOAM_HARDENED ? 0 : options.large_cache_bytes;
    state.large.purge_delay_ms = options.purge_delay_ms;
    state.options = options;
    atomic_store_explicit(&state.large_bytes, options.large_bytes, memory_order_relaxed);
    atomic_store_explicit(&state.ready, true, memory_order_release);
  }
  loam_lock_release(&state.lock);
  if (!was_ready) watch_forks();  // without the lock: it may allocate
}

static inline void ensure_set_up(void) {
  // Acquire: pairs with the release in set_up.
  if (!atomic_load_explicit(&state.ready, memory_order_acquire)) set_up();
}

// The first arena that fewest threads use.
static struct arena *least_used_arena(void) {
  struct arena *best = &state.arenas[0];
  uint32_t best_threads = UINT32_MAX;
  for (size_t i = 0; i < state.arena_count && best_threads != 0; i++) {
    uint32_t threads = atomic_load_explicit(&state.arenas[i].threads, memory_order_relaxed);
    if (threads >= best_threads) continue;
    best = &state.arenas[i];
    best_threads = threads;
  }
  return best;
}

// --- The thread's cache ------------------------------------------------------

// From now on the thread's small blocks wait in its cache.
static void open_cache(void) {
  if ((THREAD_CACHE_BYTES == 0 && !LOAM_HARDENED) || state.options.check_every != 0) return;
  struct thread_cache *cache = &mine.cache;
  if (cache_is_open(cache) || cache->ended) return;
  cache_open(cache);
  loam_lock_acquire(&state.lock);
  cache->next = state.caches;
  if (cache->next != NULL) cache->next->prev = cache;
  state.caches = cache;
  loam_lock_release(&state.lock);
}

// Gives a block that is in nobody's hands, and in no list, back to its arena.
static void send_home(struct block *block) {
  struct arena *arena = segment_of(&state.pool, block)->arena;
  if (!loam_lock_try(&arena->lock)) {
    arena_defer(arena, block);
    return;
  }
  arena_entered(arena);
  arena_free(arena, block);
  loam_lock_release(&arena->lock);
}

// Sends up to `most` blocks of a list home.
static void cache_shrink(struct cache_list *list, size_t most) {
  struct block *block;
  for (; most > 0 && (block = cache_take(list)) != NULL; most--) send_home(block);
}

static void cache_flush(struct thread_cache *cache) {
  if (LOAM_HARDENED) {
    struct block *block;
    while ((block = quarantine_take(quarantine_of(cache))) != NULL) send_home(block);
  }
  for (size_t i = 0; i < CACHE_LISTS; i++) cache_shrink(&cache->lists[i], SIZE_MAX);
}

// Looks at one list, in turn. So a cache forgets what a program no longer uses.
static void cache_age(struct thread_cache *cache) {
  size_t i = cache->turn;
  struct cache_list *list = &cache->lists[i];
  cache->turn = (uint16_t)((i + 1) % CACHE_LISTS);
  if (cache_is_idle(list)) {
    cache_shrink(list, CACHE_AGED_MAX);
    if (cache_count(list) <= list->bound / 2u && list->bound > cache_first_bound(i)) {
      cache_set_bound(cache, i, list->bound / 2);
    }
  }
  list->seen = cache_look(list);
}

// The thread ends: nobody would use what waits there.
static void close_cache(void) {
  struct thread_cache *cache = &mine.cache;
  cache->ended = true;
  if (!cache_is_open(cache)) return;
  cache_flush(cache);
  if (LOAM_HARDENED) quarantine_of(cache)->is_open = false;
  for (size_t i = 0; i < CACHE_LISTS; i++) cache_set_bound(cache, i, 0);
  loam_lock_acquire(&state.lock);
  if (cache->next != NULL) cache->next->prev = cache->prev;
  if (cache->prev != NULL) {
    cache->prev->next = cache->next;
  } else {
    state.caches = cache->next;
  }
  cache_add_sums(cache, &state.gone);
  loam_lock_release(&state.lock);
}

// --- Choosing ----------------------------------------------------------------

// Has leave_arena called when the thread ends, and gives it a cache. Not without a key yet:
// this is the main thread.
static void watch_thread(void) {
  // Acquire: pairs with the release in watch_process.
  if (!atomic_load_explicit(&state.has_exit_key, memory_order_acquire)) return;
  pthread_setspecific(state.exit_key, &state);  // any value but NULL
  open_cache();
}

__attribute__((cold, noinline)) static void choose_arena(void) {
  ensure_set_up();
  move_to_arena(least_used_arena());
  watch_thread();
}

// When a thread ends. What it still allocates after this comes from arena 0, or
// whichever has fewest threads then.
static void leave_arena(void *value) {
  (void)value;
  close_cache();
  move_to_arena(NULL);
}

// The calling thread's arena.
static inline struct arena *my_arena(void) {
  if (__builtin_expect(mine.arena == NULL, 0)) choose_arena();
  return mine.arena;
}

static bool is_process_arena(const struct arena *arena) {
  return (uintptr_t)arena - (uintptr_t)state.arenas < sizeof state.arenas;
}

// --- Entering and leaving an arena -------------------------------------------

// The thread's arena is taken: wait for it, or, where that happens too often,
// move to one that fewer threads share. (Else two threads would follow each
// other from arena to arena.)
__attribute__((noinline)) static struct arena *enter_contended(struct arena *arena) {
  if (++mine.waits >= WAITS_MAX) {
    mine.waits = 0;
    struct arena *other = least_used_arena();
    // Relaxed, as all uses of `threads`. Our own thread counts in one of them.
    if (atomic_load_explicit(&other->threads, memory_order_relaxed) + 1 <
        atomic_load_explicit(&arena->threads, memory_order_relaxed)) {
      move_to_arena(other);
      arena = other;
    }
  }
  loam_lock_acquire(&arena->lock);
  return arena;
}

static inline struct arena *enter_mine(void) {
  struct arena *arena = my_arena();
  if (__builtin_expect(!loam_lock_try(&arena->lock), 0)) arena = enter_contended(arena);
  arena_entered(arena);
  return arena;
}

static inline void enter(struct arena *arena) {
  loam_lock_acquire(&arena->lock);
  arena_entered(arena);
}

// --- All arenas --------------------------------------------------------------

typedef bool arena_visitor(struct arena *arena, void *context);

static bool visit_locked(struct arena *arena, arena_visitor *visit, void *context) {
  enter(arena);
  arena_take_all_deferred(arena);
  bool go_on = visit(arena, context);
  loam_lock_release(&arena->lock);
  return go_on;
}

// Each calls visit(arena, context) on arenas, locked, until one gives false: on those of the
// process; on those of heaps, under state.lock; on all.

static bool for_each_process_arena(arena_visitor *visit, void *context) {
  ensure_set_up();
  bool go_on = true;
  for (size_t i = 0; i < state.arena_count && go_on; i++) {
    go_on = visit_locked(&state.arenas[i], visit, context);
  }
  return go_on;
}

static bool for_each_heap(arena_visitor *visit, void *context) {
  bool go_on = true;
  for (struct loam_heap *heap = state.heaps; heap != NULL && go_on; heap = heap->next) {
    go_on = visit_locked(&heap->arena, visit, context);
  }
  return go_on;
}

static bool for_each_arena(arena_visitor *visit, void *context) {
  if (!for_each_process_arena(visit, context)) return false;
  loam_lock_acquire(&state.lock);
  bool go_on = for_each_heap(visit, context);
  loam_lock_release(&state.lock);
  return go_on;
}

static bool visit_check(struct arena *arena, void *context) {
  (void)context;
  if (!arena_check(arena)) return false;
  return loam_large_check_owner(&state.large, &arena->large_owner) ||
         walk_fault(arena, "wrong count of large blocks");
}

static bool heap_check(void) {
  if (!for_each_arena(visit_check, NULL)) return false;
  // The caches of other threads are in use.
  if (!cache_check(&mine.cache)) return walk_fault(&mine.cache, "broken cache of a thread");
  const void *broken = loam_large_check(&state.large);
  return broken == NULL || walk_fault(broken, "broken table of large blocks");
}

// --- What is due every so often -----------------------------------------------

static void purge_arena(struct arena *arena, uint64_t now_ms) {
  if (!loam_lock_try(&arena->lock)) return;  // it is in use: its own turn comes
  arena_entered(arena);
  arena_purge(arena, now_ms, state.options.purge_delay_ms);
  loam_lock_release(&arena->lock);
}

// The next one of the heaps of one's own. Not of one in given memory, whose calls wait for
// nobody who has not called it.
static void purge_own_heap(uint64_t now_ms) {
  if (!loam_lock_try(&state.lock)) return;
  struct loam_heap *heap = state.heap_due != NULL ? state.heap_due : state.heaps;
  if (heap != NULL) {
    state.heap_due = heap->next;
    if (!heap->arena.fixed) purge_arena(&heap->arena, now_ms);
  }
  loam_lock_release(&state.lock);
}

// Every ARENA_COUNTDOWN calls into an arena: gives back what has been free for a
// while, there and in an arena and a heap that perhaps nobody uses any more.
__attribute__((noinline)) static void tick(struct arena *arena) {
  if (arena->fixed) return;
  uint64_t now_ms = loam_os_now_ms();
  mine.waits = 0;
  if (THREAD_CACHE_BYTES != 0) cache_age(&mine.cache);
  purge_arena(arena, now_ms);
  // Relaxed: any arena serves, in turn.
  size_t turn = atomic_fetch_add_explicit(&state.ticks, 1, memory_order_relaxed);
  struct arena *other = &state.arenas[turn % state.arena_count];
  if (other != arena) purge_arena(other, now_ms);
  purge_own_heap(now_ms);
  loam_large_purge(&state.large, now_ms);
  size_t every = state.options.check_every;
  if (every != 0 && turn % (every / ARENA_COUNTDOWN + 1) == 0 && !heap_check()) {
    loam_fatal(LOAM_VARIANT_NAME, arena, "the walk found a broken heap");
  }
}

static inline void leave(struct arena *arena) {
  bool due = --arena->countdown == 0;
  if (__builtin_expect(due, 0)) arena->countdown = ARENA_COUNTDOWN;
  loam_lock_release(&arena->lock);
  if (__builtin_expect(due, 0)) tick(arena);
}

#endif  // LOAM_COMMON_BOUNDARY_TAG_THREADS_H_
