// Large blocks while system calls fail, and what loam_large_check finds.

#include <errno.h>
#include <string.h>

#include "common/large/large.h"
#include "common/os/os.h"
#include "common/testing/scenario.h"

static const size_t kib64 = 65536;

static struct loam_large large;
static struct loam_large_owner owner;

static void start(size_t cache_bytes_max) {
  large = (struct loam_large){.cache_bytes_max = cache_bytes_max, .purge_delay_ms = 100};
  owner = (struct loam_large_owner){0};
}

static char *take_aligned(size_t bytes, size_t alignment) {
  bool zeroed;
  return loam_large_malloc(&large, bytes, alignment, &owner, &zeroed);
}

static char *take(size_t bytes) { return take_aligned(bytes, 1); }

// --- Calls that fail ---------------------------------------------------------

static unsigned failing_calls;  // bit c: every call c fails
static size_t failing_bytes;    // 0, or just those of so many bytes

static bool fails(enum loam_os_call call, size_t bytes) {
  return (failing_calls >> call & 1) != 0 && (failing_bytes == 0 || bytes == failing_bytes);
}

static void fail(unsigned calls, size_t bytes) {
  failing_calls = calls;
  failing_bytes = bytes;
  loam_os_set_fault_hook(calls != 0 ? fails : NULL);
}

static const char *expect_blocks(size_t count, size_t bytes) {
  EXPECT(loam_large_check(&large) == NULL);
  EXPECT(large.count == count && large.moving == 0);
  EXPECT(owner.live_blocks == count && owner.live_bytes == count * bytes);
  EXPECT(owner.malloc_calls - owner.free_calls == count);
  return NULL;
}

SCENARIO(NoMemoryForTheTable) {
  start(0);
  fail(1u << LOAM_OS_MAP, 0);
  char *address = take(kib64);
  fail(0, 0);
  EXPECT(address == NULL);
  EXPECT_HOLDS(expect_blocks(0, kib64));
  EXPECT(take(kib64) != NULL);
  return NULL;
}

SCENARIO(NoMemoryForTheBlock) {
  start(0);
  fail(1u << LOAM_OS_MAP, kib64);
  char *address = take(kib64);
  fail(0, 0);
  EXPECT(address == NULL);
  EXPECT_HOLDS(expect_blocks(0, kib64));
  EXPECT(take(kib64) != NULL);
  EXPECT_HOLDS(expect_blocks(1, kib64));
  return NULL;
}

SCENARIO(NoMemoryForALargerTable) {
  start(0);
  char *first = take(kib64);
  size_t count = 1;
  while ((count + 1) * 2 <= large.capacity) {
    EXPECT(take(kib64) != NULL);
    count++;
  }
  size_t capacity = large.capacity;
  fail(1u << LOAM_OS_MAP, 0);
  char *address = take(kib64);
  fail(0, 0);
  EXPECT(address == NULL);
  EXPECT(large.capacity == capacity);
  EXPECT_HOLDS(expect_blocks(count, kib64));
  EXPECT(take(kib64) != NULL);
  EXPECT(large.capacity == 2 * capacity);
  EXPECT_HOLDS(expect_blocks(count + 1, kib64));
  EXPECT(loam_large_free(&large, first));
  return NULL;
}

SCENARIO(CommitFails) {
  start(0);
  fail(1u << LOAM_OS_COMMIT, 0);
  // A good guess at an aligned address needs no commit.
  char *address = take_aligned(kib64, 256 * kib64);
  fail(0, 0);
  EXPECT_HOLDS(expect_blocks(address != NULL, kib64));
  return NULL;
}

SCENARIO(RemapFails) {
  start(0);
  char *address = take(kib64);
  memset(address, 7, kib64);
  for (size_t bytes = 8 * kib64; bytes != 0; bytes /= 16) {
    fail(1u << LOAM_OS_REMAP, 0);
    char *moved = loam_large_realloc(&large, address, bytes);
    fail(0, 0);
    EXPECT(moved == NULL);
    EXPECT_HOLDS(expect_blocks(1, kib64));
    struct loam_large_block block;
    EXPECT(loam_large_find(&large, address, &block) && block.bytes == kib64);
    EXPECT(address[0] == 7 && address[kib64 - 1] == 7);
    if (bytes < kib64) break;
  }
  EXPECT(loam_large_free(&large, address));
  return NULL;
}

SCENARIO(ReleaseFailsInFree) {
  start(0);  // keeps nothing of its own will
  char *address = take(kib64);
  memset(address, 7, kib64);
  fail(1u << LOAM_OS_RELEASE, 0);
  bool freed = loam_large_free(&large, address);
  fail(0, 0);
  EXPECT(freed);
  EXPECT_HOLDS(expect_blocks(0, kib64));
  EXPECT(large.cache.bytes == kib64);  // the addresses are not lost
  EXPECT(address[0] == 0);             // the memory went back
  EXPECT(take(kib64) == address);
  return NULL;
}

SCENARIO(ReleaseFailsInTrimAndPurge) {
  start(64 * kib64);
  EXPECT(loam_large_free(&large, take(kib64)));
  fail(1u << LOAM_OS_RELEASE, 0);
  loam_large_trim(&large, 0);
  loam_large_purge(&large, 1000);
  loam_large_purge(&large, 2000);
  fail(0, 0);
  EXPECT_HOLDS(expect_blocks(0, kib64));
  EXPECT(large.cache.bytes == kib64);
  EXPECT(loam_large_trim(&large, 0));
  EXPECT(large.cache.bytes == 0);
  return NULL;
}

SCENARIO(ReleaseAndDecommitFail) {
  start(0);
  char *address = take(kib64);
  memset(address, 7, kib64);
  fail(1u << LOAM_OS_RELEASE | 1u << LOAM_OS_DECOMMIT, 0);
  bool freed = loam_large_free(&large, address);
  fail(0, 0);
  EXPECT(freed);
  EXPECT_HOLDS(expect_blocks(0, kib64));
  bool zeroed;
  EXPECT(loam_large_malloc(&large, kib64, 1, &owner, &zeroed) == address);
  EXPECT(!zeroed);
  return NULL;
}

SCENARIO(ErrnoIsLeftAlone) {
  start(0);
  errno = 4711;
  char *address = take(kib64);
  EXPECT(take(PTRDIFF_MAX) == NULL);
  EXPECT(loam_large_realloc(&large, address, (size_t)PTRDIFF_MAX / 4) == NULL);
  EXPECT(loam_large_free(&large, address));
  EXPECT(!loam_large_free(&large, address));
  EXPECT(errno == 4711);
  return NULL;
}

// --- What the check finds ----------------------------------------------------

static struct loam_large_block *some_block(void) {
  struct loam_large_block *block = large.table;
  while (block->address == NULL) block++;
  return block;
}

static void start_with_blocks(void) {
  start(64 * kib64);
  for (int i = 0; i < 10; i++) take(kib64);
  loam_large_free(&large, some_block()->address);
}

SCENARIO(CheckFindsAWrongCount) {
  start_with_blocks();
  EXPECT(loam_large_check(&large) == NULL);
  large.count++;
  EXPECT(loam_large_check(&large) == &large);
  return NULL;
}

SCENARIO(CheckFindsAnEntryTwice) {
  start_with_blocks();
  struct loam_large_block *block = some_block();
  struct loam_large_block *empty = large.table + large.capacity - 1;
  while (empty->address != NULL) empty--;
  *empty = *block;
  large.count++;
  EXPECT(loam_large_check(&large) != NULL);
  return NULL;
}

SCENARIO(CheckFindsAnEntryThatIsNotFoundFromItsHash) {
  start_with_blocks();
  struct loam_large_block *block = some_block();
  struct loam_large_block moved = *block;
  *block = (struct loam_large_block){0};
  for (struct loam_large_block *slot = large.table + 1; slot < large.table + large.capacity;
       slot++) {
    struct loam_large_block found;
    if (slot == block || slot->address != NULL || (slot - 1)->address != NULL) continue;
    *slot = moved;
    if (loam_large_find(&large, moved.address, &found)) return "behind a gap, and found";
    EXPECT(loam_large_check(&large) == slot);
    return NULL;
  }
  return "no slot behind an empty one";
}

SCENARIO(CheckFindsATableThatIsTooFull) {
  start_with_blocks();
  large.moving = large.capacity / 2;
  EXPECT(loam_large_check(&large) == &large);
  return NULL;
}

SCENARIO(CheckFindsAWrongSumOfCachedBytes) {
  start_with_blocks();
  large.cache.bytes += kib64;
  EXPECT(loam_large_check(&large) == &large.cache);
  return NULL;
}

SCENARIO(CheckFindsCachedSpansThatTouch) {
  start_with_blocks();
  struct loam_span *span = &large.cache.spans[0];
  span->bytes /= 2;
  large.cache.spans[large.cache.count++] =
      (struct loam_span){span->address + span->bytes, span->bytes, 0};
  EXPECT(loam_large_check(&large) != NULL);
  return NULL;
}
