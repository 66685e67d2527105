// What is known of a thread's last stack, so that a capture (stack.h) unwinds only what is new.
//
// The rest of a stack is as it was if, from some frame on outwards, each return address stands
// where it stood. That proves itself from the inside out: the code at one address says how far away
// the next lies, where its function's frame has a fixed size. Where it has not, compilers keep the
// frame's base in a register, which the functions that it calls save; so that has to be as it was,
// too. What goes on far away, as on another stack, is not believed. (Assembly that changes between
// stacks which lie side by side could have the wrong one recalled.)

#ifndef LOAM_COMMON_STACK_MEMO_H_
#define LOAM_COMMON_STACK_MEMO_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/stack/table.h"

// Where calls leave return addresses, and which register holds bases, is known of the x86-64 alone;
// elsewhere nothing is recalled.
#if defined(__x86_64__)
enum { LOAM_CAN_RECALL = 1 };
#else
enum { LOAM_CAN_RECALL = 0 };
#endif

enum { LOAM_MEMO_FRAMES_MAX = LOAM_STACK_FRAMES_MAX + LOAM_STACK_INNER_MAX };

// Invariants, from the capture to the end of the calls in the stack:
//   the word below `top` is `address`, the return address of the call into the frame before;
//   but 0 is a top that is not known
//   base = 0, or the base register holds it in this frame and it lies there: base + 16 = the next
//   one's top where base_slot is not 0
//   the word at base_slot is base; but 0: not known, which proves nothing, and a slot below all
//   tops, as LOAM_BASE_INSIDE: saved further in than what the memo has
struct loam_known_frame {
  uintptr_t address, top;
  uintptr_t base, base_slot;
};

enum { LOAM_BASE_INSIDE = 1 };

// Of one thread at a time; all zero is ready.
struct loam_stack_memo {
  size_t count;
  bool is_whole;  // the last frame is the outermost
  struct loam_known_frame frames[LOAM_MEMO_FRAMES_MAX];
};

// What an unwinder finds: a frame, and what the base register holds there.
struct loam_found_frame {
  uintptr_t address, top, base_register;
};

// A walk up the stack, innermost frame first.
struct loam_stack_walk {
  struct loam_stack_memo *memo;  // or NULL
  size_t wanted;                 // frames, at most LOAM_MEMO_FRAMES_MAX
  size_t next;                   // of the memo's frames: those before it are further in
  size_t count;
  bool has_recalled;                // the rest is in the memo, from `next` on
  struct loam_found_frame *frames;  // room for all that are wanted
};

// Whether the rest of the stack, from this frame on, is as the memo has it, and enough of it.
bool loam_memo_recall(struct loam_stack_walk *walk, struct loam_found_frame frame);

// Has the memo, which there is, hold what the walk found and recalled. `is_whole`: it came to the
// outermost frame.
void loam_memo_update(const struct loam_stack_walk *walk, bool is_whole);

#endif  // LOAM_COMMON_STACK_MEMO_H_
