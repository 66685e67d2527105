// The caches of threads: what they hold, how their bounds adapt, what a misuse of
// a block in them gives, and what becomes of them.

#include "common/boundary_tag/process.h"
#include "common/boundary_tag/testing/arena_fixture.h"

enum { REQUEST = 100, BLOCKS = 400 };

static struct cache_list *list_for(size_t request) {
  return &mine.cache.lists[block_bytes_for(request) / BLOCK_ALIGNMENT];
}

// An empty cache with its first bounds.
static void empty(void) {
  heap_free(heap_malloc(1));  // the thread has a cache
  cache_flush(&mine.cache);
  for (size_t i = BLOCK_BYTES_MIN / BLOCK_ALIGNMENT; i < CACHE_LISTS; i++) {
    mine.cache.lists[i].turned_away = false;
    cache_set_bound(&mine.cache, i, cache_first_bound(i));
  }
}

static void *blocks[BLOCKS];

static void take_all(size_t request) {
  for (int i = 0; i < BLOCKS; i++) blocks[i] = heap_malloc(request);
}

static void give_all(void) {
  for (int i = 0; i < BLOCKS; i++) heap_free(blocks[i]);
}

static struct loam_stats stats(void) {
  struct loam_stats stats;
  heap_stats(&stats);
  return stats;
}

SCENARIO(TheLastOneFreedComesBackFirst) {
  empty();
  void *first = heap_malloc(REQUEST);
  void *second = heap_malloc(REQUEST);
  heap_free(first);
  heap_free(second);
  EXPECT(cache_count(list_for(REQUEST)) == 2);
  EXPECT(heap_check());
  EXPECT(heap_malloc(REQUEST) == second);
  EXPECT(heap_malloc(REQUEST - 11) == first);  // of the same size
  EXPECT(cache_count(list_for(REQUEST)) == 0);
  heap_free(first);
  heap_free(second);
  return NULL;
}

SCENARIO(WhatIsLargerIsNotCached) {
  empty();
  void *cached = heap_malloc(CACHE_REQUEST_MAX);
  void *larger = heap_malloc(CACHE_REQUEST_MAX + 1);
  heap_free(cached);
  heap_free(larger);
  EXPECT(!(block_word(block_of_payload(larger)) & IN_USE));
  EXPECT(cache_count(list_for(CACHE_REQUEST_MAX)) == 1);
  return NULL;
}

SCENARIO(AListGivesUpAtItsBound) {
  empty();
  take_all(REQUEST);
  give_all();
  struct cache_list *list = list_for(REQUEST);
  EXPECT(cache_count(list) == list->bound && list->turned_away);
  EXPECT(heap_check());
  return NULL;
}

// Blocks that were turned away and then missed: a larger bound.
SCENARIO(ABoundGrowsWithTheUse) {
  empty();
  struct cache_list *list = list_for(REQUEST);
  uint16_t before = list->bound;
  EXPECT(before < BLOCKS / 4);
  for (int round = 0; round < 8; round++) {
    take_all(REQUEST);
    give_all();
  }
  EXPECT(list->bound >= BLOCKS && cache_count(list) == BLOCKS);
  EXPECT(heap_check());
  return NULL;
}

SCENARIO(TheSumOfTheBoundsIsBounded) {
  empty();
  for (int round = 0; round < 12; round++) {
    for (size_t request = 24; request <= CACHE_REQUEST_MAX; request += 64) {
      take_all(request);
      give_all();
      EXPECT(mine.cache.bounds_bytes <= THREAD_CACHE_BYTES);
    }
  }
  EXPECT(mine.cache.bounds_bytes > THREAD_CACHE_BYTES / 2);
  EXPECT(heap_check());
  return NULL;
}

// Blocks that nobody asks for go home with the calls that come anyway, and the
// bound with them.
SCENARIO(AnIdleListShrinks) {
  empty();
  for (int round = 0; round < 8; round++) {
    take_all(REQUEST);
    give_all();
  }
  struct cache_list *list = list_for(REQUEST);
  EXPECT(cache_count(list) == BLOCKS);
  for (int call = 0; call < CACHE_TICK * CACHE_LISTS * (BLOCKS / CACHE_AGED_MAX + 2); call++) {
    heap_free(heap_malloc(REQUEST * 2));
  }
  EXPECT(cache_count(list) == 0);
  EXPECT(list->bound < BLOCKS / 2);
  EXPECT(heap_check());
  return NULL;
}

SCENARIO(StatisticsCountCachedBlocksAsFree) {
  empty();
  struct loam_stats before = stats();
  take_all(REQUEST);
  struct loam_stats with = stats();
  EXPECT(with.live_blocks == before.live_blocks + BLOCKS);
  EXPECT(with.malloc_calls == before.malloc_calls + BLOCKS);
  EXPECT(with.free_calls == before.free_calls);
  give_all();
  struct loam_stats after = stats();
  EXPECT(cache_count(list_for(REQUEST)) > 0);
  EXPECT(after.live_blocks == before.live_blocks);
  EXPECT(after.allocated_bytes == before.allocated_bytes);
  EXPECT(after.malloc_calls == before.malloc_calls + BLOCKS);
  EXPECT(after.free_calls == before.free_calls + BLOCKS);
  EXPECT(after.mapped_bytes == after.allocated_bytes + after.free_bytes + after.metadata_bytes);
  return NULL;
}

// The arenas and the caches are not read at one moment: blocks that were freed in
// between are in the caches' sums, and were never among those in use.
SCENARIO(StatisticsNeverFallBelowNothing) {
  empty();
  struct cache_sums before = state.gone;
  state.gone.blocks += 1000000;
  state.gone.bytes += (size_t)1000000 * 64;
  struct loam_stats now = stats();
  state.gone = before;
  EXPECT(now.live_blocks == 0 && now.allocated_bytes == 0);
  EXPECT(now.live_blocks == now.malloc_calls - now.free_calls);
  EXPECT(now.mapped_bytes == now.allocated_bytes + now.free_bytes + now.metadata_bytes);
  return NULL;
}

SCENARIO(ABlockAlignedFarIsNotCached) {
  empty();
  for (size_t alignment = 16; alignment <= 4096; alignment *= 2) {
    void *block = malloc_slow(NULL, (struct request){.bytes = REQUEST, .alignment = alignment});
    EXPECT(block != NULL && (uintptr_t)block % alignment == 0);
    size_t list = word_size(block_word(block_of_payload(block))) / BLOCK_ALIGNMENT;
    uint32_t before = cache_count(&mine.cache.lists[list]);
    heap_free(block);
    bool cached = cache_count(&mine.cache.lists[list]) == before + 1;
    EXPECT(cached == (alignment < SPARSE_ALIGNMENT));
  }
  return NULL;
}

SCENARIO(AnAlignedRequestTakesACachedBlockThatIsAligned) {
  empty();
  struct request want = {.bytes = REQUEST, .alignment = 64};
  void *block = heap_malloc_as(want);
  heap_free(block);
  EXPECT(heap_malloc_as(want) == block);
  heap_free(block);
  // And one that is not goes home, lest they pile up.
  want.alignment = (uintptr_t)block & -(uintptr_t)block;
  want.alignment *= 2;
  uint32_t before = cache_count(list_for(REQUEST));
  void *other = heap_malloc_as(want);
  EXPECT(other != block && (uintptr_t)other % want.alignment == 0);
  EXPECT(cache_count(list_for(REQUEST)) == before - 1);
  return NULL;
}

static void *leave_blocks(void *argument) {
  (void)argument;
  void *own[50];
  for (int i = 0; i < 50; i++) own[i] = heap_malloc(REQUEST);
  for (int i = 0; i < 50; i++) heap_free(own[i]);
  return cache_count(list_for(REQUEST)) != 0 ? &mine : NULL;
}

SCENARIO(AThreadThatEndsLeavesNothingInItsCache) {
  empty();
  struct loam_stats before = stats();
  size_t caches = 0;
  for (struct thread_cache *cache = state.caches; cache != NULL; cache = cache->next) caches++;
  pthread_t thread;
  void *had = NULL;
  EXPECT(pthread_create(&thread, NULL, leave_blocks, NULL) == 0);
  EXPECT(pthread_join(thread, &had) == 0);
  EXPECT(had != NULL);
  for (struct thread_cache *cache = state.caches; cache != NULL; cache = cache->next) caches--;
  EXPECT(caches == 0);
  struct loam_stats after = stats();
  EXPECT(after.live_blocks == before.live_blocks);
  EXPECT(after.malloc_calls == before.malloc_calls + 50);
  EXPECT(heap_check());
  return NULL;
}

// --- Misuse ------------------------------------------------------------------

SCENARIO_THAT_ENDS(ASecondFreeOfACachedBlock, "not a live block \\(double free") {
  empty();
  void *block = heap_malloc(REQUEST);
  void *other = heap_malloc(REQUEST);
  heap_free(block);
  heap_free(other);
  heap_free(block);
  return "it went on";
}

SCENARIO_THAT_ENDS(AReallocOfACachedBlock, "not a live block \\(double free") {
  empty();
  void *block = heap_malloc(REQUEST);
  heap_free(block);
  return heap_realloc(block, 10) == NULL ? "it failed" : "it went on";
}

SCENARIO_THAT_ENDS(AWriteIntoACachedBlock, "links of a free block overwritten") {
  empty();
  char *block = heap_malloc(REQUEST);
  heap_free(block);
  block[0] ^= 1;
  return heap_malloc(REQUEST) == NULL ? "it failed" : "it went on";
}
