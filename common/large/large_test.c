#include "common/large/large.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/os/os.h"
#include "common/testing/scenario.h"

enum { DELAY_MS = 100 };
static const size_t kib64 = 65536;  // whole pages, whatever the page size

static struct loam_large large;
static struct loam_large_owner owner, other_owner;

static void start(size_t cache_bytes_max) {
  large = (struct loam_large){.cache_bytes_max = cache_bytes_max, .purge_delay_ms = DELAY_MS};
  owner = other_owner = (struct loam_large_owner){0};
}

static char *take(size_t bytes) {
  bool zeroed;
  return loam_large_malloc(&large, bytes, 1, &owner, &zeroed);
}

// By memcmp with itself: quick also where each access of ours is watched.
static bool all_bytes_are(const char *start, size_t bytes, char value) {
  return start[0] == value && memcmp(start, start + 1, bytes - 1) == 0;
}

// The table, the cache and the owners agree.
static const char *expect_whole(void) {
  EXPECT(loam_large_check(&large) == NULL);
  EXPECT(large.moving == 0);
  EXPECT(large.count == owner.live_blocks + other_owner.live_blocks);
  EXPECT(owner.malloc_calls - owner.free_calls == owner.live_blocks);
  size_t bytes = 0;
  for (size_t slot = 0; slot < large.capacity; slot++) bytes += large.table[slot].bytes;
  EXPECT(bytes == owner.live_bytes + other_owner.live_bytes);
  return NULL;
}

static const char *expect_finds(char *address, size_t bytes) {
  struct loam_large_block block;
  EXPECT(loam_large_find(&large, address, &block));
  EXPECT(block.address == address);
  EXPECT(block.bytes == bytes);
  EXPECT(block.owner == &owner);
  return NULL;
}

// --- Blocks ------------------------------------------------------------------

SCENARIO(ABlockIsWholePagesAndCounted) {
  start(0);
  char *address = take(kib64 + 1);
  EXPECT(address != NULL);
  size_t bytes = loam_os_round_to_page(kib64 + 1);
  EXPECT_HOLDS(expect_finds(address, bytes));
  EXPECT(owner.live_blocks == 1 && owner.live_bytes == bytes && owner.malloc_calls == 1);
  EXPECT_HOLDS(expect_whole());
  EXPECT(loam_large_free(&large, address));
  EXPECT(owner.live_blocks == 0 && owner.live_bytes == 0 && owner.free_calls == 1);
  EXPECT_HOLDS(expect_whole());
  return NULL;
}

SCENARIO(NoBytesAreAPage) {
  start(0);
  char *address = take(0);
  EXPECT_HOLDS(expect_finds(address, loam_os_page_size()));
  return NULL;
}

SCENARIO(SizesBeyondPtrdiffMaxAreRefused) {
  start(0);
  EXPECT(take((size_t)PTRDIFF_MAX + 1) == NULL);
  EXPECT(take(SIZE_MAX) == NULL);
  EXPECT(take(PTRDIFF_MAX) == NULL);  // by the kernel
  EXPECT_HOLDS(expect_whole());
  return NULL;
}

SCENARIO(AlignmentHolds) {
  start(64 * kib64);
  for (int again = 0; again < 2; again++) {  // the second time out of the cache
    for (size_t alignment = 1; alignment <= 256 * kib64; alignment *= 2) {
      bool zeroed;
      char *address = loam_large_malloc(&large, kib64, alignment, &owner, &zeroed);
      EXPECT(address != NULL);
      EXPECT((uintptr_t)address % alignment == 0);
      if (zeroed) EXPECT(all_bytes_are(address, kib64, 0));
      memset(address, 1, kib64);
      EXPECT(loam_large_free(&large, address));
      EXPECT_HOLDS(expect_whole());
    }
  }
  return NULL;
}

SCENARIO(WhatIsNoLiveBlockIsNotFound) {
  start(0);
  struct loam_large_block block;
  char local = 0;
  EXPECT(!loam_large_find(&large, &local, &block));  // before there is a table
  char *address = take(4 * kib64);
  char *freed = take(kib64);
  EXPECT(loam_large_free(&large, freed));
  char *const foreign[] = {NULL, &local, address + 16, address + kib64, address - kib64, freed};
  for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++) {
    EXPECT(!loam_large_find(&large, foreign[i], &block));
    EXPECT(!loam_large_free(&large, foreign[i]));
  }
  EXPECT(owner.free_calls == 1);
  EXPECT_HOLDS(expect_whole());
  return NULL;
}

SCENARIO(ReallocKeepsContentsAndCounters) {
  start(0);
  char *address = take(4 * kib64);
  memset(address, 5, 4 * kib64);
  address = loam_large_realloc(&large, address, 16 * kib64);
  EXPECT(address != NULL);
  EXPECT(all_bytes_are(address, 4 * kib64, 5));
  EXPECT(all_bytes_are(address + 4 * kib64, 12 * kib64, 0));
  EXPECT_HOLDS(expect_finds(address, 18 * kib64));  // an eighth more, for the next time
  EXPECT_HOLDS(expect_whole());
  address = loam_large_realloc(&large, address, 2 * kib64);
  EXPECT(all_bytes_are(address, 2 * kib64, 5));
  EXPECT_HOLDS(expect_finds(address, 2 * kib64));
  EXPECT(loam_large_realloc(&large, address, 2 * kib64 - 1) == address);  // the same pages
  EXPECT(loam_large_realloc(&large, address, (size_t)PTRDIFF_MAX) == NULL);
  EXPECT(owner.malloc_calls == 1 && owner.free_calls == 0);
  EXPECT_HOLDS(expect_whole());
  return NULL;
}

SCENARIO(FreeAllTakesJustTheOwnersBlocks) {
  start(8 * kib64);
  bool zeroed;
  char *foreign = loam_large_malloc(&large, kib64, 1, &other_owner, &zeroed);
  for (int i = 0; i < 20; i++) EXPECT(take(kib64) != NULL);
  loam_large_free_all(&large, &owner);
  EXPECT(owner.live_blocks == 0 && owner.free_calls == 20);
  EXPECT(other_owner.live_blocks == 1);
  struct loam_large_block block;
  EXPECT(loam_large_find(&large, foreign, &block) && block.owner == &other_owner);
  EXPECT_HOLDS(expect_whole());
  return NULL;
}

SCENARIO(StatisticsAreThoseOfTheOwnerAndTheCache) {
  start(64 * kib64);
  char *address = take(2 * kib64);
  EXPECT(take(3 * kib64) != NULL);
  EXPECT(loam_large_free(&large, address));
  struct loam_stats stats = {0};
  loam_large_owner_stats(&large, &owner, &stats);
  EXPECT(stats.large_blocks == 1 && stats.live_blocks == 1);
  EXPECT(stats.large_bytes == 3 * kib64 && stats.allocated_bytes == 3 * kib64);
  EXPECT(stats.malloc_calls == 2 && stats.free_calls == 1);
  loam_large_shared_stats(&large, &stats);
  EXPECT(stats.free_bytes == 2 * kib64 && stats.free_blocks == 1);
  EXPECT(stats.largest_free_bytes == 2 * kib64);
  EXPECT(stats.mapped_bytes == stats.allocated_bytes + stats.free_bytes + stats.metadata_bytes);
  return NULL;
}

// --- The table ---------------------------------------------------------------

enum { BLOCKS = 3000, STEPS = 12000 };

SCENARIO(ThousandsOfBlocksComeAndGo) {
  static char *blocks[BLOCKS];
  memset(blocks, 0, sizeof blocks);
  start(0);
  unsigned random = 1;
  size_t live = 0;
  for (int step = 0; step < STEPS; step++) {
    random = random * 1103515245 + 12345;
    char **block = &blocks[(random >> 8) % BLOCKS];
    if (*block == NULL) {
      *block = take(1);
      EXPECT(*block != NULL);
      live++;
    } else {
      EXPECT(loam_large_free(&large, *block));
      EXPECT(!loam_large_free(&large, *block));
      *block = NULL;
      live--;
    }
    EXPECT(large.count == live);
    if (step % 1000 == 0) EXPECT_HOLDS(expect_whole());
  }
  EXPECT(large.capacity >= 2 * live);
  for (int i = 0; i < BLOCKS; i++) {
    if (blocks[i] != NULL) EXPECT_HOLDS(expect_finds(blocks[i], loam_os_page_size()));
  }
  loam_large_free_all(&large, &owner);
  EXPECT_HOLDS(expect_whole());
  EXPECT(large.count == 0);
  return NULL;
}

enum { THREADS = 4, ROUNDS = 40 };

static void *work(void *argument) {
  char stamp = (char)(intptr_t)argument;
  static struct loam_large_owner owners[THREADS + 1];
  struct loam_large_owner *mine = &owners[(int)stamp];
  for (int i = 0; i < ROUNDS; i++) {
    bool zeroed;
    char *address = loam_large_malloc(&large, kib64, 1, mine, &zeroed);
    if (address == NULL || (zeroed && !all_bytes_are(address, kib64, 0))) return "malloc";
    memset(address, stamp, kib64);
    address = loam_large_realloc(&large, address, 3 * kib64);
    if (address == NULL || !all_bytes_are(address, kib64, stamp)) return "realloc";
    if (!loam_large_free(&large, address)) return "free";
  }
  return mine->live_blocks == 0 && mine->free_calls == ROUNDS ? NULL : "counters";
}

SCENARIO(ThreadsShareTheTable) {
  start(4 * kib64);
  pthread_t threads[THREADS];
  for (intptr_t i = 0; i < THREADS; i++) {
    EXPECT(pthread_create(&threads[i], NULL, work, (void *)(i + 1)) == 0);
  }
  const char *fault = NULL;
  for (int i = 0; i < THREADS; i++) {
    void *result;
    pthread_join(threads[i], &result);
    if (result != NULL) fault = result;
  }
  EXPECT_HOLDS(fault);
  EXPECT(large.count == 0);
  EXPECT_HOLDS(expect_whole());
  return NULL;
}

// --- The cache ---------------------------------------------------------------

SCENARIO(AFreedBlockIsUsedAgain) {
  start(64 * kib64);
  bool zeroed;
  char *address = loam_large_malloc(&large, 4 * kib64, 1, &owner, &zeroed);
  EXPECT(zeroed);
  EXPECT(loam_large_free(&large, address));
  EXPECT(large.cache.bytes == 4 * kib64);
  EXPECT(loam_large_malloc(&large, 4 * kib64, 1, &owner, &zeroed) == address);
  EXPECT(!zeroed);
  EXPECT_HOLDS(expect_whole());
  return NULL;
}

SCENARIO(TheCacheKeepsToItsLimit) {
  start(8 * kib64);
  char *blocks[12];
  for (int i = 0; i < 12; i++) blocks[i] = take(2 * kib64);
  for (int i = 0; i < 12; i++) {
    EXPECT(loam_large_free(&large, blocks[i]));
    EXPECT(large.cache.bytes <= 8 * kib64);
  }
  EXPECT(large.cache.bytes > 0);
  size_t cached = large.cache.bytes;
  EXPECT(loam_large_free(&large, take(6 * kib64)));  // over half of the limit: not worth it
  EXPECT(large.cache.bytes <= cached);
  EXPECT_HOLDS(expect_whole());
  return NULL;
}

SCENARIO(WithoutADelayNothingIsCached) {
  start(64 * kib64);
  large.purge_delay_ms = 0;
  EXPECT(loam_large_free(&large, take(kib64)));
  EXPECT(large.cache.count == 0);
  return NULL;
}

SCENARIO(TrimGivesBackAllButWhatIsKept) {
  start(64 * kib64);
  EXPECT(!loam_large_trim(&large, 0));
  char *first = take(4 * kib64);
  EXPECT(loam_large_free(&large, first));
  EXPECT(!loam_large_trim(&large, 4 * kib64));
  EXPECT(loam_large_trim(&large, kib64));
  EXPECT(large.cache.bytes == kib64);
  EXPECT(loam_large_trim(&large, 0));
  EXPECT(large.cache.bytes == 0 && large.cache.count == 0);
  EXPECT_HOLDS(expect_whole());
  return NULL;
}

SCENARIO(PurgeGivesBackWhatLayIdleForAPeriod) {
  start(64 * kib64);
  char *address = take(4 * kib64);
  EXPECT(loam_large_free(&large, address));
  loam_large_purge(&large, 1000);  // ends the period in which it was freed
  EXPECT(large.cache.bytes == 4 * kib64);
  EXPECT(take(kib64) != NULL);  // one part of it is needed in this one
  loam_large_purge(&large, 1000 + DELAY_MS - 1);
  EXPECT(large.cache.bytes == 3 * kib64);
  loam_large_purge(&large, 1000 + DELAY_MS);
  EXPECT(large.cache.bytes == 0);
  EXPECT_HOLDS(expect_whole());
  return NULL;
}

SCENARIO(PurgePassesByWhereTheLockIsHeld) {
  start(64 * kib64);
  EXPECT(loam_large_free(&large, take(kib64)));
  loam_large_purge(&large, 1000);
  loam_lock_acquire(&large.lock);
  loam_large_purge(&large, 1000 + DELAY_MS);
  loam_lock_release(&large.lock);
  EXPECT(large.cache.bytes == kib64);
  return NULL;
}
