#include "common/stack/stack.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/auxv.h>
#include <unwind.h>

#include "common/stack/symbols.h"

// In a program without a loader the unwinder finds nothing, and aborts, until libc has set itself
// up; which it has when constructors are called. (Relaxed: it orders nothing, and a thread that
// runs on at the end finds one or the other.)
static _Atomic(bool) is_set_up;

__attribute__((constructor(101))) static void set_up(void) {
  atomic_store_explicit(&is_set_up, true, memory_order_relaxed);
}

// At the end it frees what it knows, with a lock held that unwinding would wait for.
__attribute__((destructor)) static void tear_down(void) {
  atomic_store_explicit(&is_set_up, false, memory_order_relaxed);
}

static bool can_unwind(void) {
  return atomic_load_explicit(&is_set_up, memory_order_relaxed) || getauxval(AT_BASE) != 0;
}

// The unwinder may allocate at its first use, and a signal handler that allocates may come in
// the midst of it: what is asked for then has no stack. (Of the thread itself, so plain.)
static __thread bool is_capturing __attribute__((tls_model("initial-exec")));

enum { BASE_REGISTER = 6 };  // rbp

struct unwinding {
  struct loam_stack_walk walk;
  uintptr_t last_top;
  bool is_own;    // what comes next is the frame of the capture itself
  bool is_whole;  // the outermost frame was seen
};

static _Unwind_Reason_Code visit(struct _Unwind_Context *context, void *argument) {
  struct unwinding *unwinding = argument;
  struct loam_stack_walk *walk = &unwinding->walk;
  int is_interrupted = 0;
  struct loam_found_frame frame = {.address = _Unwind_GetIPInfo(context, &is_interrupted)};
  unwinding->is_whole = frame.address == 0;
  if (unwinding->is_whole) return _URC_END_OF_STACK;
  uintptr_t top = _Unwind_GetCFA(context);
  frame.address += is_interrupted != 0;
  // What a signal interrupted did not call, and left no address.
  if (!is_interrupted) frame.top = top;
  if (LOAM_CAN_RECALL) frame.base_register = _Unwind_GetGR(context, BASE_REGISTER);
  // A stack that does not go on is one that the unwinder lost.
  bool is_stuck = walk->count > 0 && top == unwinding->last_top &&
                  walk->frames[walk->count - 1].address == frame.address;
  unwinding->last_top = top;
  if (unwinding->is_own) {
    unwinding->is_own = false;
    return _URC_NO_REASON;
  }
  // (Some unwinders give back what ends the walk: it must not look like the stack's end.)
  if (is_stuck || walk->count == walk->wanted || loam_memo_recall(walk, frame)) {
    return _URC_NORMAL_STOP;
  }
  walk->frames[walk->count++] = frame;
  return _URC_NO_REASON;
}

__attribute__((noinline)) size_t loam_stack_capture(uintptr_t *frames, size_t max, size_t skip,
                                                    struct loam_stack_memo *memo) {
  if (is_capturing || !can_unwind()) return 0;
  is_capturing = true;
  atomic_signal_fence(memory_order_seq_cst);  // a handler finds it set as long as the memo changes
  struct loam_found_frame found[LOAM_MEMO_FRAMES_MAX];
  size_t wanted = skip + max < LOAM_MEMO_FRAMES_MAX ? skip + max : LOAM_MEMO_FRAMES_MAX;
  struct unwinding unwinding = {.is_own = true,
                                .walk = {.memo = memo, .wanted = wanted, .frames = found}};
  struct loam_stack_walk *walk = &unwinding.walk;
  struct loam_found_frame caller = {.address = (uintptr_t)__builtin_return_address(0),
                                    .top = (uintptr_t)__builtin_dwarf_cfa(),
                                    .base_register = *(uintptr_t *)__builtin_frame_address(0)};
  if (!loam_memo_recall(walk, caller) &&
      _Unwind_Backtrace(visit, &unwinding) == _URC_END_OF_STACK) {
    unwinding.is_whole = true;
  }
  if (memo != NULL) loam_memo_update(walk, unwinding.is_whole);
  size_t all = memo != NULL ? memo->count : walk->count;
  size_t count = 0;
  for (size_t i = skip; i < all && count < max; i++) {
    frames[count++] = memo != NULL ? memo->frames[i].address : found[i].address;
  }
  atomic_signal_fence(memory_order_seq_cst);
  is_capturing = false;
  return count;
}

// --- Telling -----------------------------------------------------------------

enum { NAME_BYTES_MAX = 200 };  // of a function's name in a line: mangled ones have no end

static void append_name(struct loam_line *line, const char *name) {
  char text[NAME_BYTES_MAX + 4];
  size_t length = strnlen(name, NAME_BYTES_MAX + 1);
  bool is_cut = length > NAME_BYTES_MAX;
  if (is_cut) length = NAME_BYTES_MAX;
  memcpy(text, name, length);
  memcpy(text + length, is_cut ? "..." : "", is_cut ? 4 : 1);
  loam_line_text(line, text);
}

static void append_symbol(struct loam_line *line, const struct loam_symbol *symbol) {
  if (symbol->function != NULL) {
    loam_line_text(line, " ");
    append_name(line, symbol->function);
    loam_line_text(line, "+");
    loam_line_pointer(line, (const void *)symbol->function_offset);
  }
  loam_line_text(line, " (");
  loam_line_text(line, symbol->module);
  loam_line_text(line, "+");
  loam_line_pointer(line, (const void *)symbol->module_offset);
  loam_line_text(line, ")");
}

void loam_stack_print(int fd, const uintptr_t *frames, size_t count, const char *indent) {
  for (size_t i = 0; i < count; i++) {
    struct loam_line line = {0};
    loam_line_text(&line, indent);
    loam_line_text(&line, "#");
    loam_line_decimal(&line, i);
    loam_line_text(&line, " ");
    loam_line_pointer(&line, (const void *)(frames[i] - 1));
    struct loam_symbol symbol;
    if (loam_symbol_find(frames[i] - 1, &symbol)) append_symbol(&line, &symbol);
    loam_line_write(&line, fd);
  }
}
