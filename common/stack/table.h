// Stacks kept once each: a stack is a number of 32 bits. For whoever notes many.
//
// Thread-safe. A stack that is known is found without a lock; none is
// ever forgotten.

#ifndef LOAM_COMMON_STACK_TABLE_H_
#define LOAM_COMMON_STACK_TABLE_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
  LOAM_STACK_FRAMES_MAX = 64,
  LOAM_STACK_INNER_MAX = 8,  // that a capture may have beside them, of the allocator's own
};

// The number of a stack of up to LOAM_STACK_FRAMES_MAX frames; 0 for an empty one, and where
// there is no memory for a new one.
uint32_t loam_stack_intern(const uintptr_t *frames, size_t count);

// Has the table whole in forked children. To be called before whoever calls loam_stack_intern with
// a lock that a fork takes registers that lock: the table's is taken last.
void loam_stack_table_watch_forks(void);

// The frames of a stack, and how many; good for ever. None for 0.
const uintptr_t *loam_stack_frames(uint32_t stack, size_t *count);

// What the table itself has mapped, in bytes.
size_t loam_stack_table_bytes(void);

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  // LOAM_COMMON_STACK_TABLE_H_
