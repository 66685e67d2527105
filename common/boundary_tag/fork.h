// Forks. Template, see arena.h.
//
// Before a fork every lock is taken, so that the child sees no structure half
// changed; there, where nobody else exists, they are made free again. A process
// with one thread has nobody inside, and takes none.
//
// Before a fork the handlers are called that were registered last first, behind it
// those that were registered first. Ours are registered at the first call of malloc
// or before: between them lie those of everybody who comes later, and may allocate.
// (Who came earlier may in a process with one thread.)

#ifndef LOAM_COMMON_BOUNDARY_TAG_FORK_H_
#define LOAM_COMMON_BOUNDARY_TAG_FORK_H_

#include "common/boundary_tag/state.h"

// All but state.lock, which guards the list of heaps and so is taken first and
// given up last.
static void for_each_lock(void (*visit)(struct loam_lock *lock)) {
  for (size_t i = 0; i < ARENAS_MAX; i++) visit(&state.arenas[i].lock);
  for (struct loam_heap *heap = state.heaps; heap != NULL; heap = heap->next) {
    visit(&heap->arena.lock);
  }
  visit(&state.large.lock);
  visit(&state.pool.lock);
}

static void fork_prepare(void) {
  if (LOAM_SINGLE_THREADED()) return;
  loam_lock_acquire(&state.lock);
  for_each_lock(loam_lock_acquire);
  mine.holds_all = true;
}

static void fork_parent(void) {
  if (!mine.holds_all) return;
  mine.holds_all = false;
  for_each_lock(loam_lock_release);
  loam_lock_release(&state.lock);
}

// What other threads had in their caches stays in them: they may have been inside.
static void forget_other_caches(void) {
  for (struct thread_cache *cache = state.caches; cache != NULL; cache = cache->next) {
    if (cache != &mine.cache) cache_add_sums(cache, &state.gone);
  }
  mine.cache.next = mine.cache.prev = NULL;
  state.caches = cache_is_open(&mine.cache) ? &mine.cache : NULL;
}

static void fork_child(void) {
  mine.holds_all = false;
  for_each_lock(loam_lock_reset);
  loam_lock_reset(&state.lock);
  for (size_t i = 0; i < ARENAS_MAX; i++) {
    atomic_store_explicit(&state.arenas[i].threads, 0, memory_order_relaxed);
  }
  struct arena *arena = mine.arena;
  mine.arena = NULL;
  move_to_arena(arena);
  forget_other_caches();
  // What one child shows of its chances must tell nothing of its sister's.
  if (LOAM_HARDENED) quarantine_of(&mine.cache)->chance = loam_os_random();
}

__attribute__((constructor(101))) static void watch_forks(void) {
  static atomic_flag is_done = ATOMIC_FLAG_INIT;
  // Relaxed: it only chooses who does it.
  if (atomic_flag_test_and_set_explicit(&is_done, memory_order_relaxed)) return;
  pthread_atfork(fork_prepare, fork_parent, fork_child);
}

#endif  // LOAM_COMMON_BOUNDARY_TAG_FORK_H_
