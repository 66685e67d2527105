// The state of a variant: its arenas and heaps, and what a thread has of its own.
// Template, see arena.h.
//
// Order of locks: state.lock, then an arena's, then large's or the pool's. Only
// a fork takes several arenas' locks at once, from the first to the last.

#ifndef LOAM_COMMON_BOUNDARY_TAG_STATE_H_
#define LOAM_COMMON_BOUNDARY_TAG_STATE_H_

#include <pthread.h>

#include "common/boundary_tag/arena.h"
#include "common/boundary_tag/thread_cache.h"
#include "common/options/options.h"

enum { ARENAS_MAX = 64 };  // as the option `arenas` allows

// A heap of one's own (process.h): one arena.
struct loam_heap {
  struct arena arena;
  struct loam_heap *next, *prev;
  size_t record_bytes;  // what it takes besides its segments
};

// All zero until the first call; large_bytes = 0 then sends every request to
// the slow path, which sets things up.
static struct {
  struct loam_lock lock;  // of `ready` while it changes, and of heaps and caches below
  _Atomic(bool) ready;
  // options.large_bytes, for the fast path. Relaxed: who reads it before it is
  // set takes the slow path, and my_arena() orders all the rest.
  _Atomic(size_t) large_bytes;
  struct loam_options options;
  struct segment_pool pool;
  struct loam_large large;
  size_t arena_count;
  _Atomic(size_t) ticks;   // of all arenas
  pthread_key_t exit_key;  // tells when a thread ends
  _Atomic(bool) has_exit_key;
  struct loam_heap *heaps;
  struct loam_heap *heap_due;  // whose memory is looked at next; NULL: that of the first
  size_t heaps_gone_calls;     // of malloc, in heaps that are no more: as many of free
  struct thread_cache *caches;
  struct cache_sums gone;  // of threads that are no more
  struct arena arenas[ARENAS_MAX];
} state;

// Initial-exec: an access is one instruction, and never allocates.
static _Thread_local struct {
  struct arena *arena;
  unsigned waits;
  bool holds_all;  // the locks, while it forks (fork.h)
  struct thread_cache cache;
} mine __attribute__((tls_model("initial-exec")));

// Changes the thread's arena. Relaxed: the counts only guide a choice.
static void move_to_arena(struct arena *arena) {
  if (mine.arena != NULL) {
    atomic_fetch_sub_explicit(&mine.arena->threads, 1, memory_order_relaxed);
  }
  if (arena != NULL) atomic_fetch_add_explicit(&arena->threads, 1, memory_order_relaxed);
  mine.arena = arena;
}

#endif  // LOAM_COMMON_BOUNDARY_TAG_STATE_H_
