// The debug level: a layer over any variant, the same for all. Each block lies between zones
// filled with a pattern, and is filled itself when it is handed out and when it is
// taken back; what is known of it, with the stacks of its malloc and its free, lies in a
// table far from it (records.h). A freed block waits in a queue and is looked at before its
// memory is used again. README.md says what is found, when, and at what cost.
//
// A variant's layer is one struct loam_debug (api.c). All functions are thread-safe. One
// lock guards the tables: it is held for a search and some stores; filling, looking and
// capturing stacks, which take longer, are done without it. The layer calls the heap below
// and reports with the lock free.

#ifndef LOAM_COMMON_DEBUG_DEBUG_H_
#define LOAM_COMMON_DEBUG_DEBUG_H_

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/debug/records.h"
#include "common/debug/zones.h"
#include "common/lock/lock.h"
#include "common/options/options.h"
#include "common/variant/variant.h"

// Invariant: live_blocks = mallocs - frees.
struct loam_counts {
  size_t live_blocks, live_bytes;
  size_t large_blocks, large_bytes;  // of these, what the heap below gives pages of its own
  size_t mallocs, frees;
};

// First in, first out, linked by the records' `link`.
// Invariants:
//   count = its records; bytes = sum of their footprints and records, but for GONE ones
struct loam_queue {
  uint32_t first, last;
  uint32_t looked_at;  // the one that is looked at next, whose turn comes with the frees
  size_t count, bytes;
};

// A heap of one's own; in a mapping of its own.
struct loam_heap {
  struct loam_heap *below;  // as the heap below knows it
  struct loam_heap *prev, *next;
  uint32_t first;    // of its blocks, LIVE, FREEING or WAITING
  uint32_t leaving;  // of its blocks: out of the queue, on their way to the heap below
  bool is_given;     // its memory is the program's, whose pages can always be touched
  bool is_lost;      // there are pages that cannot be touched: its memory must not be used again
  struct loam_counts counts;
};

// All but `base`, `name`, `ready`, `calls` and the options under the lock.
// Invariants:
//   counts = sums over all records that are LIVE; heap->counts over those of the heap
//   a record is in the queue <=> its state is WAITING or GONE
struct loam_debug {
  const struct loam_variant *base;  // the heap below
  const char *name;                 // in reports
  void (*watch_process)(void);      // has its forks and its end told
  atomic_bool ready;                // options are read
  struct loam_options options;
  bool is_json;  // report=json
  struct loam_lock lock;
  struct loam_records records;
  struct loam_queue queue;
  struct loam_counts counts;
  struct loam_heap *heaps;
  uint64_t sequence;    // of the youngest block
  atomic_size_t calls;  // for check_every
};

// How a block comes, and how it ends.
enum { LOAM_ZEROED = 1 };
#define LOAM_ANY_SIZE SIZE_MAX  // a free that names no size

// --- heap.c ------------------------------------------------------------------

// heap NULL: the process's. alignment 0: as malloc aligns. NULL, with errno, where there is none.
void *loam_debug_allocate(struct loam_debug *debug, struct loam_heap *heap, size_t size,
                          size_t alignment, enum loam_family family, int flags);
void *loam_debug_realloc(struct loam_debug *debug, struct loam_heap *heap, void *block,
                         size_t size);
// size LOAM_ANY_SIZE and alignment 0 where the call names none. heap NULL: of any heap.
void loam_debug_free(struct loam_debug *debug, struct loam_heap *heap, void *block, size_t size,
                     size_t alignment, enum loam_family family);
size_t loam_debug_usable_size(struct loam_debug *debug, const void *block);

void loam_debug_set_up(struct loam_debug *debug);

static inline void loam_debug_ensure_set_up(struct loam_debug *debug) {
  // Acquire: pairs with the release in loam_debug_set_up.
  if (!atomic_load_explicit(&debug->ready, memory_order_acquire)) loam_debug_set_up(debug);
}

// The calling thread's number, as the kernel counts; a forked child's is another.
uint32_t loam_debug_thread(void);
void loam_debug_forget_thread(void);

// --- queue.c -----------------------------------------------------------------

// Puts a FREEING record in. Under the lock.
void loam_queue_add(struct loam_debug *debug, uint32_t number);

// A WAITING record that is about to be GONE. Under the lock.
void loam_queue_forget(struct loam_debug *debug, struct loam_record *record);

// Looks at one that waits, and gives blocks back to the heap below as the limit says.
void loam_queue_settle(struct loam_debug *debug, uint32_t stack);

// Gives all back; whether there were any.
bool loam_queue_flush(struct loam_debug *debug);

// --- own_heaps.c -------------------------------------------------------------

struct loam_heap *loam_debug_heap_create(struct loam_debug *debug, void *memory, size_t bytes);
void loam_debug_heap_destroy(struct loam_debug *debug, struct loam_heap *heap);

// Under the lock.
void loam_heap_enlist(struct loam_debug *debug, struct loam_heap *heap, uint32_t number);
void loam_heap_delist(struct loam_debug *debug, struct loam_heap *heap, uint32_t number);

// --- walk.c ------------------------------------------------------------------

// Looks at every block, and proves the invariants. False after a report if one does not hold.
bool loam_debug_check(struct loam_debug *debug);
void loam_debug_stats(struct loam_debug *debug, struct loam_heap *heap, struct loam_stats *stats);
bool loam_debug_trim(struct loam_debug *debug, size_t keep);

void loam_debug_fork_prepare(struct loam_debug *debug);
void loam_debug_fork_parent(struct loam_debug *debug);
void loam_debug_fork_child(struct loam_debug *debug);

#endif  // LOAM_COMMON_DEBUG_DEBUG_H_
