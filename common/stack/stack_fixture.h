// Stacks, and calls that stay in them.

#ifndef LOAM_COMMON_STACK_STACK_FIXTURE_H_
#define LOAM_COMMON_STACK_STACK_FIXTURE_H_

#include "common/stack/stack.h"

enum { FRAMES = LOAM_STACK_FRAMES_MAX };

struct stack {
  uintptr_t frames[FRAMES];
  size_t count;
};

// The compiler must keep each call, and in this order.
#if __has_attribute(noclone)  // or gcc makes copies by other names
#define NOT_INLINE __attribute__((noinline, noclone))
#else
#define NOT_INLINE __attribute__((noinline))
#endif
#define STAY() __asm__ volatile("" ::: "memory")

#endif  // LOAM_COMMON_STACK_STACK_FIXTURE_H_
