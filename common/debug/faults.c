#include "common/debug/faults.h"

#include <sched.h>
#include <stdatomic.h>

#include "common/check/fault.h"
#include "common/debug/debug.h"
#include "common/debug/report.h"
#include "common/stack/stack.h"
#include "common/stack/table.h"

enum {
  LOCK_TRIES = 1000,      // the thread that faulted may hold the lock itself
  FRAMES_OF_HANDLER = 3,  // this file's, and the handler that calls it
};

static struct loam_debug *watched;

static bool take_lock(void) {
  for (int i = 0; i < LOCK_TRIES; i++) {
    if (loam_lock_try(&watched->lock)) return true;
    sched_yield();
  }
  return false;
}

// Whether the address is one of a freed block that faults; *copy is the record.
static bool find_freed(const void *address, struct loam_record *copy) {
  if (!take_lock()) return false;
  const struct loam_record *record = loam_record_around(&watched->records, address);
  bool is_freed = record != NULL && record->state == LOAM_WAITING && record->is_forbidden != 0;
  if (is_freed) *copy = *record;
  loam_lock_release(&watched->lock);
  return is_freed;
}

static bool tell(const void *address) {
  struct loam_record record;
  if (!find_freed(address, &record)) return false;
  uintptr_t frames[LOAM_STACK_FRAMES_MAX];
  size_t count = loam_stack_capture(frames, watched->options.stack_frames, FRAMES_OF_HANDLER, NULL);
  loam_debug_report(watched, &(struct loam_finding){
                                 .kind = "use_after_free",
                                 .what = "accessed after free",
                                 .address = address,
                                 .record = &record,
                                 .stack = loam_stack_intern(frames, count),
                             });
  return true;
}

void loam_debug_watch_faults(struct loam_debug *debug) {
  static atomic_flag is_taken = ATOMIC_FLAG_INIT;
  // Relaxed: it only says who was first.
  if (atomic_flag_test_and_set_explicit(&is_taken, memory_order_relaxed)) return;
  watched = debug;
  loam_fault_watch(tell);
}
