// What is said of a guarded block, and of an access beside one.

#include "common/check/report.h"

#include <stdlib.h>
#include <unistd.h>

#include "common/check/fault.h"
#include "common/guard/guard.h"
#include "common/stack/stack.h"
#include "common/stack/symbols.h"
#include "common/stack/table.h"

static void print_stack(const char *title, uint32_t stack) {
  size_t count;
  const uintptr_t *frames = loam_stack_frames(stack, &count);
  struct loam_line line = {0};
  loam_line_text(&line, title);
  if (count == 0) loam_line_text(&line, " (no stack)");
  loam_line_write(&line, STDERR_FILENO);
  if (count != 0) loam_stack_print(STDERR_FILENO, frames, count, "    ");
}

static size_t distance(const char *from, const char *to) { return (size_t)(to - from); }

// "16 bytes behind a block of 100 bytes at 0x..."
static void print_place(const struct loam_guard_slot *slot, const char *address) {
  struct loam_line line = {0};
  const char *end = slot->block + slot->bytes;
  loam_line_text(&line, "  ");
  if (address < slot->block) {
    loam_line_decimal(&line, distance(address, slot->block));
    loam_line_text(&line, " bytes before");
  } else if (address >= end) {
    loam_line_decimal(&line, distance(end, address));
    loam_line_text(&line, " bytes behind");
  } else {
    loam_line_decimal(&line, distance(slot->block, address));
    loam_line_text(&line, " bytes into");
  }
  loam_line_text(&line, slot->state == LOAM_GUARD_FREED ? " a freed block of " : " a block of ");
  loam_line_decimal(&line, slot->bytes);
  loam_line_text(&line, " bytes at ");
  loam_line_pointer(&line, slot->block);
  loam_line_write(&line, STDERR_FILENO);
}

void loam_guard_report(const struct loam_guard *guard, const struct loam_guard_slot *slot,
                       const void *address, const char *what) {
  loam_complain(guard->variant, address, what);
  if (slot->state == LOAM_GUARD_UNUSED) return;
  bool has_names = loam_symbols_open();
  print_place(slot, address);
  print_stack("  allocated at", slot->allocated);
  if (slot->state == LOAM_GUARD_FREED) print_stack("  freed at", slot->freed);
  if (has_names) loam_symbols_close();
}

static __attribute__((noinline)) void report_here(void) {
  uintptr_t frames[LOAM_STACK_FRAMES_MAX];
  size_t count = loam_stack_capture(frames, LOAM_STACK_FRAMES_MAX, 1, NULL);
  struct loam_line line = {0};
  loam_line_text(&line, "  found at");
  loam_line_write(&line, STDERR_FILENO);
  bool has_names = loam_symbols_open();
  loam_stack_print(STDERR_FILENO, frames, count, "    ");
  if (has_names) loam_symbols_close();
}

void loam_guard_fail(struct loam_guard *guard, const struct loam_guard_slot *slot,
                     const void *address, const char *what) {
  loam_guard_report(guard, slot, address, what);
  report_here();
  loam_lock_release(&guard->lock);
  abort();
}

// --- Faults ------------------------------------------------------------------

static struct loam_guard *watched;

// The slot whose block is nearest: behind the one on the left, or before the one on the right.
static const struct loam_guard_slot *nearest(const struct loam_guard *guard, const char *address) {
  size_t number = loam_guard_slot_of(guard, address);
  const struct loam_guard_slot *left = &guard->slots[number];
  if (number + 1 == LOAM_GUARD_SLOTS || left->state == LOAM_GUARD_UNUSED) return left;
  const struct loam_guard_slot *right = left + 1;
  bool is_behind = address >= left->block + left->bytes;
  if (!is_behind || right->state == LOAM_GUARD_UNUSED) return left;
  return distance(left->block + left->bytes, address) <= distance(address, right->block) ? left
                                                                                         : right;
}

static const char *what_happened(const struct loam_guard_slot *slot, const char *address) {
  if (slot->state == LOAM_GUARD_FREED) return "use after free";
  if (slot->state == LOAM_GUARD_UNUSED) return "access to what was never handed out";
  return address < slot->block ? "underflow" : "overflow";
}

static bool tell(const void *address) {
  if (!loam_guard_has(watched, address)) return false;
  const struct loam_guard_slot *slot = nearest(watched, address);
  loam_guard_report(watched, slot, address, what_happened(slot, address));
  report_here();
  return true;
}

void loam_guard_watch(struct loam_guard *guard) {
  watched = guard;
  loam_fault_watch(tell);
}
