// What concerns all blocks: the walk, statistics, giving memory back, forks.

#include "common/debug/debug.h"
#include "common/debug/report.h"
#include "common/stack/table.h"

// --- The walk ----------------------------------------------------------------

static bool adds_up(const struct loam_debug *debug) {
  const struct loam_counts *counts = &debug->counts;
  size_t live = 0, bytes = 0, queued = 0;
  uint32_t cursor = 0;
  for (struct loam_record *record; (record = loam_record_next(&debug->records, &cursor)) != NULL;) {
    // One that is being freed still counts.
    bool counts_as_live = record->state == LOAM_LIVE || record->state == LOAM_FREEING;
    live += counts_as_live;
    bytes += counts_as_live ? record->size : 0;
    queued += record->state == LOAM_WAITING || record->state == LOAM_GONE;
  }
  return live == counts->live_blocks && bytes == counts->live_bytes &&
         queued == debug->queue.count && counts->live_blocks == counts->mallocs - counts->frees;
}

// The first damaged block, as a copy. Under the lock.
static bool find_damaged(const struct loam_debug *debug, struct loam_record *copy) {
  uint32_t cursor = 0;
  for (struct loam_record *record; (record = loam_record_next(&debug->records, &cursor)) != NULL;) {
    struct loam_finding finding;
    if (record->state != LOAM_LIVE && record->state != LOAM_WAITING) continue;
    if (!loam_debug_find_damage(record, &finding)) continue;
    *copy = *record;
    return true;
  }
  return false;
}

bool loam_debug_check(struct loam_debug *debug) {
  loam_debug_ensure_set_up(debug);
  struct loam_record copy;
  loam_lock_acquire(&debug->lock);
  bool is_damaged = find_damaged(debug, &copy);
  bool is_whole = loam_records_check(&debug->records) && adds_up(debug);
  loam_lock_release(&debug->lock);
  struct loam_finding finding = {.address = debug};
  if (is_damaged) {
    finding.address = loam_record_block(&copy);
    finding.record = &copy;
    // What was being written when it was looked at may be whole by now: then it is no finding.
    is_damaged = loam_debug_find_damage(&copy, &finding);
  }
  if (!is_damaged && !is_whole) {
    finding.kind = "broken_table";
    finding.what = "broken table of blocks";
  }
  if (is_damaged || !is_whole) loam_debug_report(debug, &finding);
  return !is_damaged && is_whole && debug->base->check();
}

// --- Statistics --------------------------------------------------------------

// The program's blocks are as the records say. What waits is no memory that a malloc can have, and
// counts with the records.
void loam_debug_stats(struct loam_debug *debug, struct loam_heap *heap, struct loam_stats *stats) {
  loam_debug_ensure_set_up(debug);
  if (heap != NULL) {
    debug->base->heap_stats(heap->below, stats);
  } else {
    debug->base->stats(stats);
  }
  size_t tables = heap == NULL ? loam_stack_table_bytes() : 0;
  loam_lock_acquire(&debug->lock);
  const struct loam_counts counts = heap != NULL ? heap->counts : debug->counts;
  if (heap == NULL) tables += debug->records.mapped_bytes;
  loam_lock_release(&debug->lock);
  stats->mapped_bytes += tables;
  stats->allocated_bytes = counts.live_bytes;
  stats->live_blocks = counts.live_blocks;
  stats->large_blocks = counts.large_blocks;
  stats->large_bytes = counts.large_bytes;
  stats->malloc_calls = counts.mallocs;
  stats->free_calls = counts.frees;
  // Other threads went on between the two: never below nothing.
  size_t known = stats->allocated_bytes + stats->free_bytes;
  if (stats->mapped_bytes < known) stats->mapped_bytes = known;
  stats->metadata_bytes = stats->mapped_bytes - known;
}

// --- Giving memory back ------------------------------------------------------

bool loam_debug_trim(struct loam_debug *debug, size_t keep) {
  loam_debug_ensure_set_up(debug);
  bool any = loam_queue_flush(debug);
  loam_lock_acquire(&debug->lock);
  loam_records_trim(&debug->records);
  loam_lock_release(&debug->lock);
  return debug->base->trim(keep) || any;
}

// --- Fork --------------------------------------------------------------------

void loam_debug_fork_prepare(struct loam_debug *debug) { loam_lock_acquire(&debug->lock); }

void loam_debug_fork_parent(struct loam_debug *debug) { loam_lock_release(&debug->lock); }

void loam_debug_fork_child(struct loam_debug *debug) {
  loam_lock_reset(&debug->lock);
  loam_debug_forget_thread();
  // Threads that were giving blocks back may not be there; how far they came is not known.
  for (struct loam_heap *heap = debug->heaps; heap != NULL; heap = heap->next) {
    if (heap->leaving != 0) heap->is_lost = true;
    heap->leaving = 0;
  }
}
