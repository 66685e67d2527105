// The hardened level: tags, zeroed free memory, the quarantine, what a size says, records.
// What each misuse comes to is //tests/misuse's to see.

#include "allocators/thread_heap/hardened.h"

#include <stdlib.h>
#include <string.h>

#include "allocators/thread_heap/arena_fixture.h"
#include "allocators/thread_heap/cache.h"
#include "allocators/thread_heap/thread_heap.h"

enum { SMALL = 40, SPAN = 100000, MANY = 200 };

// As memory has it: what was written before a free, a compiler believes to be there still.
static bool is_zero(const volatile char *start, size_t bytes) {
  for (size_t i = 0; i < bytes; i++) {
    if (start[i] != 0) return false;
  }
  return true;
}

static uint64_t word_behind(const char *block) {
  return *th_tag_slot(block, th_usable_size(block));
}

// --- Tags --------------------------------------------------------------------

SCENARIO(ABlockEndsInATag) {
  for (size_t size = 0; size < 200000; size += size / 8 + 1) {
    char *block = th_malloc(size);
    size_t usable = th_usable_size(block);
    EXPECT(usable >= size);
    EXPECT(word_behind(block) == th_tag(th_tag_slot(block, usable)));
    th_free(block);
  }
  EXPECT(th_check());
  return NULL;
}

SCENARIO(ATagIsOfItsAddressAndNeverZero) {
  char *first = th_malloc(SMALL);
  char *second = th_malloc(SMALL);
  EXPECT(word_behind(first) != word_behind(second));
  for (uintptr_t address = 0; address < 100000; address += 8) {
    uint64_t tag = th_tag((const void *)address);
    EXPECT(tag != 0 && (tag & 0xff) == 0);
  }
  return NULL;
}

SCENARIO_THAT_ENDS(TheSecretCannotBeWritten, "") {
  th_free(th_malloc(SMALL));
  EXPECT(th_secrets.key != 0 && (th_secrets.factor & 1) == 1);
  *(volatile uint64_t *)&th_secrets.key = 0;
  return NULL;
}

SCENARIO_THAT_ENDS(AnOverflowIsFoundAtFree, "bytes behind the block were overwritten") {
  char *block = th_malloc(SMALL);
  block[th_usable_size(block) + 3] ^= 1;
  th_free(block);
  return NULL;
}

SCENARIO(TheWalkFindsAnOverflow) {
  char *block = th_malloc(SMALL);
  uint64_t *slot = th_tag_slot(block, th_usable_size(block));
  uint64_t tag = *slot;
  *slot ^= 0x100000;
  loam_capture_begin();
  bool whole = th_check();
  const char *said = loam_capture_end();
  *slot = tag;
  EXPECT(!whole && strstr(said, "overflowed") != NULL);
  EXPECT(th_check());
  th_free(block);
  return NULL;
}

SCENARIO_THAT_ENDS(ASecondFreeFindsZero, "a block that is free") {
  char *block = th_malloc(SMALL);
  th_free(block);
  th_free(block);
  return NULL;
}

// --- Zero --------------------------------------------------------------------

SCENARIO(AFreedBlockIsZero) {
  for (size_t size = 1; size <= 32000; size += size / 4 + 1) {
    char *block = th_malloc(size);
    size_t bytes = th_usable_size(block) + TH_TAG_BYTES;
    memset(block, 'x', size);
    th_free(block);
    EXPECT(is_zero(block, bytes));
  }
  return NULL;
}

SCENARIO(AFreedSpanIsZeroAndPagesWithoutMemoryStaySo) {
  th_trim(0);  // or it gets memory that others had
  char *span = th_malloc(SPAN * 40);
  unsigned char resident[SPAN * 40 / 4096];
  size_t page = loam_os_page_size();
  span[10] = 'x';
  span[20 * page] = 'x';
  th_free(span);
  EXPECT(loam_os_resident(span, 30 * page, resident));
  EXPECT((resident[20] & 1) == 1 && (resident[10] & 1) == 0);
  EXPECT(is_zero(span, 30 * page));
  return NULL;
}

static bool fail_decommit(enum loam_os_call call, size_t bytes) {
  (void)bytes;
  return call == LOAM_OS_DECOMMIT;
}

SCENARIO(PagesThatCannotBeDroppedAreWritten) {
  char *span = th_malloc(SPAN);
  memset(span, 'x', SPAN);
  loam_os_decommit(span + 4 * loam_os_page_size(), loam_os_page_size());
  loam_os_set_fault_hook(fail_decommit);
  th_free(span);
  loam_os_set_fault_hook(NULL);
  EXPECT(is_zero(span, SPAN));
  return NULL;
}

SCENARIO_THAT_ENDS(AWriteAfterFreeIsFoundAtReuse, "memory that is free was written to") {
  char *first = th_malloc(SMALL);
  th_free(first);
  first[SMALL / 2] = 1;
  for (int i = 0; i < 100000; i++) th_free(th_malloc(SMALL));
  return NULL;
}

SCENARIO_THAT_ENDS(SoIsOneInASpan, "memory that is free was written to") {
  char *span = th_malloc(SPAN);
  memset(span, 'x', SPAN);
  th_free(span);
  span[SPAN / 2] = 1;
  for (int i = 0; i < 100; i++) {
    if (th_malloc(SPAN) == NULL) return "no memory";
  }
  return NULL;
}

SCENARIO(AnOwnHeapLeavesZeroBehind) {
  struct loam_heap *heap = th_heap_create();
  char *block = th_heap_malloc(heap, SMALL);
  char *span = th_heap_malloc(heap, SPAN);
  memset(block, 'x', SMALL);
  memset(span, 'x', SPAN);
  th_heap_destroy(heap);
  EXPECT(is_zero(block, SMALL) && is_zero(span, SPAN));
  return NULL;
}

SCENARIO(CallocIsZeroAlsoWhereItIsUsedAgain) {
  for (size_t size = 8; size < 300000; size *= 2) {
    for (int i = 0; i < 50; i++) {
      char *block = th_calloc(1, size);
      EXPECT(is_zero(block, size));
      memset(block, 'x', size);
      th_free(block);
    }
  }
  return NULL;
}

// --- Quarantine and chance ---------------------------------------------------

SCENARIO(AFreedBlockIsNotTheNextOne) {
  char *fences[MANY];
  for (int i = 0; i < MANY; i++) fences[i] = th_malloc(SMALL);
  for (int i = 0; i < MANY; i++) {
    th_free(fences[i]);
    char *next = th_malloc(SMALL);
    EXPECT(next != fences[i]);
    fences[i] = next;
  }
  for (int i = 0; i < MANY; i++) th_free(fences[i]);
  return NULL;
}

SCENARIO(WhatIsInTheQuarantineIsFreeToTheCounters) {
  struct loam_stats before;
  struct loam_stats after;
  void *held[20];
  th_stats(&before);
  for (int i = 0; i < 20; i++) held[i] = th_malloc(SMALL);
  for (int i = 0; i < 20; i++) th_free(held[i]);
  th_stats(&after);
  EXPECT(after.live_blocks == before.live_blocks && after.free_calls == before.free_calls + 20);
  th_trim(0);
  th_stats(&after);
  EXPECT(after.live_blocks == before.live_blocks && after.free_calls == before.free_calls + 20);
  EXPECT(th_check());
  return NULL;
}

SCENARIO(BlocksOfASlabComeInNoOrder) {
  char *last = th_malloc(SMALL);
  int ascending = 0;
  for (int i = 0; i < MANY; i++) {
    char *next = th_malloc(SMALL);
    ascending += next == last + th_class_bytes(th_class_of(SMALL + TH_TAG_BYTES));
    last = next;
  }
  EXPECT(ascending < MANY / 4);
  return NULL;
}

SCENARIO(ChanceReachesEveryNumberBelowTheCount) {
  int seen[10] = {0};
  for (int i = 0; i < 1000; i++) seen[th_random_below(10)]++;
  for (int i = 0; i < 10; i++) EXPECT(seen[i] > 30 && seen[i] < 300);
  return NULL;
}

// --- Sizes -------------------------------------------------------------------

SCENARIO(TheRightSizeIsFine) {
  for (size_t size = 0; size < 300000; size += size / 8 + 1) {
    th_free_sized(th_malloc(size), size);
    th_free_sized(th_realloc(th_malloc(size / 2), size), size);
    th_free_sized(th_realloc(th_malloc(size * 2), size), size);
    th_free_aligned_sized(th_aligned_alloc(256, size), 256, size);
  }
  th_free_sized(th_realloc(th_malloc(5 << 20), 100 << 20), 100 << 20);
  th_free_sized(NULL, 40);
  return NULL;
}

SCENARIO_THAT_ENDS(AWrongSizeIsFound, "of another size") {
  th_free_sized(th_malloc(SMALL), SMALL + 100);
  return NULL;
}

SCENARIO_THAT_ENDS(SoIsThatOfASpan, "of another size") {
  th_free_sized(th_malloc(SPAN), SPAN + 8);
  return NULL;
}

SCENARIO_THAT_ENDS(AWrongAlignmentIsFound, "of another size or alignment") {
  char *block = th_malloc(SMALL);
  if (((uintptr_t)block & 4095) == 0) block = th_malloc(SMALL);
  th_free_aligned_sized(block, 4096, SMALL);
  return NULL;
}

// --- Records -----------------------------------------------------------------

SCENARIO(ARecordStandsBetweenPagesThatHaveNoMemory) {
  size_t page = loam_os_page_size();
  unsigned char resident[1];
  char *record = th_record_map(2 * page);
  EXPECT(record != NULL && is_zero(record, 2 * page));
  record[0] = record[2 * page - 1] = 1;
  EXPECT(loam_os_resident(record - page, page, resident) && (resident[0] & 1) == 0);
  EXPECT(loam_os_resident(record + 2 * page, page, resident) && (resident[0] & 1) == 0);
  EXPECT(th_record_release(record, 2 * page));
  EXPECT(!loam_os_resident(record, page, resident));
  return NULL;
}

SCENARIO_THAT_ENDS(AndCannotBeOverrun, "") {
  size_t page = loam_os_page_size();
  char *record = th_record_map(page);
  ((volatile char *)record)[page] = 1;
  return NULL;
}
