// Guarded blocks by themselves: where they lie, in which order their slots come back, and what
// misuse is told of.

#include "common/guard/guard.h"

#include <string.h>

#include "common/os/os.h"
#include "common/testing/scenario.h"

static struct loam_guard guard;

static const char *start(void) {
  memset(&guard, 0, sizeof guard);
  EXPECT(loam_guard_set_up(&guard, "some"));
  return NULL;
}

static char *allocate(size_t bytes, size_t alignment) {
  uintptr_t frames[] = {0x1111, 0x2222};
  return loam_guard_malloc(&guard, bytes, alignment, frames, 2);
}

static void release(void *block) {
  uintptr_t frames[] = {0x3333};
  loam_guard_free(&guard, block, frames, 1);
}

static size_t page(void) { return loam_os_page_size(); }

SCENARIO(ABlockEndsAtItsGuardAsNearAsItsAlignmentLets) {
  EXPECT_HOLDS(start());
  static const size_t sizes[] = {0, 1, 16, 40, 1000, 4096, 5000, LOAM_GUARD_BYTES_MAX};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    for (size_t alignment = 16; alignment <= page(); alignment *= 4) {
      char *block = allocate(sizes[i], alignment);
      EXPECT(block != NULL && (uintptr_t)block % alignment == 0);
      EXPECT(loam_guard_has(&guard, block) && loam_guard_usable(&guard, block) == sizes[i]);
      size_t gap = (size_t)(-(uintptr_t)(block + sizes[i]) % page());
      EXPECT(gap < alignment + (sizes[i] == 0));
      for (size_t byte = 0; byte < sizes[i]; byte++) EXPECT(block[byte] == 0);
      memset(block, 0x5a, sizes[i]);
      EXPECT(loam_guard_check(&guard) == NULL);
      release(block);
    }
  }
  EXPECT(guard.live == 0 && loam_guard_check(&guard) == NULL);
  return NULL;
}

SCENARIO(SlotsAreBoundedAndComeBackInTheOrderOfTheirFrees) {
  EXPECT_HOLDS(start());
  char *blocks[LOAM_GUARD_SLOTS];
  for (size_t i = 0; i < LOAM_GUARD_SLOTS; i++) {
    blocks[i] = allocate(100, 16);
    EXPECT(blocks[i] != NULL);
    for (size_t j = 0; j < i; j++) EXPECT(blocks[i] != blocks[j]);
  }
  EXPECT(allocate(100, 16) == NULL);
  // Every third, so that the order is not that of the addresses.
  for (size_t i = 0; i < LOAM_GUARD_SLOTS; i++) release(blocks[i * 3 % LOAM_GUARD_SLOTS]);
  for (size_t i = 0; i < LOAM_GUARD_SLOTS; i++) {
    EXPECT(allocate(100, 16) == blocks[i * 3 % LOAM_GUARD_SLOTS]);
  }
  EXPECT(loam_guard_check(&guard) == NULL);
  return NULL;
}

SCENARIO(WhatDoesNotFitIsNotGuarded) {
  EXPECT_HOLDS(start());
  EXPECT(allocate(LOAM_GUARD_BYTES_MAX + 1, 16) == NULL);
  EXPECT(allocate(16, page() * 2) == NULL);
  return NULL;
}

static bool fail_commit(enum loam_os_call call, size_t bytes) {
  (void)bytes;
  return call == LOAM_OS_COMMIT || call == LOAM_OS_DECOMMIT;
}

SCENARIO(WithoutMemoryTheSlotWaitsOn) {
  EXPECT_HOLDS(start());
  char *block = allocate(10, 16);
  loam_os_set_fault_hook(fail_commit);
  char *none = allocate(10, 16);
  memset(block, 1, 10);
  release(block);
  loam_os_set_fault_hook(NULL);
  EXPECT(none == NULL && loam_guard_check(&guard) == NULL);
  for (size_t i = 0; i < LOAM_GUARD_SLOTS; i++) {
    char *next = allocate(10, 16);
    EXPECT(next != NULL);
    for (size_t byte = 0; byte < 10; byte++) EXPECT(next[byte] == 0);
  }
  return NULL;
}

SCENARIO(StatisticsAddUp) {
  EXPECT_HOLDS(start());
  char *first = allocate(100, 16);
  allocate(5000, 16);
  release(first);
  struct loam_stats stats = {0};
  loam_guard_stats(&guard, &stats);
  EXPECT(stats.allocated_bytes == 5000 && stats.live_blocks == 1 && stats.free_calls == 1);
  EXPECT(stats.mapped_bytes == loam_os_round_to_page(5000));
  EXPECT(stats.mapped_bytes == stats.allocated_bytes + stats.metadata_bytes);
  return NULL;
}

SCENARIO(TheCheckFindsALostSlot) {
  EXPECT_HOLDS(start());
  allocate(10, 16);
  guard.slots[0].state = LOAM_GUARD_FREED;
  EXPECT(loam_guard_check(&guard) != NULL);
  guard.slots[0].state = LOAM_GUARD_LIVE;
  EXPECT(loam_guard_check(&guard) == NULL);
  guard.live++;
  EXPECT(loam_guard_check(&guard) != NULL);
  return NULL;
}

#define STACK_OF(first) "\n    #0 0x" first

SCENARIO_THAT_ENDS(ASecondFreeTellsOfTheFirst,
                   "double free\\?\\)\n  0 bytes into a freed block of 10 bytes at 0x[0-9a-f]+"
                   "\n  allocated at" STACK_OF("1110") "(.*\n)*  freed at" STACK_OF("3332")) {
  EXPECT_HOLDS(start());
  char *block = allocate(10, 16);
  release(block);
  release(block);
  return NULL;
}

SCENARIO_THAT_ENDS(AFreeInTheMidstIsTold,
                   "not the start of a block\n  16 bytes into a block of 32") {
  EXPECT_HOLDS(start());
  release(allocate(32, 16) + 16);
  return NULL;
}

SCENARIO_THAT_ENDS(AWriteBehindIsFoundAtTheFree,
                   "written behind a block\n  5 bytes behind a block of 10 bytes") {
  EXPECT_HOLDS(start());
  char *block = allocate(10, 16);
  block[15] = 0;
  release(block);
  return NULL;
}

SCENARIO_THAT_ENDS(AWriteBeforeIsFoundAtTheFree,
                   "written before a block\n  1 bytes before a block of 10 bytes") {
  EXPECT_HOLDS(start());
  char *block = allocate(10, 16);
  block[-1] = 0;
  release(block);
  return NULL;
}
