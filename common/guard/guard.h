// Guarded blocks: each on pages of its own between pages that fault, right-aligned, so that an
// access behind its end faults at once, and one after its free for as long as its slot waits.
//
//   | guard | unused ... block | guard | unused ... block | guard | ...
//           '------ slot 0 ----'       '------ slot 1 ----'
//
// Slots are bounded in number and used again in the order in which they were freed. What lies
// between a block and the ends of its pages holds a pattern, which its free looks at: a write
// that did not fault is found there.
//
// A fault in here is reported from a handler of SIGSEGV, with the stacks of the block's
// allocation and free, and then left to whoever handled the signal before.
//
// Thread-safe: one lock, which the handler does not take.
//
// Invariants, under the lock:
//   live = slots that are LIVE; each slot that is not is in the queue once
//   a slot that is not LIVE cannot be accessed, unless the kernel refused that

#ifndef LOAM_COMMON_GUARD_GUARD_H_
#define LOAM_COMMON_GUARD_GUARD_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/lock/lock.h"
#include "common/stats/stats.h"

enum {
  LOAM_GUARD_SLOTS = 256,
  LOAM_GUARD_BYTES_MAX = 32768,  // of a block
};

enum loam_guard_state { LOAM_GUARD_UNUSED, LOAM_GUARD_LIVE, LOAM_GUARD_FREED };

struct loam_guard_slot {
  char *block;
  size_t bytes;  // that were asked for, and may be used
  enum loam_guard_state state;
  uint32_t allocated, freed;  // stacks (common/stack/table.h)
};

// All zero is empty.
struct loam_guard {
  const char *variant;  // in reports
  struct loam_lock lock;
  char *start;  // NULL: there is none
  size_t page, slot_bytes, stride, bytes;
  size_t live, malloc_calls, free_calls;
  size_t queue_first, queue_length;
  uint16_t queue[LOAM_GUARD_SLOTS];  // slots that wait, the longest first
  struct loam_guard_slot slots[LOAM_GUARD_SLOTS];
};

// Reserves the pages and handles SIGSEGV from now on. There is one guard in a process. False
// without address space.
bool loam_guard_set_up(struct loam_guard *guard, const char *variant);

// A block of exactly so many bytes that reads as zero, at a multiple of `alignment` (a power of
// two); NULL where it would be too large, all slots are live, or memory has run out.
void *loam_guard_malloc(struct loam_guard *guard, size_t bytes, size_t alignment,
                        const uintptr_t *frames, size_t count);

// Whether an address is among the slots.
static inline bool loam_guard_has(const struct loam_guard *guard, const void *address) {
  return (uintptr_t)address - (uintptr_t)guard->start < guard->bytes;
}

// The bytes of a live block. Of an address among the slots that is none: a report, and the end.
size_t loam_guard_usable(struct loam_guard *guard, const void *block);

// Frees a block. What is none, or was written around: a report, and the end.
void loam_guard_free(struct loam_guard *guard, void *block, const uintptr_t *frames, size_t count);

// Adds what it holds.
void loam_guard_stats(struct loam_guard *guard, struct loam_stats *stats);

// Proves the invariants but the last; the slot or guard that breaks one, or NULL.
const void *loam_guard_check(struct loam_guard *guard);

// Of guard.c and report.c: the slot that an address belongs to, with the guard page behind it.
static inline size_t loam_guard_slot_of(const struct loam_guard *guard, const char *address) {
  size_t offset = (size_t)(address - guard->start);
  if (offset < guard->page) return 0;
  size_t slot = (offset - guard->page) / guard->stride;
  return slot < LOAM_GUARD_SLOTS ? slot : LOAM_GUARD_SLOTS - 1;
}

// Writes a report about an address and the block of a slot, with its stacks.
void loam_guard_report(const struct loam_guard *guard, const struct loam_guard_slot *slot,
                       const void *address, const char *what);

// Likewise of where a free was called from, and ends the process. Gives the lock up: what runs at
// its end may free.
void loam_guard_fail(struct loam_guard *guard, const struct loam_guard_slot *slot,
                     const void *address, const char *what) __attribute__((cold, noreturn));

// Tells of faults from now on.
void loam_guard_watch(struct loam_guard *guard);

#endif  // LOAM_COMMON_GUARD_GUARD_H_
