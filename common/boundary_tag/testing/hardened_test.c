// The hardened level: canaries, free memory that is zero, what a size says, large blocks, own
// heaps. Compiled with LOAM_HARDENED=1. What each misuse comes to is //tests/misuse's to see.

#include "common/boundary_tag/testing/hardened_fixture.h"

static const size_t sizes[] = {0,     1,   7,    8,    15,     16,     17,
                               SMALL, 500, 1008, 1009, MEDIUM, 100000, LARGE};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

// As memory has it: what was written before a free, a compiler believes to be there still.
static bool is_zero(const volatile char *start, size_t bytes) {
  for (size_t i = 0; i < bytes; i++) {
    if (start[i] != 0) return false;
  }
  return true;
}

// --- Canaries ----------------------------------------------------------------

SCENARIO(ABlockEndsWhereItsRequestDoes) {
  for (size_t i = 0; i < SIZES; i++) {
    char *payload = heap_malloc(sizes[i]);
    EXPECT(heap_usable_size(payload) == sizes[i]);
    EXPECT(payload[sizes[i]] != 0);
    memset(payload, 'x', sizes[i]);
    EXPECT(heap_usable_size(payload) == sizes[i]);
    heap_free(payload);
  }
  EXPECT(heap_check());
  return NULL;
}

// Whatever bit behind the request changes, a free sees it.
SCENARIO(EveryBitBehindTheRequestCounts) {
  for (size_t request = 0; request < 64; request++) {
    char *payload = heap_malloc(request);
    struct block *block = block_of_payload(payload);
    size_t size = size_of(block);
    for (size_t at = request; at < size - BLOCK_HEADER_BYTES; at++) {
      for (int bit = 0; bit < 8; bit++) {
        payload[at] = (char)(payload[at] ^ 1 << bit);
        uint32_t word;
        bool sealed = tag_read(block_footer(block, size), &word) && (word & 1) != 0;
        size_t room = block_usable(size);
        EXPECT(!sealed || !filler_is_whole(payload, room - (word >> 1), room));
        payload[at] = (char)(payload[at] ^ 1 << bit);
      }
    }
    heap_free(payload);
  }
  return NULL;
}

SCENARIO_THAT_ENDS(AnOverflowOfOneByteIsFoundAtFree, "bytes behind the block were overwritten") {
  char *payload = heap_malloc(SMALL);
  payload[SMALL] = 0;
  heap_free(payload);
  return NULL;
}

SCENARIO_THAT_ENDS(AnOverflowIsFoundAtRealloc, "bytes behind the block were overwritten") {
  char *payload = heap_malloc(SMALL);
  payload[SMALL + 9] ^= 1;
  return heap_realloc(payload, MEDIUM) == NULL ? "no block" : NULL;
}

SCENARIO_THAT_ENDS(AnOverflowOfALargeBlockIsFoundAtFree,
                   "bytes behind the block were overwritten") {
  char *payload = heap_malloc(LARGE);
  payload[LARGE] = 0;
  heap_free(payload);
  return NULL;
}

SCENARIO_THAT_ENDS(AnUnderflowIntoALargeBlocksEndIsFound,
                   "bytes behind the block were overwritten") {
  char *payload = heap_malloc(LARGE);
  payload[loam_os_round_to_page(LARGE + LARGE_TAIL_BYTES) - 1] ^= 1;
  heap_free(payload);
  return NULL;
}

SCENARIO_THAT_ENDS(ACanaryOfAnotherBlockIsNone, "bytes behind the block were overwritten") {
  char *one = heap_malloc(SMALL);
  char *other = heap_malloc(SMALL);
  size_t size = size_of_payload(one);
  memcpy(one, other, size - BLOCK_HEADER_BYTES);
  heap_free(one);
  return NULL;
}

SCENARIO_THAT_ENDS(ASecondFreeFindsZero, "not a live block") {
  char *payload = heap_malloc(SMALL);
  heap_free(payload);
  memset(payload, 'w', 16);  // whatever marked it
  heap_free(payload);
  return NULL;
}

SCENARIO(TheWalkFindsAnOverflow) {
  char *payload = heap_malloc(SMALL);
  _Atomic(uint64_t) *canary = block_footer(block_of_payload(payload), size_of_payload(payload));
  atomic_fetch_xor(canary, 2);
  loam_capture_begin();
  bool whole = heap_check();
  const char *said = loam_capture_end();
  EXPECT(!whole && strstr(said, "block overflowed") != NULL);
  atomic_fetch_xor(canary, 2);
  EXPECT(heap_check());
  heap_free(payload);
  return NULL;
}

// --- Zero --------------------------------------------------------------------

SCENARIO(WhatIsFreedIsZeroButForLinks) {
  for (size_t i = 0; i < SIZES && sizes[i] < LARGE; i++) {
    char *before = heap_malloc(sizes[i]);
    char *payload = heap_malloc(sizes[i]);
    char *behind = heap_malloc(sizes[i]);
    size_t usable = block_usable(size_of_payload(payload));
    memset(payload, 'x', sizes[i]);
    heap_free(payload);
    EXPECT(is_zero(payload + 16, usable - 16));
    heap_free(before);
    heap_free(behind);
    EXPECT(heap_check());
  }
  return NULL;
}

SCENARIO(WhatIsHandedOutIsZero) {
  void *blocks[MANY];
  for (int round = 0; round < 3; round++) {
    for (size_t i = 0; i < MANY; i++) {
      size_t request = i * 37 % 5000;
      blocks[i] = heap_malloc(request);
      EXPECT(is_zero(blocks[i], LOAM_DEBUG ? 0 : request));
      memset(blocks[i], 'x', request);
    }
    for (size_t i = 0; i < MANY; i += 2) heap_free(blocks[i]);
    for (size_t i = 1; i < MANY; i += 2) heap_free(blocks[i]);
    EXPECT(heap_check());
  }
  return NULL;
}

SCENARIO(AlignedBlocksAreLikeOthers) {
  for (size_t alignment = 32; alignment <= 65536; alignment *= 2) {
    char *payload = heap_malloc_as((struct request){.bytes = SMALL, .alignment = alignment});
    EXPECT((uintptr_t)payload % alignment == 0);
    EXPECT(heap_usable_size(payload) == SMALL);
    memset(payload, 'x', SMALL);
    heap_free(payload);
    EXPECT(heap_check());
  }
  return NULL;
}

// Merging, splitting, growing in place and shrinking leave no header, link or footer behind.
SCENARIO(SeamsAreCleared) {
  char *blocks[8];
  static const int order[8] = {1, 3, 2, 6, 7, 5, 0, 4};
  for (int i = 0; i < 8; i++) {
    blocks[i] = heap_malloc(MEDIUM);
    memset(blocks[i], 'x', MEDIUM);
  }
  for (int i = 0; i < 8; i++) {
    heap_free(blocks[order[i]]);
    EXPECT(heap_check());
  }
  char *payload = heap_malloc(MEDIUM);
  for (size_t request = 1; request < 200000; request += request / 3 + 1) {
    size_t old = heap_usable_size(payload);
    payload = heap_realloc(payload, request);
    EXPECT(heap_usable_size(payload) == request);
    EXPECT(is_zero(payload + old, request > old ? request - old : 0) || LOAM_DEBUG);
    memset(payload, 'x', request);
    EXPECT(heap_check());
    payload = heap_realloc(payload, request - request / 4);
    memset(payload, 'x', request - request / 4);
    EXPECT(heap_check());
  }
  heap_free(payload);
  EXPECT(heap_check());
  return NULL;
}

SCENARIO(PagesThatWereNeverWrittenStayWithoutMemory) {
  enum { PAGES = 32 };
  unsigned char resident[PAGES];
  size_t page = loam_os_page_size();
  char *map = loam_os_map(PAGES * page, 1);
  map[3 * page + 5] = 'x';
  clear_bytes(map, PAGES * page);
  EXPECT(is_zero(map + 3 * page, page));
  EXPECT(loam_os_resident(map, PAGES * page, resident));
  EXPECT((resident[3] & 1) == 1);
  loam_os_release(map, PAGES * page);
  return NULL;
}

SCENARIO_THAT_ENDS(AWriteToAFreeBlockIsFoundWhenItIsHandedOut,
                   "memory that is free was written to") {
  // Of one alone the middle may end up in a gap that is too small.
  char *payloads[8];
  for (int i = 0; i < 8; i++) payloads[i] = heap_malloc(MEDIUM);
  for (int i = 0; i < 8; i++) heap_free(payloads[i]);
  for (int i = 0; i < 8; i++) payloads[i][MEDIUM / 2] = 'w';
  cache_flush(&mine.cache);
  // Pages that go back take with them what was written there.
  for (size_t i = 0; i < ARENAS_MAX; i++) state.arenas[i].purge_ms = UINT64_MAX;
  for (int i = 0; i < MANY * 100; i++) heap_malloc(MEDIUM);
  return NULL;
}

SCENARIO_THAT_ENDS(AWriteToASmallOneToo, "memory that is free was written to") {
  char *payload = heap_malloc(SMALL);
  heap_free(payload);
  payload[24] = 'w';
  use_small_blocks();
  return NULL;
}

SCENARIO(TheWalkFindsAWriteToFreeMemory) {
  static const size_t freed[] = {SMALL, MEDIUM};
  for (int i = 0; i < 2; i++) {
    char *payload = heap_malloc(freed[i]);
    heap_free(payload);
    payload[25] = 'w';
    loam_capture_begin();
    bool whole = heap_check();
    loam_capture_end();
    payload[25] = 0;
    EXPECT(!whole && heap_check());
  }
  return NULL;
}

// --- Deferred frees ----------------------------------------------------------

// The fixture's arena, afresh, beside the heap of the process.
static void start_beside(void) {
  ensure_set_up();
  pool = empty_pool;
  arena = empty_arena;
  arena_init(&arena, &pool);
}

SCENARIO(DeferredBlocksAreZeroWhenTheyAreTaken) {
  start_beside();
  struct block *blocks[MANY];
  for (int i = 0; i < MANY; i++) blocks[i] = take(MEDIUM / 16 * 16);
  for (int i = 0; i < MANY; i++) arena_defer(&arena, blocks[i]);
  arena_take_all_deferred(&arena);
  return expect_all_free();
}

SCENARIO_THAT_ENDS(ALinkOfADeferredBlockIsBelievedOnlyUnderItsSeal, "links of a free block") {
  start_beside();
  struct block *block = take(SMALL / 16 * 16);
  arena_defer(&arena, block);
  block->next = (uint64_t)(uintptr_t)block_payload(block);
  arena_take_all_deferred(&arena);
  return NULL;
}

// --- Sizes -------------------------------------------------------------------

SCENARIO(TheRightSizeIsBelieved) {
  for (size_t i = 0; i < SIZES; i++) {
    char *payload = heap_malloc_as((struct request){.bytes = sizes[i], .alignment = 64});
    expect_size(payload, sizes[i], 64);
    payload = heap_realloc(payload, sizes[i] + 5);
    expect_size(payload, sizes[i] + 5, 0);
    heap_free(payload);
  }
  expect_size(NULL, 7, 0);
  return NULL;
}

SCENARIO_THAT_ENDS(AByteMoreIsNot, "another size or alignment") {
  expect_size(heap_malloc(SMALL), SMALL + 1, 0);
  return NULL;
}

SCENARIO_THAT_ENDS(AnAlignmentThatItDoesNotHaveIsNot, "another size or alignment") {
  char *payload = heap_malloc(SMALL);
  expect_size(payload, SMALL, ((uintptr_t)payload & -(uintptr_t)payload) * 2);
  return NULL;
}

// --- Large blocks ------------------------------------------------------------

SCENARIO(LargeBlocksKeepTheirContentAndEndWhereTheyShould) {
  char *payload = heap_malloc(LARGE);
  memset(payload, 'x', LARGE);
  static const size_t steps[] = {LARGE + 1,      LARGE * 3,       LARGE * 2, 4096 * 100,
                                 4096 * 100 - 1, 4096 * 100 - 17, LARGE,     LARGE * 8};
  for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
    payload = heap_realloc(payload, steps[i]);
    EXPECT(heap_usable_size(payload) == steps[i]);
    EXPECT(payload[0] == 'x' && payload[LARGE - 1] == 'x' && payload[steps[i]] != 0);
  }
  payload = heap_realloc(payload, SMALL);
  EXPECT(heap_usable_size(payload) == SMALL && payload[SMALL - 1] == 'x');
  heap_free(payload);
  EXPECT(heap_check());
  return NULL;
}

SCENARIO(ALargeBlockThatCannotGrowIsWhole) {
  char *payload = heap_malloc(LARGE);
  memset(payload, 'x', LARGE);
  loam_os_set_fault_hook(fail_all);
  EXPECT(heap_realloc(payload, (size_t)LARGE * 1000) == NULL);
  EXPECT(heap_usable_size(payload) == LARGE && payload[LARGE - 1] == 'x');
  EXPECT(heap_realloc(payload, LARGE - 5000) == payload);
  EXPECT(heap_usable_size(payload) == LARGE - 5000);
  loam_os_set_fault_hook(NULL);
  heap_free(payload);
  return NULL;
}

// --- Heaps of one's own ------------------------------------------------------

SCENARIO(GivenMemoryMayHoldAnything) {
  static char memory[200000];
  memset(memory, 'x', sizeof memory);
  struct loam_heap *heap = own_heap_create_with_memory(memory + 1, sizeof memory - 1);
  EXPECT(heap != NULL && heap_check());
  for (size_t i = 0; i < MANY; i++) {
    size_t request = i * 7;
    char *payload = malloc_slow(&heap->arena, (struct request){.bytes = request});
    EXPECT(payload != NULL && (LOAM_DEBUG || is_zero(payload, request)));
    memset(payload, 'x', request);
    if (i % 3 == 0) own_heap_free(heap, payload);
  }
  EXPECT(heap_check());
  own_heap_destroy(heap);
  return NULL;
}

// Its memory becomes the process's, and must not bring along what it held.
SCENARIO(ASegmentThatCannotBeGivenBackIsCleared) {
  struct loam_heap *heap = own_heap_create();
  char *payload = malloc_slow(&heap->arena, (struct request){.bytes = MEDIUM});
  memset(payload, 'x', MEDIUM);
  loam_os_set_fault_hook(fail_all);
  own_heap_destroy(heap);
  loam_os_set_fault_hook(NULL);
  EXPECT(heap_check());
  return NULL;
}

SCENARIO(SlackIsMetadata) {
  struct loam_stats before;
  struct loam_stats after;
  heap_stats(&before);
  void *blocks[SIZES];
  size_t asked = 0;
  for (size_t i = 0; i < SIZES; i++) {
    blocks[i] = heap_malloc(sizes[i]);
    asked += sizes[i];
  }
  heap_stats(&after);
  EXPECT(after.allocated_bytes - before.allocated_bytes == asked);
  EXPECT(after.large_bytes - before.large_bytes == LARGE);
  for (size_t i = 0; i < SIZES; i++) heap_free(blocks[i]);
  heap_stats(&after);
  EXPECT(after.allocated_bytes == before.allocated_bytes);
  return NULL;
}
