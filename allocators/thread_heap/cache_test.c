// A thread's cache: its stacks, what goes between them and the arenas, and
// what other threads see of them.

#include "allocators/thread_heap/cache.h"

#include <pthread.h>

#include "allocators/thread_heap/arena_fixture.h"

enum { CLASS = 8, STACK_MAX = 4096, BYTES = 8 * TH_ALIGNMENT };

static struct th_cache *cache;

// An open cache over empty arenas.
static void start(void) {
  start_arenas();
  th_cache_set_up();
  if (cache == NULL) cache = loam_os_map(loam_os_round_to_page(th_cache_bytes()), 1);
  th_cache_release_slots(cache);  // the last scenario's
  th_cache_open(cache, &arenas[0]);
}

static size_t count(void) { return th_cache_count(cache, CLASS); }

static uint32_t room(void) { return th_local.free[CLASS].room; }

static const char *expect_whole(void) {
  EXPECT(th_cache_check(cache));
  return expect_arenas_whole();
}

// As the fast path does it, and the slow one where it must.
static void *pop_of(unsigned class) {
  void *block = *th_local.top[class];
  if (block == NULL) return th_cache_refill(cache, class);
  th_local.top[class]--;
  return block;
}

static void push_of(unsigned class, void *block) {
  if (th_local.free[class].room == 0) th_cache_make_room(cache, class);
  th_local.free[class].room--;
  *++th_local.top[class] = block;
}

static void *pop(void) { return pop_of(CLASS); }
static void push(void *block) { push_of(CLASS, block); }

// --- Stacks ------------------------------------------------------------------

SCENARIO(AThreadWithoutACacheFindsEmptyStacksWithoutRoom) {
  for (unsigned class = 0; class < TH_SLAB_CLASSES; class ++) {
    EXPECT(*th_local.top[class] == NULL && th_local.free[class].room == 0);
  }
  return NULL;
}

SCENARIO(AnOpenCacheIsEmpty) {
  start();
  EXPECT(th_local.cache == cache);
  for (unsigned class = 1; class < TH_SLAB_CLASSES; class ++) {
    EXPECT(th_cache_count(cache, class) == 0 && *th_local.top[class] == NULL);
    EXPECT(th_local.free[class].room == 0);
    EXPECT(th_local.free[class].reciprocal == th_class_reciprocal(class));
  }
  return expect_whole();
}

// No block, no reciprocal: an address of a slice without a class is never pushed.
SCENARIO(ClassNoneTakesNothing) {
  start();
  EXPECT(th_local.free[0].reciprocal == 0 && th_local.free[0].room == 0);
  EXPECT(*th_local.top[0] == NULL);
  return NULL;
}

SCENARIO(ARefillGivesTheLowestBlockAndKeepsTheNext) {
  start();
  char *first = th_cache_refill(cache, CLASS);
  EXPECT(first == th_slab_start(arenas[0].slabs));
  size_t kept = count();
  EXPECT(kept > 0 && arenas[0].bins[CLASS].blocks_out == kept + 1);
  EXPECT_HOLDS(expect_whole());
  for (size_t i = 1; i <= kept; i++) EXPECT(pop() == first + i * BYTES);
  EXPECT(count() == 0);
  return expect_whole();
}

// Where the old slabs have less than was wanted.
SCENARIO(AShortRefillStandsAtTheBottom) {
  start();
  unsigned capacity = th_class_capacity(CLASS);
  EXPECT(take_blocks(&arenas[0], CLASS, capacity, 0));
  th_arena_put(CLASS, blocks + 5, 2);
  EXPECT(pop() == blocks[5]);
  EXPECT(cache->bottom[CLASS][0] == NULL && cache->bottom[CLASS][1] == blocks[6] && count() == 1);
  EXPECT_HOLDS(expect_whole());
  EXPECT(pop() == blocks[6] && count() == 0);
  return expect_whole();
}

// Another thread writes to the block before it.
SCENARIO(AFirstRefillSharesNoLine) {
  enum { SMALL = 1 };
  start();
  void *others[1];
  EXPECT(th_arena_take(&arenas[0], SMALL, 1, others + 1) == 1);
  const char *first = th_cache_refill(cache, SMALL);
  EXPECT(th_cache_count(cache, SMALL) == TH_LINE_BLOCKS_MAX - 1);
  EXPECT(first == (char *)others[0] + TH_LINE_BYTES && (uintptr_t)first % TH_LINE_BYTES == 0);
  EXPECT(cache->bottom[SMALL][1] == first + TH_LINE_BYTES - TH_ALIGNMENT);
  return expect_whole();
}

SCENARIO(WithoutMemoryARefillGivesNothing) {
  start();
  fail(LOAM_OS_COMMIT);
  EXPECT(th_cache_refill(cache, CLASS) == NULL && count() == 0);
  fail_nothing();
  EXPECT_HOLDS(expect_whole());
  EXPECT(th_cache_refill(cache, CLASS) != NULL);
  return expect_whole();
}

SCENARIO(CapacitiesGrowWithUseUpToABound) {
  start();
  for (unsigned class = 1; class < TH_SLAB_CLASSES; class ++) {
    uint16_t before = 0;
    cache->strangers[class] = 0;  // or there would be no room yet
    while (cache->capacity[class] != before) {
      before = cache->capacity[class];
      th_cache_make_room(cache, class);
      EXPECT(cache->capacity[class] >= before);
      EXPECT(th_local.free[class].room > 0 && th_local.free[class].room <= cache->capacity[class]);
    }
  }
  return expect_whole();  // which knows the bound
}

SCENARIO(AFullStackSendsHomeItsOldest) {
  start();
  EXPECT(take_blocks(&arenas[0], CLASS, STACK_MAX, 0));
  size_t pushed = 0;
  while (count() < cache->capacity[CLASS] || room() != 0) push(blocks[pushed++]);
  th_cache_make_room(cache, CLASS);
  size_t kept = count();
  EXPECT(room() > 0 && kept > 0 && kept < pushed);
  EXPECT(th_block_is_free(th_slab_around(blocks[0]), 0));
  for (size_t i = 0; i < kept; i++) EXPECT(pop() == blocks[pushed - 1 - i]);
  return expect_whole();
}

SCENARIO(AThreadThatOnlyFreesKeepsWithinItsCapacity) {
  start();
  EXPECT(take_blocks(&arenas[0], CLASS, STACK_MAX, 0));
  for (size_t i = 0; i < STACK_MAX; i++) {
    push(blocks[i]);
    EXPECT(count() + room() <= cache->capacity[CLASS]);
    EXPECT_HOLDS(i % 64 == 0 ? expect_whole() : NULL);
  }
  EXPECT(arenas[0].bins[CLASS].blocks_out == count());
  return expect_whole();
}

// Free, malloc, free, ...: room runs out though the stack never fills.
SCENARIO(RoomRunsOutThoughBlocksAreTakenAgain) {
  start();
  void *block = pop();
  unsigned frees = 0;
  for (; room() != 0; frees++) {
    push(block);
    EXPECT(pop() == block);
  }
  EXPECT(frees > 0 && frees <= cache->capacity[CLASS]);
  return expect_whole();
}

SCENARIO(BlocksOfAnotherArenaGoHome) {
  start();
  EXPECT(take_blocks(&arenas[1], CLASS, STACK_MAX, 0));
  for (size_t i = 0; i < STACK_MAX; i++) push(blocks[i]);
  EXPECT(arenas[1].bins[CLASS].blocks_out == count());
  th_cache_flush(cache);
  EXPECT(count() == 0 && arenas[0].slabs == NULL);
  return expect_nothing_held();
}

SCENARIO(AFlushSendsHomeAll) {
  start();
  for (unsigned class = 1; class < TH_SLAB_CLASSES; class ++) {
    void *block = th_cache_refill(cache, class);
    EXPECT(block != NULL);
    th_arena_put(class, &block, 1);
  }
  th_cache_flush(cache);
  EXPECT(th_cache_check(cache));
  return expect_nothing_held();
}

SCENARIO(WhatNobodyUsesLeavesBitByBit) {
  start();
  void *block = pop();
  size_t before = count();
  th_cache_age(cache);
  EXPECT(count() == before);  // seen for the first time
  th_cache_age(cache);
  EXPECT(count() == before - before / 2 || count() == before / 2);
  for (int i = 0; i < 20; i++) th_cache_age(cache);
  EXPECT(count() <= 1);
  push(block);
  return expect_whole();
}

SCENARIO(WhatIsUsedStays) {
  start();
  pop();
  size_t before = count();
  for (size_t i = 0; i < before; i++) {
    th_cache_age(cache);
    EXPECT(count() == before - i);
    pop();
  }
  return expect_whole();
}

SCENARIO(AClosedCacheHoldsNothing) {
  start();
  void *block = pop();
  push(block);
  th_cache_close(cache);
  EXPECT(th_local.cache == NULL && room() == 0 && *th_local.top[CLASS] == NULL);
  EXPECT_HOLDS(expect_nothing_held());
  th_cache_open(cache, &arenas[1]);  // the next thread's
  EXPECT(cache->frees == 0 && pop() != NULL && arenas[0].slabs == NULL);
  return expect_whole();
}

// --- From outside ------------------------------------------------------------

struct look {
  const void *block;
  struct th_cache_sums sums;
  bool held;
};

static void *look_from_outside(void *argument) {
  struct look *look = argument;
  th_cache_add_sums(cache, &look->sums);
  look->held = th_cache_holds(cache, CLASS, look->block);
  return NULL;
}

static struct look look_for(const void *block) {
  struct look look = {.block = block};
  pthread_t thread;
  if (pthread_create(&thread, NULL, look_from_outside, &look) == 0) pthread_join(thread, NULL);
  return look;
}

SCENARIO(AnotherThreadSeesHowManyBlocksWait) {
  start();
  pop();
  EXPECT(look_for(NULL).sums.blocks[CLASS] == count());
  EXPECT(look_for(NULL).sums.blocks[CLASS + 1] == 0);
  return NULL;
}

SCENARIO(AnotherThreadSeesEveryFree) {
  start();
  void *block = pop();
  for (size_t frees = 1; frees < 2000; frees++) {
    push(block);
    EXPECT(frees % 50 != 0 || look_for(NULL).sums.frees == frees);
    block = pop();
  }
  return NULL;
}

SCENARIO(AnotherThreadSeesWhichBlocksWait) {
  start();
  void *block = pop();
  void *waiting = *th_local.top[CLASS];
  EXPECT(look_for(waiting).held && !look_for(block).held);
  push(block);
  EXPECT(look_for(waiting).held && look_for(block).held);
  return NULL;
}

// --- Limits ------------------------------------------------------------------

static void free_all(size_t blocks_count) {
  for (size_t i = 0; i < blocks_count; i++) push(blocks[i]);
}

static void take_all(size_t blocks_count) {
  for (size_t i = 0; i < blocks_count; i++) blocks[i] = pop();
}

// Bursts that go home and come back widen it, until they stay.
SCENARIO(BurstsWidenTheLimit) {
  enum { BURST = 400 };
  start();
  uint16_t first = cache->limit[CLASS];
  for (int i = 0; i < 20; i++) {
    take_all(BURST);
    free_all(BURST);
  }
  EXPECT(cache->limit[CLASS] > first);
  size_t frees = cache->frees;
  uint16_t limit = cache->limit[CLASS];
  size_t out = arenas[0].bins[CLASS].blocks_out;
  take_all(BURST);
  EXPECT(arenas[0].bins[CLASS].blocks_out == out);  // all came from the stack
  free_all(BURST);
  EXPECT(cache->limit[CLASS] == limit && cache->frees >= frees);
  return expect_whole();
}

static void burst(unsigned class, size_t blocks_count) {
  for (size_t i = 0; i < blocks_count; i++) blocks[i] = pop_of(class);
  for (size_t i = 0; i < blocks_count; i++) push_of(class, blocks[i]);
}

enum { LARGE_BURST = 900, ROUNDS = 20 };

SCENARIO(LargeBurstsHaveSlotsOfTheirOwn) {
  start();
  EXPECT(cache->wide[CLASS] == NULL && cache->wide_bytes == 0);
  for (int i = 0; i < ROUNDS; i++) burst(CLASS, LARGE_BURST);
  EXPECT(cache->bottom[CLASS] == cache->wide[CLASS] && cache->limit[CLASS] >= LARGE_BURST);
  EXPECT(cache->wide_bytes >= (cache->capacity[CLASS] + 1u) * sizeof(void *));
  EXPECT(look_for(NULL).sums.slots_bytes == cache->wide_bytes);
  size_t out = arenas[0].bins[CLASS].blocks_out;
  burst(CLASS, LARGE_BURST);
  EXPECT(arenas[0].bins[CLASS].blocks_out == out);  // all stayed
  EXPECT_HOLDS(expect_whole());
  th_cache_close(cache);
  th_cache_release_slots(cache);
  EXPECT(cache->wide[CLASS] == NULL && cache->wide_bytes == 0);
  EXPECT_HOLDS(expect_nothing_held());
  th_cache_open(cache, &arenas[0]);
  burst(CLASS, LARGE_BURST);
  return expect_whole();
}

static bool fails_to_map(enum loam_os_call call, size_t bytes) {
  (void)bytes;
  return call == LOAM_OS_MAP;
}

SCENARIO(WithoutMemoryForSlotsAStackStaysSmall) {
  start();
  loam_os_set_fault_hook(fails_to_map);
  for (int i = 0; i < ROUNDS; i++) burst(CLASS, LARGE_BURST);
  loam_os_set_fault_hook(NULL);
  EXPECT(cache->wide_bytes == 0 && cache->capacity[CLASS] < LARGE_BURST);
  EXPECT_HOLDS(expect_whole());
  for (int i = 0; i < ROUNDS; i++) burst(CLASS, LARGE_BURST);
  EXPECT(cache->limit[CLASS] >= LARGE_BURST);
  return expect_whole();
}

// Classes that take turns: no more than so much waits in all, and what is not used any more
// makes way for others.
enum { FIRST = 4, LAST = 44, LIMITS_BYTES_MAX = 3 << 20, CLASS_BYTES = 120 << 10 };

SCENARIO(AllLimitsTogetherAreBounded) {
  start();
  size_t at_first = cache->limits_bytes;
  for (unsigned class = FIRST; class <= LAST; class ++) {
    for (int i = 0; i < ROUNDS; i++) burst(class, CLASS_BYTES / th_class_bytes(class));
    EXPECT(cache->limits_bytes <= LIMITS_BYTES_MAX);
  }
  EXPECT(cache->limits_bytes > LIMITS_BYTES_MAX / 2);
  EXPECT_HOLDS(expect_whole());
  for (int i = 0; i < ROUNDS; i++) th_cache_age(cache);
  EXPECT(cache->limits_bytes == at_first);
  for (int i = 0; i < ROUNDS; i++) burst(CLASS, CLASS_BYTES / BYTES);
  EXPECT(cache->limit[CLASS] * BYTES >= CLASS_BYTES);
  th_cache_flush(cache);
  EXPECT(cache->limits_bytes == at_first);
  EXPECT_HOLDS(expect_whole());
  th_cache_flush(cache);
  return expect_nothing_held();
}

// Blocks go home at little room each time; pairs that follow do not pay for that.
SCENARIO(PairsAfterABurstHaveRoom) {
  enum { OF_1_KB = 32 };
  start();
  burst(OF_1_KB, LARGE_BURST);
  EXPECT(cache->is_sending[OF_1_KB] && cache->granted[OF_1_KB] <= 16);
  for (int i = 0; i < 100; i++) burst(OF_1_KB, 1);
  EXPECT(!cache->is_sending[OF_1_KB] && cache->granted[OF_1_KB] > 64);
  return expect_whole();
}

// Or it would look at the time each hundredth call alone.
SCENARIO(AThreadThatMakesFewCallsHasLittleRoom) {
  enum { OF_1_KB = 32 };
  start();
  for (int i = 0; i < 300; i++) burst(OF_1_KB, 1);
  EXPECT(cache->granted[OF_1_KB] > 64);
  cache->is_busy = false;
  for (int i = 0; i < 300; i++) burst(OF_1_KB, 1);
  EXPECT(cache->granted[OF_1_KB] <= 4);
  return expect_whole();
}

// What is used gets its share of the bound from what is not.
SCENARIO(LimitsMoveToWhatIsInUse) {
  start();
  for (unsigned class = FIRST; class <= LAST; class ++) {
    for (int i = 0; i < 3 * ROUNDS; i++) burst(class, CLASS_BYTES / th_class_bytes(class));
    size_t out = arenas[0].bins[class].blocks_out;
    burst(class, CLASS_BYTES / th_class_bytes(class));
    EXPECT(arenas[0].bins[class].blocks_out == out);  // all came from the stack
  }
  EXPECT_HOLDS(expect_whole());
  th_cache_flush(cache);
  return expect_nothing_held();
}

// So that what they hold comes to lie in fewer; but not where all blocks are freed, and slabs go
// without that.
SCENARIO(PairsLetSlabsOfASparseClassDrain) {
  enum { MANY = STACK_MAX };
  start();
  take_all(MANY);
  shuffle(blocks, MANY);
  for (size_t i = MANY / 4; i < MANY; i++) {
    push(blocks[i]);
    EXPECT(arenas[0].bins[CLASS].draining == NULL);
  }
  EXPECT(arenas[0].bins[CLASS].blocks_out * 2 <
         arenas[0].bins[CLASS].slabs * th_class_capacity(CLASS));
  for (int i = 0; i < 1000; i++) push(pop());
  EXPECT(arenas[0].bins[CLASS].draining_slabs != 0);
  EXPECT_HOLDS(expect_whole());
  free_all(MANY / 4);
  th_cache_flush(cache);
  return expect_nothing_held();
}

// A thread that only frees keeps little, however long it goes on.
SCENARIO(AThreadThatOnlyFreesKeepsLittle) {
  start();
  uint16_t first = cache->limit[CLASS];
  for (int i = 0; i < 4; i++) {
    EXPECT(take_blocks(&arenas[1], CLASS, STACK_MAX, 0));
    free_all(STACK_MAX);
    EXPECT(count() * BYTES <= 8192 && cache->limit[CLASS] == first);
  }
  return expect_whole();
}

// A few small blocks that the thread did not allocate go home, and no more: their neighbours
// are in other threads' hands.
SCENARIO(SomeSmallStrangersAreTurnedAway) {
  enum { SMALL = 1, FEW = 16 };
  start();
  EXPECT(take_blocks(&arenas[1], SMALL, FEW + 1, 0));
  for (unsigned i = 0; i < FEW; i++) {
    EXPECT(arenas[1].bins[SMALL].blocks_out == FEW + 1 - i);
    th_cache_flush(cache);  // gives no room for them
    EXPECT(th_local.free[SMALL].room == 0 && expect_whole() == NULL);
    EXPECT(th_cache_turn_away(cache, SMALL, blocks[i]));
  }
  EXPECT(!th_cache_turn_away(cache, SMALL, blocks[FEW]) && cache->frees == FEW);
  EXPECT(arenas[1].bins[SMALL].blocks_out == 1);
  th_arena_put(SMALL, &blocks[FEW], 1);
  return expect_nothing_held();
}

SCENARIO(NobodyIsAStrangerWhereTheThreadAllocates) {
  enum { SMALL = 1 };
  start();
  void *block = th_cache_refill(cache, SMALL);
  EXPECT(block != NULL && th_local.free[SMALL].room != 0);
  EXPECT(!th_cache_turn_away(cache, SMALL, block));
  EXPECT(!th_cache_turn_away(cache, CLASS, block));  // nor among large blocks
  th_arena_put(SMALL, &block, 1);
  th_cache_flush(cache);
  return expect_nothing_held();
}

// Pairs of malloc and free need no blocks, and soon pass the slow path seldom.
SCENARIO(PairsKeepFewBlocks) {
  start();
  unsigned slow = 0;
  for (int i = 0; i < 10000; i++) {
    void *block = pop();
    slow += room() == 0;
    push(block);
  }
  EXPECT(slow < 200 && count() <= 2 * cache->limit[CLASS]);
  return expect_whole();
}

// Large blocks wait by the few.
SCENARIO(AStackOfLargeBlocksIsShort) {
  start();
  for (unsigned class = 1; class < TH_SLAB_CLASSES; class ++) {
    EXPECT(cache->limit[class] >= 1);
    EXPECT(cache->limit[class] == 1 || cache->limit[class] * th_class_bytes(class) <= 4096);
    EXPECT(cache->capacity[class] * th_class_bytes(class) <= 65536);
  }
  return NULL;
}
