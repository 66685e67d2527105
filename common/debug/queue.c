// The quarantine.

#include "common/debug/debug.h"
#include "common/debug/report.h"

// Blocks up to this size are looked at while they wait, with the lock held.
enum {
  LOOKED_AT_BYTES_MAX = 8192,
  LOOKED_AT_BLOCKS = 2,  // for each that is freed: with one alone a queue that grows is never seen
                         // to its end
};

static size_t bytes_of(const struct loam_record *record) {
  return loam_record_footprint(record) + sizeof *record;
}

void loam_queue_add(struct loam_debug *debug, uint32_t number) {
  struct loam_queue *queue = &debug->queue;
  struct loam_record *record = loam_record_at(&debug->records, number);
  record->state = LOAM_WAITING;
  record->link = 0;
  if (queue->last != 0) {
    loam_record_at(&debug->records, queue->last)->link = number;
  } else {
    queue->first = number;
  }
  queue->last = number;
  queue->count++;
  queue->bytes += bytes_of(record);
}

void loam_queue_forget(struct loam_debug *debug, struct loam_record *record) {
  debug->queue.bytes -= bytes_of(record);
}

// The record at the front leaves the queue, and is in no bucket then. False: there is none.
// *copy is what it was.
static bool take_first(struct loam_debug *debug, struct loam_record *copy) {
  struct loam_queue *queue = &debug->queue;
  uint32_t number = queue->first;
  if (number == 0) return false;
  struct loam_record *record = loam_record_at(&debug->records, number);
  queue->first = record->link;
  if (queue->first == 0) queue->last = 0;
  if (queue->looked_at == number) queue->looked_at = queue->first;
  queue->count--;
  *copy = *record;
  if (record->state == LOAM_WAITING) {
    queue->bytes -= bytes_of(record);
    if (record->heap != NULL) {
      loam_heap_delist(debug, record->heap, number);
      record->heap->leaving++;  // until then the heap stays
    }
    loam_record_unlist(&debug->records, record);
  }
  loam_record_release(&debug->records, number);
  return true;
}

// Looks at some blocks for each that is freed, in turn: a write to one that would wait for long is
// found sooner.
static bool look_at_next(struct loam_debug *debug, struct loam_record *copy) {
  struct loam_queue *queue = &debug->queue;
  for (int i = 0; i < LOOKED_AT_BLOCKS; i++) {
    if (queue->looked_at == 0) queue->looked_at = queue->first;
    if (queue->looked_at == 0) return false;
    const struct loam_record *record = loam_record_at(&debug->records, queue->looked_at);
    queue->looked_at = record->link;
    if (record->state != LOAM_WAITING) continue;
    if (record->size > LOOKED_AT_BYTES_MAX && !record->is_forbidden) continue;
    struct loam_finding finding;
    if (!loam_debug_find_damage(record, &finding)) continue;
    *copy = *record;
    return true;
  }
  return false;
}

// To the heap below; without the lock. False where its pages cannot be touched: they are of no use
// there, and lost.
static bool give_back(struct loam_debug *debug, struct loam_record *record, uint32_t stack) {
  loam_debug_prove(debug, record, stack);
  if (!loam_allow_block(record)) return false;
  debug->base->free(loam_record_base(record));
  return true;
}

// The block at the front, under the lock, which is free meanwhile. False: there is none.
static bool give_back_first(struct loam_debug *debug, uint32_t stack) {
  struct loam_record copy;
  if (!take_first(debug, &copy)) return false;
  if (copy.state != LOAM_WAITING) return true;
  loam_lock_release(&debug->lock);
  bool is_back = give_back(debug, &copy, stack);
  loam_lock_acquire(&debug->lock);
  if (copy.heap != NULL) {
    // (0 in a forked child, where the fork came from a signal handler in the midst of this.)
    if (copy.heap->leaving != 0) copy.heap->leaving--;
    if (!is_back) copy.heap->is_lost = true;
  }
  return true;
}

void loam_queue_settle(struct loam_debug *debug, uint32_t stack) {
  struct loam_record copy;
  loam_lock_acquire(&debug->lock);
  bool is_damaged = look_at_next(debug, &copy);
  while (!is_damaged && debug->queue.bytes > debug->options.quarantine_bytes &&
         give_back_first(debug, stack)) {
  }
  loam_lock_release(&debug->lock);
  if (is_damaged) loam_debug_prove(debug, &copy, stack);
}

bool loam_queue_flush(struct loam_debug *debug) {
  bool any = false;
  loam_lock_acquire(&debug->lock);
  while (give_back_first(debug, 0)) any = true;
  loam_lock_release(&debug->lock);
  return any;
}
