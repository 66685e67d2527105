#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/check/report.h"
#include "common/debug/debug.h"
#include "common/debug/faults.h"
#include "common/debug/report.h"
#include "common/debug/threads.h"
#include "common/stack/stack.h"
#include "common/stack/table.h"

enum { ALIGNMENT_MIN = 16 };

// --- Setting up --------------------------------------------------------------

static void read_options(struct loam_debug *debug) {
  // The heap below has read them too, and said what is wrong.
  loam_options_from_environment(&debug->options, NULL);
  const char *report = debug->options.report;
  debug->is_json = strcmp(report, "json") == 0;
  if (report[0] != 0 && !debug->is_json && strcmp(report, "text") != 0) {
    loam_warn(debug->name, "LOAM_OPTIONS: neither text nor json, ignored: report");
  }
}

void loam_debug_set_up(struct loam_debug *debug) {
  loam_lock_acquire(&debug->lock);
  // Relaxed: the lock orders. Release: whoever sees `ready` sees the options.
  bool is_first = !atomic_load_explicit(&debug->ready, memory_order_relaxed);
  if (is_first) {
    read_options(debug);
    loam_debug_watch_faults(debug);
    atomic_store_explicit(&debug->ready, true, memory_order_release);
  }
  loam_lock_release(&debug->lock);
  if (is_first) debug->watch_process();
}

static __thread uint32_t my_thread __attribute__((tls_model("initial-exec")));
static __thread struct loam_stack_memo my_last_stack __attribute__((tls_model("initial-exec")));

uint32_t loam_debug_thread(void) {
  if (my_thread == 0) {
    my_thread = (uint32_t)syscall(SYS_gettid);
    loam_threads_watch();
  }
  return my_thread;
}

void loam_debug_forget_thread(void) { my_thread = 0; }

// The stack without this function and the one that calls it.
__attribute__((noinline)) static uint32_t capture(const struct loam_debug *debug) {
  uintptr_t frames[LOAM_STACK_FRAMES_MAX];
  int saved_errno = errno;
  loam_debug_thread();  // now: it may allocate where the thread is new, and the lock is free
  size_t count = loam_stack_capture(frames, debug->options.stack_frames, 2, &my_last_stack);
  uint32_t stack = loam_stack_intern(frames, count);
  errno = saved_errno;
  return stack;
}

// --- Counting ----------------------------------------------------------------

static void count_in(struct loam_counts *counts, const struct loam_record *record, bool is_large) {
  counts->live_blocks++;
  counts->live_bytes += record->size;
  counts->large_blocks += is_large;
  counts->large_bytes += is_large ? record->size : 0;
  counts->mallocs++;
}

static void count_out(struct loam_counts *counts, const struct loam_record *record, bool is_large) {
  counts->live_blocks--;
  counts->live_bytes -= record->size;
  counts->large_blocks -= is_large;
  counts->large_bytes -= is_large ? record->size : 0;
  counts->frees++;
}

static bool is_large(const struct loam_debug *debug, const struct loam_record *record) {
  return loam_record_footprint(record) >= debug->options.large_bytes;
}

// --- Allocating --------------------------------------------------------------

struct request {
  struct loam_heap *heap;
  size_t size, alignment;
  enum loam_family family;
  int flags;
  uint32_t stack;
};

static void *base_allocate(const struct loam_debug *debug, const struct request *request) {
  const struct loam_variant *base = debug->base;
  size_t alignment = request->alignment;
  size_t bytes = loam_front_bytes(alignment) + request->size + LOAM_ZONE_BYTES;
  bool is_zeroed = (request->flags & LOAM_ZEROED) != 0;
  if (request->heap != NULL) {
    struct loam_heap *below = request->heap->below;
    if (alignment > ALIGNMENT_MIN) return base->heap_aligned_alloc(below, alignment, bytes);
    return is_zeroed ? base->heap_calloc(below, 1, bytes) : base->heap_malloc(below, bytes);
  }
  if (alignment > ALIGNMENT_MIN) return base->aligned_alloc(alignment, bytes);
  return is_zeroed ? base->calloc(1, bytes) : base->malloc(bytes);
}

// Makes the block known; false where there is no memory for that.
static bool enlist(struct loam_debug *debug, const struct request *request, void *block) {
  loam_lock_acquire(&debug->lock);
  uint32_t number;
  struct loam_record *record = loam_record_add(&debug->records, block, &number);
  if (record != NULL) {
    record->size = request->size;
    record->heap = request->heap;
    record->sequence = ++debug->sequence;
    record->alloc_stack = request->stack;
    record->alloc_thread = loam_debug_thread();
    record->family = (uint8_t)request->family;
    record->alignment_log2 = (uint8_t)__builtin_ctzl(request->alignment);
    record->state = LOAM_LIVE;
    loam_fill_zones(record);  // before a walk can see it
    if (request->heap != NULL) loam_heap_enlist(debug, request->heap, number);
    count_in(&debug->counts, record, is_large(debug, record));
    if (request->heap != NULL) {
      count_in(&request->heap->counts, record, is_large(debug, record));
    }
  }
  loam_lock_release(&debug->lock);
  return record != NULL;
}

static void fill_new(const struct request *request, void *block) {
  const struct loam_record as_record = {.hidden = ~(uintptr_t)block, .size = request->size};
  bool is_zeroed = (request->flags & LOAM_ZEROED) != 0;
  if (!is_zeroed) {
    loam_fill_block(&as_record, LOAM_FILL_NEW);
  } else if (request->alignment > ALIGNMENT_MIN) {
    memset(block, 0, request->size);
  }
}

static void *allocate(struct loam_debug *debug, const struct request *request) {
  size_t front = loam_front_bytes(request->alignment);
  // The heap below refuses what is over PTRDIFF_MAX.
  if (request->size > PTRDIFF_MAX || front > PTRDIFF_MAX) {
    errno = ENOMEM;
    return NULL;
  }
  int saved_errno = errno;
  char *base = base_allocate(debug, request);
  // What waits may be what is wanting.
  if (base == NULL && loam_queue_flush(debug)) base = base_allocate(debug, request);
  if (base == NULL) return NULL;
  void *block = base + front;
  fill_new(request, block);
  if (!enlist(debug, request, block)) {
    debug->base->free(base);
    errno = ENOMEM;
    return NULL;
  }
  errno = saved_errno;
  return block;
}

static void count_call(struct loam_debug *debug) {
  size_t every = debug->options.check_every;
  // Relaxed: only a number.
  if (every == 0) return;
  if ((atomic_fetch_add_explicit(&debug->calls, 1, memory_order_relaxed) + 1) % every != 0) return;
  if (!loam_debug_check(debug)) abort();
}

void *loam_debug_allocate(struct loam_debug *debug, struct loam_heap *heap, size_t size,
                          size_t alignment, enum loam_family family, int flags) {
  loam_debug_ensure_set_up(debug);
  struct request request = {
      .heap = heap,
      .size = size,
      .alignment = alignment < ALIGNMENT_MIN ? ALIGNMENT_MIN : alignment,
      .family = family,
      .flags = flags,
      .stack = capture(debug),
  };
  count_call(debug);
  return allocate(debug, &request);
}

// --- Finding the block that a call means -------------------------------------

// Ends the process: there is no live block at this address. Gives up the lock.
static _Noreturn void refuse(struct loam_debug *debug, const void *block, uint32_t stack,
                             const char *call) {
  uint32_t number;
  const struct loam_record *record = loam_record_find(&debug->records, block, &number);
  bool is_known = record != NULL;
  if (!is_known) record = loam_record_around(&debug->records, block);
  struct loam_record copy = record != NULL ? *record : (struct loam_record){0};
  loam_lock_release(&debug->lock);
  struct loam_finding finding = {.kind = "invalid_pointer",
                                 .address = block,
                                 .record = record != NULL ? &copy : NULL,
                                 .stack = stack};
  struct loam_line what = {0};
  loam_line_text(&what, call);
  if (is_known) {
    finding.kind = strcmp(call, "free") == 0 ? "double_free" : "use_after_free";
    loam_line_text(
        &what, strcmp(call, "free") == 0 ? " of a freed block (double free)" : " of a freed block");
  } else if (record == NULL) {
    loam_line_text(&what, " of what is not a block");
  } else {
    bool is_before = (uintptr_t)block < (uintptr_t)loam_record_block(record);
    bool is_inside =
        !is_before && (uintptr_t)block < (uintptr_t)loam_record_block(record) + record->size;
    loam_line_text(&what, is_before   ? " of an address before a block"
                          : is_inside ? " of an address inside a block"
                                      : " of an address behind a block");
  }
  finding.what = what.text;
  loam_debug_fatal(debug, &finding);
}

// The live block that a call names. Under the lock, which it gives up where there is none.
static struct loam_record *live_block(struct loam_debug *debug, const void *block, uint32_t stack,
                                      const char *call, uint32_t *number) {
  struct loam_record *record = loam_record_find(&debug->records, block, number);
  if (record == NULL || record->state != LOAM_LIVE) refuse(debug, block, stack, call);
  return record;
}

// How a call that ends a block contradicts what is known of it.
struct ending {
  struct loam_heap *heap;
  size_t size, alignment;
  enum loam_family family;
};

static const char *const ends_with[] = {
    [LOAM_BY_MALLOC] = "is to be ended by free",
    [LOAM_BY_NEW] = "is to be ended by delete",
    [LOAM_BY_NEW_ARRAY] = "is to be ended by delete[]",
};

static void prove_ending(const struct loam_debug *debug, const struct loam_record *record,
                         const struct ending *ending, uint32_t stack) {
  struct loam_finding finding = {
      .address = loam_record_block(record), .record = record, .stack = stack};
  if (ending->heap != NULL && record->heap != ending->heap) {
    finding.kind = "wrong_heap";
    finding.what = "block of another heap";
  } else if (debug->options.check_family != 0 && record->family != ending->family) {
    finding.kind = "wrong_family";
    finding.what = ends_with[record->family];
  } else if (ending->size != LOAM_ANY_SIZE && ending->size != record->size) {
    finding.kind = "wrong_size";
    finding.what = "freed with another size than it was asked for with";
  } else if ((uintptr_t)finding.address % (ending->alignment | (ending->alignment == 0)) != 0) {
    finding.kind = "wrong_alignment";
    finding.what = "freed with an alignment that it does not have";
  }
  if (finding.kind != NULL) loam_debug_fatal(debug, &finding);
}

// --- Freeing -----------------------------------------------------------------

static void end_block(struct loam_debug *debug, void *block, const struct ending *ending,
                      uint32_t stack, const char *call) {
  loam_lock_acquire(&debug->lock);
  uint32_t number;
  struct loam_record *record = live_block(debug, block, stack, call, &number);
  struct loam_record copy = *record;
  record->state = LOAM_FREEING;  // from here on it is this thread's alone
  record->free_stack = stack;
  record->free_thread = loam_debug_thread();
  loam_lock_release(&debug->lock);

  prove_ending(debug, &copy, ending, stack);
  loam_debug_prove(debug, &copy, stack);
  if (record->heap == NULL || !record->heap->is_given) loam_forbid_block(record);
  loam_fill_block(record, LOAM_FILL_FREED);

  loam_lock_acquire(&debug->lock);
  count_out(&debug->counts, record, is_large(debug, record));
  if (record->heap != NULL) count_out(&record->heap->counts, record, is_large(debug, record));
  loam_queue_add(debug, number);
  loam_lock_release(&debug->lock);
  loam_queue_settle(debug, stack);
}

void loam_debug_free(struct loam_debug *debug, struct loam_heap *heap, void *block, size_t size,
                     size_t alignment, enum loam_family family) {
  if (block == NULL) return;
  loam_debug_ensure_set_up(debug);
  int saved_errno = errno;
  struct ending ending = {.heap = heap, .size = size, .alignment = alignment, .family = family};
  end_block(debug, block, &ending, capture(debug), "free");
  count_call(debug);
  errno = saved_errno;
}

// --- Realloc and size --------------------------------------------------------

// Always moves, so that who keeps the old address is found out.
void *loam_debug_realloc(struct loam_debug *debug, struct loam_heap *heap, void *block,
                         size_t size) {
  loam_debug_ensure_set_up(debug);
  uint32_t stack = capture(debug);
  count_call(debug);
  loam_lock_acquire(&debug->lock);
  uint32_t number;
  struct loam_record copy = *live_block(debug, block, stack, "realloc", &number);
  loam_lock_release(&debug->lock);
  struct ending ending = {.heap = heap, .size = LOAM_ANY_SIZE, .family = LOAM_BY_MALLOC};
  prove_ending(debug, &copy, &ending, stack);
  loam_debug_prove(debug, &copy, stack);
  struct request request = {
      .heap = copy.heap, .size = size, .alignment = ALIGNMENT_MIN, .stack = stack};
  void *moved = allocate(debug, &request);
  if (moved == NULL) return NULL;
  memcpy(moved, block, copy.size < size ? copy.size : size);
  int saved_errno = errno;
  end_block(debug, block, &ending, stack, "realloc");
  errno = saved_errno;
  return moved;
}

size_t loam_debug_usable_size(struct loam_debug *debug, const void *block) {
  if (block == NULL) return 0;
  loam_debug_ensure_set_up(debug);
  loam_debug_thread();
  loam_lock_acquire(&debug->lock);
  uint32_t number;
  struct loam_record *record = loam_record_find(&debug->records, block, &number);
  if (record == NULL || record->state != LOAM_LIVE) {
    refuse(debug, block, capture(debug), "usable size");
  }
  size_t size = record->size;
  loam_lock_release(&debug->lock);
  return size;
}
