// What heap.c, own_heap.c and process.c share: the state of the variant.

#ifndef LOAM_ALLOCATORS_THREAD_HEAP_STATE_H_
#define LOAM_ALLOCATORS_THREAD_HEAP_STATE_H_

#include <pthread.h>

#include "allocators/thread_heap/heap.h"
#include "allocators/thread_heap/sampling.h"
#include "common/options/options.h"

enum { TH_ARENAS_MAX = 64 };  // as the option `arenas` allows

// A heap of one's own.
struct loam_heap {
  struct th_arena arena;
  struct loam_heap *next, *prev;
  _Atomic(uint32_t) calls;
};

// All zero until the first call. (What is apart is apart on purpose.)
// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding)
struct th_state {
  // What most calls off the fast path read, and few change.
  _Atomic(bool) ready;
  _Atomic(bool) has_exit_key;
  pthread_key_t exit_key;  // tells when a thread ends
  struct loam_options options;
  size_t arena_count;
  _Atomic(uint64_t) decay_ms;  // when the next pass is due

  _Alignas(TH_APART_BYTES) struct loam_lock lock;  // of `ready` while it changes, and of the lists
  struct th_cache *caches;                         // of threads that run
  struct th_cache *spare;                          // of threads that ended, for the next ones
  struct th_cache_sums gone;  // frees of threads and heaps that ended; what a fork lost
  struct loam_heap *heaps;
  struct loam_large large;
  _Atomic(size_t) large_gone;  // bytes of large blocks that went back as they ended, of late
  struct th_arena arenas[TH_ARENAS_MAX + 1];  // behind those of threads: that of sampled blocks
};

extern struct th_state th_state;

void th_set_up(void) __attribute__((cold));

// Those of threads and, where there is one, of sampled blocks.
static inline size_t th_arena_total(void) {
  return th_state.arena_count + (th_sampling.is_on ? 1 : 0);
}

static inline struct th_arena *th_sampled_arena(void) {
  return &th_state.arenas[th_state.arena_count];
}

static inline void th_ensure_set_up(void) {
  // Acquire: pairs with the release in th_set_up.
  if (!atomic_load_explicit(&th_state.ready, memory_order_acquire)) th_set_up();
}

// The arena for a thread that starts now: the first that fewest use.
struct th_arena *th_least_used_arena(void);

// Adds an arena's blocks that have mappings of their own.
void th_large_stats(struct th_arena *arena, struct loam_stats *stats);

// The calling thread's cache, opened if it can be; NULL where it has none.
struct th_cache *th_my_cache(void);

// What was done now and then is done now, if its time has come.
void th_decay(void);

// Where a live block is: in a slab, or large with slab = NULL. Anything else is fatal.
struct th_found {
  struct th_slab *slab;
  bool is_guarded;  // and nothing of the below, but `bytes`
  size_t guarded_bytes;
  unsigned number;
  struct loam_large_block large;
};
struct th_found th_find(const void *block);

// What the program may use of it.
size_t th_usable_bytes(const struct th_found *found);

// Frees a block that was found.
void th_free_found(const struct th_found *found, void *block);

// A block from this arena, past all caches; errno as malloc's.
void *th_malloc_in(struct th_arena *arena, struct th_request want);

// errno = ENOMEM, and NULL.
void *th_out_of_memory(void);

#endif  // LOAM_ALLOCATORS_THREAD_HEAP_STATE_H_
