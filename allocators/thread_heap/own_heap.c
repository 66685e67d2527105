// Heaps of one's own: an arena that no thread's cache knows.

#include "allocators/thread_heap/state.h"
#include "common/os/os.h"

static size_t heap_bytes(void) { return loam_os_round_to_page(sizeof(struct loam_heap)); }

struct loam_heap *th_own_create(void) {
  th_ensure_set_up();
  struct loam_heap *heap = th_record_map(heap_bytes());
  if (heap == NULL) return th_out_of_memory();
  heap->arena.is_own = true;
  heap->arena.large_bytes_min = th_state.options.large_bytes;
  loam_lock_acquire(&th_state.lock);
  heap->next = th_state.heaps;
  if (heap->next != NULL) heap->next->prev = heap;
  th_state.heaps = heap;
  loam_lock_release(&th_state.lock);
  return heap;
}

void th_own_destroy(struct loam_heap *heap) {
  struct loam_stats last;
  loam_lock_acquire(&th_state.lock);
  th_own_stats(heap, &last);
  th_state.gone.frees += last.malloc_calls;  // all of its blocks end
  if (heap->next != NULL) heap->next->prev = heap->prev;
  if (heap->prev != NULL) {
    heap->prev->next = heap->next;
  } else {
    th_state.heaps = heap->next;
  }
  loam_lock_release(&th_state.lock);
  if (th_sampling.is_on) th_sample_forget_heap(&heap->arena);
  loam_large_free_all(&th_state.large, &heap->arena.large_owner);
  th_arena_destroy(&heap->arena);
  th_record_release(heap, heap_bytes());
}

enum { CALLS_PER_LOOK = 64 };  // to one look at the clock

void *th_own_malloc(struct loam_heap *heap, struct th_request want) {
  // Relaxed: it only counts.
  TH_NOTE_CALLER();
  uint32_t calls = atomic_fetch_add_explicit(&heap->calls, 1, memory_order_relaxed);
  if (calls % CALLS_PER_LOOK == CALLS_PER_LOOK - 1) th_decay();
  return th_malloc_in(&heap->arena, want);
}

// Whatever else it is, a block of another heap is not for this one.
static struct th_found find_in(const struct loam_heap *heap, const void *block) {
  struct th_found found = th_find(block);
  bool is_here = found.slab != NULL ? found.slab->arena == &heap->arena
                                    : found.large.owner == &heap->arena.large_owner;
  if (!is_here) th_fail(block, "free: a block of another heap");
  return found;
}

void *th_own_realloc(struct loam_heap *heap, void *block, size_t bytes) {
  find_in(heap, block);
  TH_NOTE_CALLER();
  return th_realloc_block(block, bytes);
}

void th_own_free(struct loam_heap *heap, void *block) {
  if (block == NULL) return;
  struct th_found found = find_in(heap, block);
  th_free_found(&found, block);
}

void th_own_stats(struct loam_heap *heap, struct loam_stats *stats) {
  *stats = (struct loam_stats){0};
  th_arena_stats(&heap->arena, stats);
  th_large_stats(&heap->arena, stats);
  stats->metadata_bytes += heap_bytes();
  stats->mapped_bytes += heap_bytes();
  stats->malloc_calls = stats->free_calls + stats->live_blocks;
}
