#include "common/stack/table.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "common/lock/lock.h"
#include "common/os/os.h"

enum {
  CHUNK_BYTES = 1 << 20,
  CHUNK_WORDS = CHUNK_BYTES / 8,
  CHUNKS_MAX = 4096,  // 4 GiB of stacks
  LEVELS = 3,
  GUARD_BYTES = 1 << 16,  // before and behind what is mapped: at least a page, whatever its size
};

// A stack's number is 1 + the index of its first word, over all chunks. It is found in the buckets
// of one of the levels: once there are as many stacks as buckets, more go to the next level, so
// that a program of few stacks touches few pages.
//
// Invariants:
//   an entry does not change once its number is in a bucket or in another entry's `next`
//   words_used <= chunk_count * CHUNK_WORDS, and no entry lies over the end of a chunk
struct entry {
  uint32_t next;  // of the bucket; 0: none
  uint32_t count;
  uint64_t hash;
  uintptr_t frames[];
};

enum { ENTRY_WORDS = sizeof(struct entry) / 8 };

static const size_t bucket_counts[LEVELS] = {1 << 10, 1 << 13, 1 << 16};

static struct {
  struct loam_lock lock;
  // The youngest entry of each bucket, or NULL: written under the lock, in this order.
  _Atomic(_Atomic(uint32_t) *) buckets[LEVELS];
  _Atomic(uint64_t *) chunks[CHUNKS_MAX];  // written under the lock
  size_t chunk_count;                      // under the lock
  size_t words_used;                       // under the lock
  size_t stacks;                           // under the lock
} table;

static struct entry *entry_of(uint32_t stack) {
  size_t word = stack - 1;
  // Relaxed: whoever has the number got it after the chunk was stored, through an acquire.
  uint64_t *chunk = atomic_load_explicit(&table.chunks[word / CHUNK_WORDS], memory_order_relaxed);
  return (struct entry *)(chunk + word % CHUNK_WORDS);
}

static uint64_t hash_of(const uintptr_t *frames, size_t count) {
  uint64_t hash = count;
  for (size_t i = 0; i < count; i++) {
    hash = (hash ^ frames[i]) * 0x9e3779b97f4a7c15u;
    hash ^= hash >> 29;
  }
  return hash;
}

// Between pages that cannot be touched.
static void *map_guarded(size_t bytes) {
  char *start = loam_os_reserve(bytes + 2 * (size_t)GUARD_BYTES, 1);
  if (start == NULL) return NULL;
  if (loam_os_commit(start + GUARD_BYTES, bytes)) return start + GUARD_BYTES;
  loam_os_release(start, bytes + 2 * (size_t)GUARD_BYTES);
  return NULL;
}

static uint32_t find_among(uint32_t stack, uint64_t hash, const uintptr_t *frames, size_t count) {
  while (stack != 0) {
    const struct entry *entry = entry_of(stack);
    if (entry->hash == hash && entry->count == count &&
        memcmp(entry->frames, frames, count * sizeof *frames) == 0) {
      return stack;
    }
    stack = entry->next;
  }
  return 0;
}

static uint32_t find(uint64_t hash, const uintptr_t *frames, size_t count) {
  for (size_t level = 0; level < LEVELS; level++) {
    // Relaxed: what buckets begin with are the kernel's zeroes, which every thread sees.
    _Atomic(uint32_t) *buckets = atomic_load_explicit(&table.buckets[level], memory_order_relaxed);
    if (buckets == NULL) return 0;
    // Acquire: pairs with the release in add.
    uint32_t first =
        atomic_load_explicit(&buckets[hash % bucket_counts[level]], memory_order_acquire);
    uint32_t stack = find_among(first, hash, frames, count);
    if (stack != 0) return stack;
  }
  return 0;
}

// Under the lock: where a new stack is to be found; NULL without memory.
static _Atomic(uint32_t) *bucket_for(uint64_t hash) {
  size_t level = 0;
  while (level < LEVELS - 1 && table.stacks >= bucket_counts[level]) level++;
  _Atomic(uint32_t) *buckets = atomic_load_explicit(&table.buckets[level], memory_order_relaxed);
  if (buckets == NULL) {
    buckets = map_guarded(bucket_counts[level] * sizeof(uint32_t));
    if (buckets == NULL) return NULL;
    atomic_store_explicit(&table.buckets[level], buckets, memory_order_relaxed);
  }
  return &buckets[hash % bucket_counts[level]];
}

// Under the lock.
static bool make_room(size_t words) {
  if (table.words_used % CHUNK_WORDS + words <= CHUNK_WORDS &&
      table.words_used < table.chunk_count * CHUNK_WORDS) {
    return true;
  }
  if (table.chunk_count == CHUNKS_MAX) return false;
  uint64_t *chunk = map_guarded(CHUNK_BYTES);
  if (chunk == NULL) return false;
  table.words_used = table.chunk_count * CHUNK_WORDS;
  atomic_store_explicit(&table.chunks[table.chunk_count++], chunk, memory_order_relaxed);
  return true;
}

// Under the lock.
static uint32_t add(uint64_t hash, const uintptr_t *frames, size_t count) {
  _Atomic(uint32_t) *bucket = bucket_for(hash);
  size_t words = ENTRY_WORDS + count;
  if (bucket == NULL || !make_room(words)) return 0;
  uint32_t stack = (uint32_t)table.words_used + 1;
  table.words_used += words;
  table.stacks++;
  struct entry *entry = entry_of(stack);
  entry->next = atomic_load_explicit(bucket, memory_order_relaxed);
  entry->count = (uint32_t)count;
  entry->hash = hash;
  memcpy(entry->frames, frames, count * sizeof *frames);
  // Release: whoever finds the number finds the entry, and its chunk.
  atomic_store_explicit(bucket, stack, memory_order_release);
  return stack;
}

uint32_t loam_stack_intern(const uintptr_t *frames, size_t count) {
  if (count == 0) return 0;
  if (count > LOAM_STACK_FRAMES_MAX) count = LOAM_STACK_FRAMES_MAX;
  uint64_t hash = hash_of(frames, count);
  uint32_t stack = find(hash, frames, count);
  if (stack != 0) return stack;
  loam_lock_acquire(&table.lock);
  stack = find(hash, frames, count);
  if (stack == 0) stack = add(hash, frames, count);
  loam_lock_release(&table.lock);
  return stack;
}

const uintptr_t *loam_stack_frames(uint32_t stack, size_t *count) {
  *count = 0;
  if (stack == 0) return NULL;
  const struct entry *entry = entry_of(stack);
  *count = entry->count;
  return entry->frames;
}

size_t loam_stack_table_bytes(void) {
  loam_lock_acquire(&table.lock);
  size_t bytes = table.chunk_count * (CHUNK_BYTES + 2 * (size_t)GUARD_BYTES);
  for (size_t level = 0; level < LEVELS; level++) {
    if (atomic_load_explicit(&table.buckets[level], memory_order_relaxed) == NULL) break;
    bytes += bucket_counts[level] * sizeof(uint32_t) + 2 * (size_t)GUARD_BYTES;
  }
  loam_lock_release(&table.lock);
  return bytes;
}

// --- Fork --------------------------------------------------------------------

static void fork_prepare(void) { loam_lock_acquire(&table.lock); }
static void fork_parent(void) { loam_lock_release(&table.lock); }
static void fork_child(void) { loam_lock_reset(&table.lock); }

// (Each process runs it, so it is not to lie where the rest of this does: allocators/preload.ld.)
__attribute__((section(".text.startup"))) void loam_stack_table_watch_forks(void) {
  static atomic_flag is_done = ATOMIC_FLAG_INIT;
  // Relaxed: it only chooses who does it.
  if (atomic_flag_test_and_set_explicit(&is_done, memory_order_relaxed)) return;
  pthread_atfork(fork_prepare, fork_parent, fork_child);
}
