#include "common/stack/memo.h"

#include <string.h>

#define WORD sizeof(uintptr_t)

enum { FRAME_BYTES_MAX = 1 << 18 };  // what is farther away may be on another stack

// Other functions' frames, which sanitizers see as theirs alone.
__attribute__((no_sanitize_address, no_sanitize_thread)) static uintptr_t word_at(uintptr_t place) {
  return *(const uintptr_t *)place;
}

// --- Recalling ---------------------------------------------------------------

// `innermost` is the first frame that is recalled.
static bool has_its_base(const struct loam_known_frame *frame, struct loam_found_frame innermost) {
  if (frame->base == 0) return true;
  if (frame->base_slot == 0) return false;
  if (frame->base_slot < innermost.top) return frame->base == innermost.base_register;
  return word_at(frame->base_slot) == frame->base;
}

bool loam_memo_recall(struct loam_stack_walk *walk, struct loam_found_frame frame) {
  const struct loam_stack_memo *memo = walk->memo;
  if (!LOAM_CAN_RECALL || memo == NULL || frame.top == 0) return false;
  while (walk->next < memo->count && memo->frames[walk->next].top < frame.top) walk->next++;
  const struct loam_known_frame *known = &memo->frames[walk->next];
  size_t left = memo->count - walk->next;
  if (left == 0 || known->top != frame.top || known->address != frame.address) return false;
  if (!memo->is_whole && walk->count + left < walk->wanted) return false;
  for (size_t i = 0; i < left; i++) {
    if (i > 0 && known[i].top - known[i - 1].top > FRAME_BYTES_MAX) return false;
    if (known[i].top == 0 || word_at(known[i].top - WORD) != known[i].address) return false;
    if (!has_its_base(&known[i], frame)) return false;
  }
  walk->has_recalled = true;
  return true;
}

// --- Updating ----------------------------------------------------------------

enum { SAVED_WORDS = 6 };  // registers that a function has to save

// The only one of the words that a function saves first that is `value`, or 0. They lie below
// its return address at top - WORD; its frame begins at `bottom`.
static uintptr_t saved_at(uintptr_t bottom, uintptr_t top, uintptr_t value) {
  uintptr_t place = 0;
  for (size_t i = 2; i < SAVED_WORDS + 2 && top - i * WORD >= bottom; i++) {
    if (word_at(top - i * WORD) != value) continue;
    if (place != 0) return 0;
    place = top - i * WORD;
  }
  return place;
}

// Where a base is saved that the register holds in the frame after the first `count`, called from
// there with this top.
static uintptr_t slot_of(const struct loam_stack_walk *walk, size_t count, uintptr_t base,
                         uintptr_t top) {
  const struct loam_found_frame *frames = walk->frames;
  for (; count > 0 && frames[count - 1].base_register == base; count--) top = frames[count - 1].top;
  if (count == 0) return LOAM_BASE_INSIDE;
  uintptr_t bottom = frames[count - 1].top;
  return bottom == 0 || top < bottom ? 0 : saved_at(bottom, top, base);
}

static void note_base(const struct loam_stack_walk *walk, size_t i) {
  struct loam_known_frame *frame = &walk->memo->frames[i];
  frame->base = frame->base_slot = 0;
  if (i + 1 >= walk->memo->count) return;
  uintptr_t base = walk->frames[i].base_register;
  bool is_inside = base >= frame->top && base < frame[1].top;
  if (!is_inside) return;
  frame->base = base;
  // One that is aligned, and keeps where it began elsewhere: that place is not known.
  if (base + 2 * WORD != frame[1].top) return;
  frame->base_slot = slot_of(walk, i, frame->base, frame->top);
}

void loam_memo_update(const struct loam_stack_walk *walk, bool is_whole) {
  struct loam_stack_memo *memo = walk->memo;
  size_t found = walk->count;
  size_t kept = walk->has_recalled ? memo->count - walk->next : 0;
  if (walk->has_recalled) is_whole = memo->is_whole;
  if (kept > LOAM_MEMO_FRAMES_MAX - found) {
    kept = LOAM_MEMO_FRAMES_MAX - found;
    is_whole = false;
  }
  memmove(&memo->frames[found], &memo->frames[walk->next], kept * sizeof *memo->frames);
  memo->count = found + kept;
  memo->is_whole = is_whole;
  for (size_t i = 0; i < found; i++) {
    memo->frames[i].address = walk->frames[i].address;
    memo->frames[i].top = walk->frames[i].top;
  }
  if (!LOAM_CAN_RECALL) return;
  for (size_t i = 0; i < found; i++) note_base(walk, i);
  // What was saved further in than what was kept is now saved elsewhere.
  for (size_t i = found; i < memo->count && found > 0; i++) {
    struct loam_known_frame *frame = &memo->frames[i];
    uintptr_t first = memo->frames[found].top;
    if (frame->base == 0 || frame->base_slot >= first || frame->base_slot == 0) continue;
    frame->base_slot = slot_of(walk, found, frame->base, first);
  }
}
