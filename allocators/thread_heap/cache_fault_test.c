// What the check of a thread's cache finds broken.

#include "allocators/thread_heap/arena_fixture.h"
#include "allocators/thread_heap/cache.h"

enum { CLASS = 8 };

static struct th_cache *cache;
static void *live;  // a block in the program's hands; others wait in the cache

static void start(void) {
  start_arenas();
  th_cache_set_up();
  if (cache == NULL) cache = loam_os_map(loam_os_round_to_page(th_cache_bytes()), 1);
  th_cache_open(cache, &arenas[0]);
  live = th_cache_refill(cache, CLASS);
}

static const char *expect_complaint(const char *words) {
  loam_capture_begin();
  bool whole = th_cache_check(cache);
  const char *said = loam_capture_end();
  EXPECT(!whole);
  EXPECT(strstr(said, words) != NULL);
  return NULL;
}

SCENARIO(ACacheInUseIsWhole) {
  start();
  EXPECT(live != NULL && th_cache_check(cache));
  return NULL;
}

SCENARIO(TheCheckFindsABottomThatIsGone) {
  start();
  *cache->bottom[CLASS] = live;
  const char *fault = expect_complaint("cache without a bottom");
  *cache->bottom[CLASS] = NULL;  // nobody else would write it again
  return fault;
}

SCENARIO(TheCheckFindsTooMuchRoom) {
  start();
  th_local.free[CLASS].room = cache->capacity[CLASS];
  return expect_complaint("cache over its capacity");
}

SCENARIO(TheCheckFindsACapacityThatNoStackHas) {
  start();
  cache->capacity[CLASS] = UINT16_MAX;
  return expect_complaint("cache over its capacity");
}

SCENARIO(TheCheckFindsLimitsThatDoNotAddUp) {
  start();
  cache->limits_bytes++;
  const char *fault = expect_complaint("cache with limits that do not add up");
  cache->limits_bytes--;
  return fault;
}

SCENARIO(TheCheckFindsSlotsThatDoNotAddUp) {
  start();
  cache->wide_bytes++;
  const char *fault = expect_complaint("cache with slots that do not add up");
  cache->wide_bytes--;
  return fault;
}

SCENARIO(TheCheckFindsABlockOfNoSlab) {
  start();
  *th_local.top[CLASS] = &cache;
  return expect_complaint("strayed block in a cache");
}

SCENARIO(TheCheckFindsABlockOfAnotherClass) {
  start();
  *th_local.top[CLASS] = th_arena_malloc(&arenas[0], CLASS + 1);
  return expect_complaint("strayed block in a cache");
}

SCENARIO(TheCheckFindsAnAddressThatIsNoBlock) {
  start();
  *th_local.top[CLASS] = (char *)*th_local.top[CLASS] + TH_ALIGNMENT;
  return expect_complaint("cached address that is no block");
}

SCENARIO(TheCheckFindsABlockThatIsFreeInItsSlab) {
  start();
  void *block = *th_local.top[CLASS];
  th_arena_put(CLASS, &block, 1);
  return expect_complaint("cached block that is free in its slab");
}
