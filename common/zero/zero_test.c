// Every byte counts, and none outside.

#include "common/zero/zero.h"

#include "common/testing/scenario.h"

enum { MARGIN = 64, MOST = 4096 };

static char memory[MARGIN + MOST + MARGIN] __attribute__((aligned(16)));
static char *const start = memory + MARGIN;

SCENARIO(EveryByteThatIsNotZeroIsSeen) {
  memset(memory, 0, sizeof memory);
  for (size_t bytes = 16; bytes <= MOST; bytes += bytes < 1056 ? 16 : 208) {
    for (size_t at = 0; at < bytes; at++) {
      start[at] = 1;
      EXPECT(!loam_is_zero(start, bytes));
      EXPECT(!loam_is_zero_between(start, start + bytes));
      start[at] = 0;
    }
    EXPECT(loam_is_zero(start, bytes));
  }
  return NULL;
}

SCENARIO(WhatLiesAroundIsNotLookedAt) {
  memset(memory, 1, sizeof memory);
  for (size_t bytes = 16; bytes <= MOST; bytes += 16) {
    memset(start, 0, bytes);
    EXPECT(loam_is_zero(start, bytes));
    EXPECT(loam_is_zero_between(start, start + bytes));
  }
  EXPECT(loam_is_zero_between(memory, memory));
  return NULL;
}

SCENARIO(JustTheBytesAreCleared) {
  for (size_t bytes = 16; bytes <= MOST; bytes += 16) {
    memset(memory, 1, sizeof memory);
    loam_clear(start, bytes);
    EXPECT(loam_is_zero(start, bytes));
    EXPECT(start[-1] == 1 && start[bytes] == 1);
  }
  return NULL;
}
