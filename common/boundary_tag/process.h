// Heaps of one's own, and what concerns a variant as a whole: its walk, its
// statistics, giving memory back, and its end. Template, see arena.h.

#ifndef LOAM_COMMON_BOUNDARY_TAG_PROCESS_H_
#define LOAM_COMMON_BOUNDARY_TAG_PROCESS_H_

#include <unistd.h>

#include "common/boundary_tag/heap.h"

// --- Heaps of one's own ------------------------------------------------------

static size_t own_heap_bytes(void) { return loam_os_round_to_page(sizeof(struct loam_heap)); }

// Makes an all-zero heap known.
static void own_heap_enlist(struct loam_heap *heap) {
  arena_init(&heap->arena, &state.pool);
  loam_lock_acquire(&state.lock);
  heap->next = state.heaps;
  if (heap->next != NULL) heap->next->prev = heap;
  state.heaps = heap;
  loam_lock_release(&state.lock);
}

static struct loam_heap *own_heap_create(void) {
  ensure_set_up();
  struct loam_heap *heap = loam_os_map(own_heap_bytes(), 1);
  if (heap == NULL) return out_of_memory();
  heap->record_bytes = own_heap_bytes();
  own_heap_enlist(heap);
  return heap;
}

// The kernel would not take it back: the process's heap has use for it.
static void adopt_segment(struct segment *segment) {
  bool zeroed = loam_os_decommit(segment->base, SEGMENT_BYTES);
  if (LOAM_HARDENED && !zeroed) memset(segment->base, 0, SEGMENT_BYTES);
  struct arena *arena = my_arena();
  enter(arena);
  arena_add_segment(arena, segment, 0);
  leave(arena);
}

static void own_heap_destroy(struct loam_heap *heap) {
  loam_lock_acquire(&state.lock);
  if (heap->next != NULL) heap->next->prev = heap->prev;
  if (heap->prev != NULL) {
    heap->prev->next = heap->next;
  } else {
    state.heaps = heap->next;
  }
  if (state.heap_due == heap) state.heap_due = heap->next;
  state.heaps_gone_calls += heap->arena.malloc_calls + heap->arena.large_owner.malloc_calls;
  loam_lock_release(&state.lock);
  if (heap->arena.fixed) return;  // the caller's memory, all of it
  loam_large_free_all(&state.large, &heap->arena.large_owner);
  struct segment *next;
  for (struct segment *segment = heap->arena.segments; segment != NULL; segment = next) {
    next = segment->next;
    if (!loam_segment_destroy(&state.pool, segment)) adopt_segment(segment);
  }
  loam_os_release(heap, own_heap_bytes());
}

static void own_heap_free(struct loam_heap *heap, void *payload) {
  if (payload == NULL) return;
  find_in_arena(&heap->arena, payload);
  if (heap->arena.fixed) {
    free_given(&heap->arena, payload);
  } else {
    heap_free(payload);
  }
}

// --- The whole variant -------------------------------------------------------

static bool visit_stats(struct arena *arena, void *context) {
  struct loam_stats *stats = context;
  arena_stats(arena, stats);
  loam_large_owner_stats(&state.large, &arena->large_owner, stats);
  arena_take_off_slack(arena, stats);
  if (!is_process_arena(arena)) {
    const struct loam_heap *heap = (struct loam_heap *)arena;
    stats->metadata_bytes += heap->record_bytes;
    stats->mapped_bytes += heap->record_bytes;
  }
  return true;
}

// A heap counts here or among those that are no more: totals never fall.
static void count_heaps(struct loam_stats *stats) {
  loam_lock_acquire(&state.lock);
  for_each_heap(visit_stats, stats);
  stats->malloc_calls += state.heaps_gone_calls;
  stats->free_calls += state.heaps_gone_calls;
  loam_lock_release(&state.lock);
}

// To an arena, what waits in a cache is in use; to the program it is free.
static void count_caches(struct loam_stats *stats) {
  loam_lock_acquire(&state.lock);
  struct cache_sums sums = state.gone;
  for (struct thread_cache *cache = state.caches; cache != NULL; cache = cache->next) {
    cache_add_sums(cache, &sums);
  }
  loam_lock_release(&state.lock);
  // Other threads went on since their arenas were read: never below nothing.
  size_t usable = sums.bytes - sums.blocks * BLOCK_OVERHEAD_BYTES;
  if (sums.blocks > stats->live_blocks) sums.blocks = stats->live_blocks;
  if (usable > stats->allocated_bytes) usable = stats->allocated_bytes;
  stats->live_blocks -= sums.blocks;
  stats->allocated_bytes -= usable;
  stats->metadata_bytes -= sums.blocks * BLOCK_OVERHEAD_BYTES;
  stats->free_blocks += sums.blocks;
  stats->free_bytes += usable + sums.blocks * BLOCK_OVERHEAD_BYTES;
  stats->malloc_calls += sums.mallocs;
  stats->free_calls += sums.mallocs + sums.blocks;
}

static void heap_stats(struct loam_stats *stats) {
  *stats = (struct loam_stats){0};
  for_each_process_arena(visit_stats, stats);
  count_heaps(stats);
  count_caches(stats);
  loam_large_shared_stats(&state.large, stats);
  size_t pool = loam_segment_pool_bytes(&state.pool);
  stats->metadata_bytes += pool;
  stats->mapped_bytes += pool;
}

static void own_heap_stats(struct loam_heap *heap, struct loam_stats *stats) {
  *stats = (struct loam_stats){0};
  enter(&heap->arena);
  arena_take_all_deferred(&heap->arena);
  visit_stats(&heap->arena, stats);
  leave(&heap->arena);
}

struct trim {
  size_t keep;
  bool any;
};

static bool visit_trim(struct arena *arena, void *context) {
  struct trim *trim = context;
  trim->any |= arena_trim(arena, &trim->keep);
  return true;
}

static bool heap_trim(size_t keep) {
  cache_flush(&mine.cache);  // those of other threads are theirs
  struct trim trim = {.keep = keep};
  for_each_arena(visit_trim, &trim);
  return loam_large_trim(&state.large, 0) || trim.any;
}

// --- Start and end -----------------------------------------------------------

__attribute__((constructor)) static void watch_process(void) {
  bool made = pthread_key_create(&state.exit_key, leave_arena) == 0;
  atomic_store_explicit(&state.has_exit_key, made, memory_order_release);
  if (!made) return;
  my_arena();
  watch_thread();  // it may have had its arena since before there was a key
}

__attribute__((destructor)) static void print_stats_at_exit(void) {
  if (state.options.stats_at_exit == 0) return;
  struct loam_stats stats;
  heap_stats(&stats);
  loam_stats_write(&stats, LOAM_VARIANT_NAME, STDERR_FILENO);
}

#endif  // LOAM_COMMON_BOUNDARY_TAG_PROCESS_H_
