// Heaps of one's own, over the heap below.

#include <errno.h>
#include <sched.h>

#include "common/debug/debug.h"
#include "common/debug/report.h"
#include "common/os/os.h"

static size_t record_bytes(void) { return loam_os_round_to_page(sizeof(struct loam_heap)); }

struct loam_heap *loam_debug_heap_create(struct loam_debug *debug, void *memory, size_t bytes) {
  loam_debug_ensure_set_up(debug);
  struct loam_heap *heap = loam_os_map(record_bytes(), 1);
  if (heap == NULL) {
    errno = ENOMEM;
    return NULL;
  }
  const struct loam_variant *base = debug->base;
  heap->is_given = memory != NULL;
  heap->below = memory == NULL ? base->heap_create() : base->heap_create_with_memory(memory, bytes);
  if (heap->below == NULL) {
    loam_os_release(heap, record_bytes());
    return NULL;
  }
  loam_lock_acquire(&debug->lock);
  heap->next = debug->heaps;
  if (heap->next != NULL) heap->next->prev = heap;
  debug->heaps = heap;
  loam_lock_release(&debug->lock);
  return heap;
}

void loam_heap_enlist(struct loam_debug *debug, struct loam_heap *heap, uint32_t number) {
  struct loam_record *record = loam_record_at(&debug->records, number);
  record->heap_next = heap->first;
  if (heap->first != 0) loam_record_at(&debug->records, heap->first)->heap_prev = number;
  heap->first = number;
}

void loam_heap_delist(struct loam_debug *debug, struct loam_heap *heap, uint32_t number) {
  struct loam_record *record = loam_record_at(&debug->records, number);
  if (record->heap_next != 0) {
    loam_record_at(&debug->records, record->heap_next)->heap_prev = record->heap_prev;
  }
  if (record->heap_prev != 0) {
    loam_record_at(&debug->records, record->heap_prev)->heap_next = record->heap_next;
  } else {
    heap->first = record->heap_next;
  }
}

// What is live ends with its heap; what waits leaves its place in the queue when its turn comes.
// What a thread was freeing that a forked child does not have may have pages that cannot be
// touched.
static void end_record(struct loam_debug *debug, struct loam_heap *heap, uint32_t number) {
  struct loam_record *record = loam_record_at(&debug->records, number);
  loam_heap_delist(debug, heap, number);
  loam_record_unlist(&debug->records, record);
  if (record->state == LOAM_WAITING) {
    loam_queue_forget(debug, record);
    if (!loam_allow_block(record)) heap->is_lost = true;
    record->state = LOAM_GONE;
    record->heap = NULL;
    return;
  }
  if (record->state == LOAM_FREEING) heap->is_lost = true;
  loam_record_release(&debug->records, number);
}

// Under the lock, which is free meanwhile: until no thread is giving one of its blocks back.
static void wait_for_leaving(struct loam_debug *debug, const struct loam_heap *heap) {
  while (heap->leaving != 0) {
    loam_lock_release(&debug->lock);
    sched_yield();
    loam_lock_acquire(&debug->lock);
  }
}

static void take_off(struct loam_counts *counts, const struct loam_counts *gone) {
  counts->live_blocks -= gone->live_blocks;
  counts->live_bytes -= gone->live_bytes;
  counts->large_blocks -= gone->large_blocks;
  counts->large_bytes -= gone->large_bytes;
  counts->frees += gone->live_blocks;
}

void loam_debug_heap_destroy(struct loam_debug *debug, struct loam_heap *heap) {
  loam_lock_acquire(&debug->lock);
  struct loam_record damaged = {0};
  while (heap->first != 0) {
    const struct loam_record *record = loam_record_at(&debug->records, heap->first);
    struct loam_finding finding;
    if (damaged.state == LOAM_UNUSED && loam_debug_find_damage(record, &finding)) damaged = *record;
    end_record(debug, heap, heap->first);
  }
  take_off(&debug->counts, &heap->counts);
  heap->counts = (struct loam_counts){0};
  wait_for_leaving(debug, heap);
  if (heap->next != NULL) heap->next->prev = heap->prev;
  if (heap->prev != NULL) {
    heap->prev->next = heap->next;
  } else {
    debug->heaps = heap->next;
  }
  loam_lock_release(&debug->lock);
  if (damaged.state != LOAM_UNUSED) loam_debug_prove(debug, &damaged, 0);
  if (heap->is_given || !heap->is_lost) debug->base->heap_destroy(heap->below);
  loam_os_release(heap, record_bytes());
}
