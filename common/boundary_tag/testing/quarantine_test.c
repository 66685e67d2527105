// The hardened level's quarantine: what waits in it, how it is counted, who empties it, and what is
// found of writes meanwhile. Compiled with LOAM_HARDENED=1.

#include <sys/wait.h>

#include "common/boundary_tag/testing/hardened_fixture.h"

static size_t held(void) {
  return atomic_load_explicit(&quarantine_of(&mine.cache)->sums, memory_order_relaxed) >> 32;
}

// A block, while no other waits.
static void *malloc_alone(size_t bytes) {
  void *payload = heap_malloc(bytes);
  cache_flush(&mine.cache);
  return payload;
}

SCENARIO(AFreedBlockWaitsAndIsCountedAsFree) {
  char *payload = malloc_alone(SMALL);
  struct loam_stats before;
  struct loam_stats after;
  heap_stats(&before);
  EXPECT(held() == 0);
  heap_free(payload);
  EXPECT(held() == 1 && heap_check());
  heap_stats(&after);
  EXPECT(after.live_blocks == before.live_blocks - 1);
  EXPECT(after.free_calls == before.free_calls + 1);
  EXPECT(after.allocated_bytes == before.allocated_bytes - SMALL);
  char *other = heap_malloc(SMALL);
  EXPECT(other != payload);
  heap_trim(0);
  EXPECT(held() == 0 && heap_check());
  heap_free(other);
  return NULL;
}

SCENARIO(ItHoldsNoMoreThanItsPlaces) {
  for (int i = 0; i < 10 * QUARANTINE_BLOCKS; i++) heap_free(heap_malloc((size_t)i * 20));
  EXPECT(held() > 0 && held() <= QUARANTINE_BLOCKS);
  size_t before = held();
  heap_free(heap_malloc(QUARANTINE_BLOCK_BYTES_MAX));  // with its header it is larger than that
  EXPECT(held() == before && heap_check());
  return NULL;
}

SCENARIO(AReallocThatMovesLetsTheOldBlockWait) {
  char *payload = heap_realloc(malloc_alone(SMALL), LARGE);
  EXPECT(held() == 1 && heap_check());
  heap_free(payload);
  EXPECT(held() == 1);
  return NULL;
}

SCENARIO(BlocksOfOwnHeapsDoNotWait) {
  heap_free(malloc_alone(SMALL));
  struct loam_heap *heap = own_heap_create();
  own_heap_free(heap, malloc_slow(&heap->arena, (struct request){.bytes = SMALL}));
  EXPECT(held() == 1 && heap_check());
  own_heap_destroy(heap);
  return NULL;
}

SCENARIO(NothingWaitsWhileMemoryIsShort) {
  void **last = heap_malloc(MEDIUM);
  void **before_last = NULL;
  loam_os_set_fault_hook(fail_all);
  for (void **more = last; more != NULL; more = heap_malloc(MEDIUM)) {
    *more = before_last;
    before_last = last = more;
  }
  before_last = *last;
  heap_free(last);
  EXPECT(held() == 1);
  last = heap_malloc(MEDIUM);
  EXPECT(last != NULL && held() == 0);
  heap_free(last);
  EXPECT(held() == 1 && heap_malloc(LARGE) == NULL && held() == 0);
  loam_os_set_fault_hook(NULL);
  for (void **next; before_last != NULL; before_last = next) {
    next = *before_last;
    heap_free(before_last);
  }
  EXPECT(heap_check());
  return NULL;
}

// Where links and tags will stand, as much as elsewhere.
static void write_while_it_waits(size_t at) {
  char *payload = heap_malloc(SMALL);
  heap_free(payload);
  payload[at] = 'w';
  use_small_blocks();
}

SCENARIO_THAT_ENDS(AWriteWhereALinkWillBeIsFound, "memory that is free was written to") {
  write_while_it_waits(0);
  return NULL;
}

SCENARIO_THAT_ENDS(AWriteWhereAMarkWillBeIsFound, "memory that is free was written to") {
  write_while_it_waits(8);
  return NULL;
}

SCENARIO_THAT_ENDS(AWriteWhereAFooterWillBeIsFound, "memory that is free was written to") {
  write_while_it_waits(block_bytes_for(SMALL) - BLOCK_HEADER_BYTES - BLOCK_FOOTER_BYTES);
  return NULL;
}

static void *free_only(void *payload) {
  heap_free(payload);
  return held() == 1 ? NULL : payload;
}

SCENARIO(AThreadThatOnlyFreesHasOneToo) {
  pthread_t thread;
  void *failed;
  EXPECT(pthread_create(&thread, NULL, free_only, heap_malloc(SMALL)) == 0);
  EXPECT(pthread_join(thread, &failed) == 0 && failed == NULL);
  EXPECT(heap_check());
  return NULL;
}

SCENARIO(AChildHasWhatWaitsAndChancesOfItsOwn) {
  heap_free(malloc_alone(SMALL));
  uint64_t chance = quarantine_of(&mine.cache)->chance;
  pid_t child = fork();
  if (child == 0) {
    bool whole = held() == 1 && heap_check() && heap_malloc(SMALL) != NULL;
    _exit(whole && quarantine_of(&mine.cache)->chance != chance ? 0 : 1);
  }
  int status;
  EXPECT(waitpid(child, &status, 0) == child && status == 0);
  EXPECT(held() == 1 && quarantine_of(&mine.cache)->chance == chance);
  return NULL;
}

static void *free_one(void *payload) {
  heap_free(heap_malloc(1));
  heap_free(payload);
  return NULL;
}

SCENARIO(AThreadThatEndsSendsItsBlocksHome) {
  struct loam_stats before;
  struct loam_stats after;
  pthread_t thread;
  heap_stats(&before);
  EXPECT(pthread_create(&thread, NULL, free_one, heap_malloc(SMALL)) == 0);
  EXPECT(pthread_join(thread, NULL) == 0);
  heap_stats(&after);
  EXPECT(after.allocated_bytes == before.allocated_bytes);
  EXPECT(heap_check());
  return NULL;
}

// All that a live block has at its end is put back, by one who can read and write there.
SCENARIO_THAT_ENDS(ABlockFreedTwiceIsFoundWhenItIsUsedAgain,
                   "not a live block|memory that is free was written to") {
  char *payload = heap_malloc(SMALL);
  char behind[64];
  size_t end = size_of_payload(payload) - BLOCK_HEADER_BYTES;
  memcpy(behind, payload + SMALL, end - SMALL);
  heap_free(payload);
  memcpy(payload + SMALL, behind, end - SMALL);
  heap_free(payload);
  use_small_blocks();
  return NULL;
}
