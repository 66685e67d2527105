// Caches of threads: small blocks that a thread has freed wait here, one LIFO
// list for each exact size, for its own next request of that size. Neither lock
// nor atomic read-modify-write, no split and no merge: what a quick list
// (quick.h) is to an arena. Template, see arena.h. A variant whose
// THREAD_CACHE_BYTES is 0 has none.
//
// A block here is in use to its neighbours and to its arena, and bears a mark
// (block.h). It may be of any arena of the process, never of a heap of one's own.
//
// Each list has a bound of its own, small at first. One that turned blocks away
// and then ran out of them would have served with a larger bound, and gets it
// while the sum of all bounds allows; one that nobody takes from shrinks again.
//
// Thread-safety: only its thread touches a cache, but for the counters, which
// any thread may read.
//
// Invariants, when its thread is not inside:
//   list i holds just blocks of 16 * i bytes, in use and marked
//   count of a list = the blocks in it <= its bound
//   bounds_bytes = the sum of 16 * i * (bound of list i) <= THREAD_CACHE_BYTES

#ifndef LOAM_COMMON_BOUNDARY_TAG_THREAD_CACHE_H_
#define LOAM_COMMON_BOUNDARY_TAG_THREAD_CACHE_H_

#include "common/boundary_tag/arena.h"
#include "common/boundary_tag/quarantine.h"

enum {
  CACHE_BLOCK_BYTES_MAX = THREAD_CACHE_BYTES != 0 ? 1024 : 0,
  CACHE_LISTS = CACHE_BLOCK_BYTES_MAX / BLOCK_ALIGNMENT + 1,
  CACHE_LIST_BYTES = 2048,  // a list's bound at first
  CACHE_TICK = 256,         // allocations between two looks at the clock
  CACHE_AGED_MAX = 8,       // blocks that one look at a list sends home
};

// Largest request that a cache can serve.
#define CACHE_REQUEST_MAX (CACHE_BLOCK_BYTES_MAX - BLOCK_OVERHEAD_BYTES)

// What the statistics want to know of caches.
struct cache_sums {
  size_t blocks, bytes;  // that wait
  uint64_t mallocs;      // served from them
};

struct cache_list {
  struct block *first;
  // Relaxed, as `mallocs`: only its thread writes it, and whoever reads it wants
  // a number, not what stands behind it.
  _Atomic(uint32_t) count;
  uint16_t bound;    // of count
  bool turned_away;  // a block, since it last ran out of them
  uint8_t seen;      // of the first one's address, at the last look
};

struct thread_cache {
  struct cache_list lists[CACHE_LISTS];
  _Atomic(uint64_t) mallocs;
  uint32_t bounds_bytes;  // 0: closed
  uint16_t turn;          // the list that is looked at next
  bool ended;             // its thread has ended, so it never opens again
  struct thread_cache *next, *prev;
#if LOAM_HARDENED
  struct quarantine quarantine;  // of a variant without lists, too
#endif
};

// The thread's quarantine; NULL at other levels than the hardened one. (As with strchr, who has a
// constant cache keeps it so.)
static inline struct quarantine *quarantine_of(const struct thread_cache *cache) {
#if LOAM_HARDENED
  return (struct quarantine *)&cache->quarantine;
#else
  (void)cache;
  return NULL;
#endif
}

_Static_assert(THREAD_CACHE_BYTES / BLOCK_BYTES_MIN <= UINT16_MAX, "bounds have 16 bits");

// Whether blocks wait in it.
static inline bool cache_is_open(const struct thread_cache *cache) {
  return LOAM_HARDENED ? quarantine_of(cache)->is_open : cache->bounds_bytes != 0;
}

static inline size_t cache_list_size(size_t list) { return list * BLOCK_ALIGNMENT; }

static inline uint32_t cache_count(const struct cache_list *list) {
  return atomic_load_explicit(&list->count, memory_order_relaxed);
}

// Puts a block that is in nobody's hands into the list of its size; false when
// that is full.
static inline bool cache_put(struct cache_list *list, struct block *block) {
  uint32_t count = cache_count(list);
  if (__builtin_expect(count >= list->bound, 0)) return false;
  link_write(&block->next, list->first);
  block->prev = block_mark(block);
  list->first = block;
  atomic_store_explicit(&list->count, count + 1, memory_order_relaxed);
  return true;
}

// A block of the list, or NULL.
static inline struct block *cache_take(struct cache_list *list) {
  struct block *block = list->first;
  if (__builtin_expect(block == NULL, 0)) return NULL;
  list->first = link_read(&block->next, block);
  if (LOAM_HARDENED) {
    if (__builtin_expect(block->prev != block_mark(block), 0)) {
      block_corrupt(block, "mark of a free block overwritten (a write after free?)");
    }
    block->next = 0;
  }
  block->prev = 0;
  atomic_store_explicit(&list->count, cache_count(list) - 1, memory_order_relaxed);
  return block;
}

// --- Bounds ------------------------------------------------------------------

static uint16_t cache_first_bound(size_t list) {
  return (uint16_t)(CACHE_LIST_BYTES / cache_list_size(list));
}

static void cache_open(struct thread_cache *cache) {
  if (LOAM_HARDENED) quarantine_open(quarantine_of(cache));
  for (size_t i = BLOCK_BYTES_MIN / BLOCK_ALIGNMENT; i < CACHE_LISTS; i++) {
    cache->lists[i].bound = cache_first_bound(i);
    cache->bounds_bytes += cache->lists[i].bound * (uint32_t)cache_list_size(i);
  }
}

static void cache_set_bound(struct thread_cache *cache, size_t list, uint16_t bound) {
  uint32_t size = (uint32_t)cache_list_size(list);
  cache->bounds_bytes += (bound - (uint32_t)cache->lists[list].bound) * size;
  cache->lists[list].bound = bound;
}

// A list has run out of blocks.
static void cache_ran_out(struct thread_cache *cache, size_t list) {
  if (!cache->lists[list].turned_away) return;
  cache->lists[list].turned_away = false;
  size_t bound = cache->lists[list].bound;
  if (cache->bounds_bytes + bound * cache_list_size(list) > THREAD_CACHE_BYTES) return;
  cache_set_bound(cache, list, (uint16_t)(bound * 2));
}

static uint8_t cache_look(const struct cache_list *list) {
  return (uint8_t)((uintptr_t)list->first / BLOCK_ALIGNMENT);
}

// Whether nothing has been put or taken, as far as one can see, since the last
// look.
static bool cache_is_idle(const struct cache_list *list) {
  return list->first != NULL && cache_look(list) == list->seen;
}

// --- All of a cache ----------------------------------------------------------

static void cache_add_sums(const struct thread_cache *cache, struct cache_sums *sums) {
  for (size_t i = 0; i < CACHE_LISTS; i++) {
    sums->blocks += cache_count(&cache->lists[i]);
    sums->bytes += cache_count(&cache->lists[i]) * cache_list_size(i);
  }
  sums->mallocs += atomic_load_explicit(&cache->mallocs, memory_order_relaxed);
  if (LOAM_HARDENED) {
    uint64_t held = atomic_load_explicit(&quarantine_of(cache)->sums, memory_order_relaxed);
    sums->blocks += held >> 32;
    sums->bytes += (uint32_t)held;
  }
}

static bool cache_check_list(const struct cache_list *list, size_t size) {
  uint32_t left = cache_count(list);
  if (left > list->bound) return false;
  for (struct block *block = list->first; block != NULL; left--) {
    uint32_t word = block_word(block);
    if (left == 0 || (word & IN_USE) == 0 || word_size(word) != size) return false;
    if (!block_has_mark(block)) return false;
    if (LOAM_HARDENED && !block_is_zero_between(block, sizeof *block, size)) return false;
    block = link_read(&block->next, block);
  }
  return left == 0;
}

// Proves the invariants of the calling thread's cache.
static bool cache_check(const struct thread_cache *cache) {
  size_t bytes = 0;
  for (size_t i = 0; i < CACHE_LISTS; i++) {
    if (!cache_check_list(&cache->lists[i], cache_list_size(i))) return false;
    bytes += cache->lists[i].bound * cache_list_size(i);
  }
  if (LOAM_HARDENED && !quarantine_check(quarantine_of(cache))) return false;
  return bytes == cache->bounds_bytes && bytes <= THREAD_CACHE_BYTES;
}

#endif  // LOAM_COMMON_BOUNDARY_TAG_THREAD_CACHE_H_
