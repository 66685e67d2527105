// The heap of the process and heaps of one's own, over arenas: template, see
// arena.h. Everything here may be called by any thread.
//
// A thread allocates from one arena, when it starts the one that fewest others
// use. It leaves it for another that is free once it has found it taken
// WAITS_MAX times in about ARENA_COUNTDOWN calls. A free goes to the arena that the block
// came from. Large requests get mappings of their own (common/large).
//
// Order of locks: state.lock, then an arena's, then large's or the pool's. Only
// a fork takes several arenas' locks at once, from the first to the last.

#ifndef LOAM_COMMON_BOUNDARY_TAG_HEAP_H_
#define LOAM_COMMON_BOUNDARY_TAG_HEAP_H_

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include "common/boundary_tag/arena.h"
#include "common/boundary_tag/purge.h"
#include "common/boundary_tag/resize.h"
#include "common/boundary_tag/walk.h"
#include "common/options/options.h"

enum {
  ARENAS_MAX = 64,  // as the option `arenas` allows
  WAITS_MAX = 32,
};

// A heap of one's own: one arena, in a page of its own.
struct loam_heap {
  struct arena arena;
  struct loam_heap *next, *prev;
};

// All zero until the first call; large_bytes = 0 then sends every request to
// the slow path, which sets things up.
static struct {
  struct loam_lock lock;  // of `ready` while it changes, and of `heaps`
  _Atomic(bool) ready;
  // options.large_bytes, for the fast path. Relaxed: who reads it before it is
  // set takes the slow path, and my_arena() orders all the rest.
  _Atomic(size_t) large_bytes;
  struct loam_options options;
  struct segment_pool pool;
  struct loam_large large;
  size_t arena_count;
  _Atomic(size_t) calls_unchecked;  // since the last walk, for check_every
  pthread_key_t exit_key;           // tells when a thread ends
  _Atomic(bool) has_exit_key;
  struct loam_heap *heaps;
  struct arena arenas[ARENAS_MAX];
} state;

// Initial-exec: an access is one instruction, and never allocates.
static _Thread_local struct {
  struct arena *arena;
  unsigned waits;
} mine __attribute__((tls_model("initial-exec")));

// --- Setting up --------------------------------------------------------------

__attribute__((cold, noinline)) static void set_up(void) {
  loam_lock_acquire(&state.lock);
  // Relaxed: the lock orders. Release: whoever sees `ready` sees the rest.
  if (!atomic_load_explicit(&state.ready, memory_order_relaxed)) {
    struct loam_options options;
    loam_options_from_environment(&options, LOAM_VARIANT_NAME);
    tag_secret = loam_os_random();
    size_t arenas = options.arenas != 0 ? options.arenas : loam_os_cpu_count();
    state.arena_count = arenas < ARENAS_MAX ? arenas : ARENAS_MAX;
    for (size_t i = 0; i < state.arena_count; i++) arena_init(&state.arenas[i], &state.pool);
    state.large.cache_bytes_max = options.large_cache_bytes;
    state.large.purge_delay_ms = options.purge_delay_ms;
    state.options = options;
    atomic_store_explicit(&state.large_bytes, options.large_bytes, memory_order_relaxed);
    atomic_store_explicit(&state.ready, true, memory_order_release);
  }
  loam_lock_release(&state.lock);
}

static inline void ensure_set_up(void) {
  // Acquire: pairs with the release in set_up.
  if (!atomic_load_explicit(&state.ready, memory_order_acquire)) set_up();
}

// Changes the thread's arena. Relaxed: the counts only guide a choice.
static void move_to_arena(struct arena *arena) {
  if (mine.arena != NULL) {
    atomic_fetch_sub_explicit(&mine.arena->threads, 1, memory_order_relaxed);
  }
  if (arena != NULL) atomic_fetch_add_explicit(&arena->threads, 1, memory_order_relaxed);
  mine.arena = arena;
}

__attribute__((cold, noinline)) static void choose_arena(void) {
  ensure_set_up();
  struct arena *best = &state.arenas[0];
  uint32_t best_threads = UINT32_MAX;
  for (size_t i = 0; i < state.arena_count && best_threads != 0; i++) {
    uint32_t threads = atomic_load_explicit(&state.arenas[i].threads, memory_order_relaxed);
    if (threads >= best_threads) continue;
    best = &state.arenas[i];
    best_threads = threads;
  }
  move_to_arena(best);
  // Any value but NULL has leave_arena called when the thread ends. (Acquire:
  // pairs with the release in watch_process. Without a key yet this is the main
  // thread.)
  if (atomic_load_explicit(&state.has_exit_key, memory_order_acquire)) {
    pthread_setspecific(state.exit_key, &state);
  }
}

// When a thread ends. What it still allocates after this comes from arena 0, or
// whichever has fewest threads then.
static void leave_arena(void *value) {
  (void)value;
  move_to_arena(NULL);
}

// The calling thread's arena.
static inline struct arena *my_arena(void) {
  if (__builtin_expect(mine.arena == NULL, 0)) choose_arena();
  return mine.arena;
}

static bool is_process_arena(const struct arena *arena) {
  return arena >= state.arenas && arena < state.arenas + ARENAS_MAX;
}

// --- Entering and leaving an arena -------------------------------------------

// The thread's arena is taken: wait for it, or move to one that is free.
__attribute__((noinline)) static struct arena *enter_contended(struct arena *arena) {
  if (++mine.waits >= WAITS_MAX) {
    mine.waits = 0;
    size_t index = (size_t)(arena - state.arenas);
    for (size_t i = 1; i < state.arena_count; i++) {
      struct arena *other = &state.arenas[(index + i) % state.arena_count];
      if (loam_lock_try(&other->lock)) {
        move_to_arena(other);
        return other;
      }
    }
  }
  loam_lock_acquire(&arena->lock);
  return arena;
}

static inline struct arena *enter_mine(void) {
  struct arena *arena = my_arena();
  if (__builtin_expect(!loam_lock_try(&arena->lock), 0)) arena = enter_contended(arena);
  arena_entered(arena);
  return arena;
}

static inline void enter(struct arena *arena) {
  loam_lock_acquire(&arena->lock);
  arena_entered(arena);
}

static void purge_arena(struct arena *arena, uint64_t now_ms) {
  if (!loam_lock_try(&arena->lock)) return;  // whoever holds it comes by again
  arena_entered(arena);
  arena->countdown = ARENA_COUNTDOWN;
  arena_purge(arena, now_ms, state.options.purge_delay_ms);
  loam_lock_release(&arena->lock);
}

static bool heap_check(void);

// Every ARENA_COUNTDOWN calls into an arena: gives back what has been free for a
// while, there and in an arena that perhaps nobody uses any more.
__attribute__((noinline)) static void tick(struct arena *arena) {
  uint64_t now_ms = loam_os_now_ms();
  mine.waits = 0;
  purge_arena(arena, now_ms);
  // Relaxed: any arena serves, in turn.
  size_t turn =
      atomic_fetch_add_explicit(&state.calls_unchecked, ARENA_COUNTDOWN, memory_order_relaxed) /
      ARENA_COUNTDOWN;
  struct arena *other = &state.arenas[turn % state.arena_count];
  if (other != arena) purge_arena(other, now_ms);
  loam_large_purge(&state.large, now_ms);
  size_t every = state.options.check_every;
  if (every != 0 && turn % (every / ARENA_COUNTDOWN + 1) == 0 && !heap_check()) {
    loam_fatal(LOAM_VARIANT_NAME, arena, "the walk found a broken heap");
  }
}

static inline void leave(struct arena *arena) {
  bool due = --arena->countdown == 0;
  loam_lock_release(&arena->lock);
  if (__builtin_expect(due, 0)) tick(arena);
}

// --- Allocation --------------------------------------------------------------

// In a debug build new memory and freed memory are filled, so that a program
// which reads what it never wrote, or what it gave back, fails early.
enum { FILL_NEW = 0xA5, FILL_FREED = 0xDF };

static inline void debug_fill(void *payload, int value, size_t bytes) {
  if (LOAM_DEBUG) memset(payload, value, bytes);
}

static void *out_of_memory(void) {
  errno = ENOMEM;
  return NULL;
}

static inline bool is_large(size_t request) {
  size_t large_bytes = atomic_load_explicit(&state.large_bytes, memory_order_relaxed);
  return __builtin_expect(request >= large_bytes, 0);
}

// How a block is wanted.
struct request {
  size_t bytes;
  size_t alignment;  // 0: as all blocks
  bool zeroed;
};

// Large blocks took `bytes` new from the kernel: what is free in the arena must
// not stay resident on top of them.
static void balance(struct arena *arena, size_t bytes) {
  if (!loam_lock_try(&arena->lock)) return;  // in use: it has use for its memory
  arena_entered(arena);
  arena_purge_bytes(arena, bytes);
  loam_lock_release(&arena->lock);
}

__attribute__((noinline)) static void *malloc_large(struct arena *arena, struct request want) {
  bool zeroed;
  size_t alignment = want.alignment != 0 ? want.alignment : 1;
  void *address =
      loam_large_malloc(&state.large, want.bytes, alignment, &arena->large_owner, &zeroed);
  if (address == NULL) return out_of_memory();
  if (zeroed) balance(arena, want.bytes);
  if (want.zeroed && !zeroed) memset(address, 0, want.bytes);
  return address;
}

// Under the arena's lock.
static inline void *malloc_in(struct arena *arena, struct request want) {
  size_t size = block_bytes_for(want.bytes);
  if (want.alignment > BLOCK_ALIGNMENT) {
    struct block *block = arena_aligned_malloc(arena, size, want.alignment);
    return block != NULL ? block_payload(block) : NULL;
  }
  if (!want.zeroed) {
    struct block *block = arena_malloc(arena, size);
    return block != NULL ? block_payload(block) : NULL;
  }
  uintptr_t dirty_end;
  struct block *block = arena_calloc(arena, size, &dirty_end);
  if (block == NULL) return NULL;
  char *payload = block_payload(block);
  size_t usable = block_usable(word_size(block_word(block)));
  memset(payload, 0, dirty_end - (uintptr_t)payload);
  memset(payload + usable - BLOCK_FOOTER_BYTES, 0, BLOCK_FOOTER_BYTES);
  return payload;
}

// The kernel gives no more: use what is cached, then what other arenas have.
__attribute__((cold, noinline)) static void *malloc_last_resort(struct arena *arena,
                                                                struct request want) {
  loam_large_trim(&state.large, 0);
  enter(arena);
  void *payload = malloc_in(arena, want);
  leave(arena);
  if (!is_process_arena(arena)) return payload != NULL ? payload : out_of_memory();
  for (size_t i = 0; i < state.arena_count && payload == NULL; i++) {
    enter(&state.arenas[i]);
    payload = malloc_in(&state.arenas[i], want);
    leave(&state.arenas[i]);
  }
  return payload != NULL ? payload : out_of_memory();
}

__attribute__((noinline)) static void *finish_malloc(struct arena *arena, void *payload,
                                                     struct request want) {
  if (__builtin_expect(payload == NULL, 0)) payload = malloc_last_resort(arena, want);
  if (payload != NULL && !want.zeroed) debug_fill(payload, FILL_NEW, want.bytes);
  return payload;
}

// The slow path: requests that are large, and all before things are set up.
__attribute__((noinline)) static void *malloc_slow(struct arena *arena, struct request want) {
  ensure_set_up();
  if (want.bytes > (size_t)PTRDIFF_MAX) return out_of_memory();
  struct arena *process_arena = arena != NULL ? arena : my_arena();
  // An aligned block is cut out of a longer one.
  if (is_large(want.bytes) || want.alignment >= state.options.large_bytes - want.bytes) {
    if (want.alignment > (size_t)PTRDIFF_MAX) return out_of_memory();
    return malloc_large(process_arena, want);
  }
  enter(process_arena);
  void *payload = malloc_in(process_arena, want);
  leave(process_arena);
  return finish_malloc(process_arena, payload, want);
}

// A block as it is wanted from the process's heap.
static void *heap_malloc_as(struct request want) {
  if (is_large(want.bytes)) return malloc_slow(NULL, want);
  struct arena *arena = enter_mine();
  void *payload = malloc_in(arena, want);
  leave(arena);
  return finish_malloc(arena, payload, want);
}

// The plain case of heap_malloc_as, straight through.
static inline void *heap_malloc(size_t bytes) {
  if (is_large(bytes)) return malloc_slow(NULL, (struct request){.bytes = bytes});
  struct arena *arena = enter_mine();
  struct block *block = arena_malloc(arena, block_bytes_for(bytes));
  leave(arena);
  if (LOAM_DEBUG || __builtin_expect(block == NULL, 0)) {
    return finish_malloc(arena, block != NULL ? block_payload(block) : NULL,
                         (struct request){.bytes = bytes});
  }
  return block_payload(block);
}

// --- Free --------------------------------------------------------------------

// The segment of a block that the program passed in, or NULL for what can only
// be a large block.
static inline struct segment *segment_of_payload(const void *payload) {
  struct segment *segment = segment_of(&state.pool, payload);
  if (__builtin_expect(segment == NULL, 0)) return NULL;
  size_t offset = (size_t)((const char *)payload - segment->base);
  bool possible =
      offset % BLOCK_ALIGNMENT == 0 && offset >= SEGMENT_FIRST_BLOCK + BLOCK_HEADER_BYTES;
  if (__builtin_expect(!possible, 0)) fail_free(payload, "not a block (misaligned pointer)");
  return segment;
}

__attribute__((cold, noreturn)) static void fail_unknown(const void *payload) {
  fail_free(payload, "not a live block (freed before, or never allocated here)");
}

__attribute__((noinline)) static void free_large(void *payload) {
  if (!loam_large_free(&state.large, payload)) fail_unknown(payload);
}

static inline void heap_free(void *payload) {
  if (payload == NULL) return;
  struct segment *segment = segment_of_payload(payload);
  if (__builtin_expect(segment == NULL, 0)) {
    free_large(payload);
    return;
  }
  struct arena *arena = segment->arena;
  struct block *block = block_of_payload(payload);
  if (LOAM_DEBUG) {
    debug_fill(payload, FILL_FREED, block_usable(word_size(live_block_word(block))));
  }
  if (__builtin_expect(!loam_lock_try(&arena->lock), 0)) {
    arena_defer(arena, block);
    return;
  }
  arena_entered(arena);
  arena_free(arena, block);
  leave(arena);
}

static size_t heap_usable_size(const void *payload) {
  if (payload == NULL) return 0;
  struct loam_large_block large;
  if (segment_of_payload(payload) != NULL) {
    return block_usable(word_size(live_block_word(block_of_payload(payload))));
  }
  if (!loam_large_find(&state.large, payload, &large)) fail_unknown(payload);
  return large.bytes;
}

// Where a block came from.
static struct arena *arena_of(const void *payload) {
  const struct segment *segment = segment_of_payload(payload);
  if (segment != NULL) return segment->arena;
  struct loam_large_block large;
  if (!loam_large_find(&state.large, payload, &large)) fail_unknown(payload);
  return (struct arena *)((char *)large.owner - offsetof(struct arena, large_owner));
}

// --- Realloc -----------------------------------------------------------------

// A new block of the same heap with the old contents; the old one is freed.
static void *move_to_new(struct arena *arena, void *payload, size_t old_usable, size_t bytes) {
  struct request want = {.bytes = bytes};
  void *moved = is_process_arena(arena) ? heap_malloc_as(want) : malloc_slow(arena, want);
  if (moved == NULL) return NULL;
  memcpy(moved, payload, old_usable < bytes ? old_usable : bytes);
  heap_free(payload);
  return moved;
}

static void *realloc_large(void *payload, size_t bytes) {
  struct loam_large_block large;
  if (!loam_large_find(&state.large, payload, &large)) fail_unknown(payload);
  struct arena *arena = (struct arena *)((char *)large.owner - offsetof(struct arena, large_owner));
  if (is_large(bytes)) {
    void *moved = loam_large_realloc(&state.large, payload, bytes);
    if (moved != NULL && bytes > large.bytes) balance(arena, bytes - large.bytes);
    if (moved != NULL) return moved;
  }
  int saved_errno = errno;
  void *moved = move_to_new(arena, payload, large.bytes, bytes);
  if (moved != NULL || bytes > large.bytes) return moved;
  errno = saved_errno;  // to shrink is never to fail
  return payload;
}

static void *heap_realloc(void *payload, size_t bytes) {
  if (bytes > (size_t)PTRDIFF_MAX) return out_of_memory();
  struct segment *segment = segment_of_payload(payload);
  if (segment == NULL) return realloc_large(payload, bytes);
  struct arena *arena = segment->arena;
  struct block *block = block_of_payload(payload);
  size_t old_usable = block_usable(word_size(live_block_word(block)));
  if (!is_large(bytes)) {
    enter(arena);
    bool done = arena_resize(arena, block, block_bytes_for(bytes));
    leave(arena);
    if (done) return payload;
  }
  return move_to_new(arena, payload, old_usable, bytes);
}

// --- Heaps of one's own ------------------------------------------------------

static size_t own_heap_bytes(void) { return loam_os_round_to_page(sizeof(struct loam_heap)); }

static struct loam_heap *own_heap_create(void) {
  ensure_set_up();
  struct loam_heap *heap = loam_os_map(own_heap_bytes(), 1);
  if (heap == NULL) return out_of_memory();
  arena_init(&heap->arena, &state.pool);
  loam_lock_acquire(&state.lock);
  heap->next = state.heaps;
  if (heap->next != NULL) heap->next->prev = heap;
  state.heaps = heap;
  loam_lock_release(&state.lock);
  return heap;
}

// The kernel would not take it back: the process's heap has use for it.
static void adopt_segment(struct segment *segment) {
  loam_os_decommit(segment->base, SEGMENT_BYTES);
  struct arena *arena = my_arena();
  enter(arena);
  arena_add_segment(arena, segment, 0);
  leave(arena);
}

static void own_heap_destroy(struct loam_heap *heap) {
  loam_lock_acquire(&state.lock);
  if (heap->next != NULL) heap->next->prev = heap->prev;
  if (heap->prev != NULL) {
    heap->prev->next = heap->next;
  } else {
    state.heaps = heap->next;
  }
  loam_lock_release(&state.lock);
  loam_large_free_all(&state.large, &heap->arena.large_owner);
  struct segment *next;
  for (struct segment *segment = heap->arena.segments; segment != NULL; segment = next) {
    next = segment->next;
    if (!loam_segment_destroy(&state.pool, segment)) adopt_segment(segment);
  }
  loam_os_release(heap, own_heap_bytes());
}

static void expect_of_heap(const struct loam_heap *heap, const void *payload) {
  if (arena_of(payload) != &heap->arena) fail_free(payload, "a block of another heap");
}

// --- The whole variant -------------------------------------------------------

// Calls visit(arena, context) on every arena, locked, until one gives false.
static bool for_each_arena(bool (*visit)(struct arena *arena, void *context), void *context) {
  ensure_set_up();
  bool go_on = true;
  for (size_t i = 0; i < state.arena_count && go_on; i++) {
    enter(&state.arenas[i]);
    go_on = visit(&state.arenas[i], context);
    loam_lock_release(&state.arenas[i].lock);
  }
  loam_lock_acquire(&state.lock);
  for (struct loam_heap *heap = state.heaps; heap != NULL && go_on; heap = heap->next) {
    enter(&heap->arena);
    go_on = visit(&heap->arena, context);
    loam_lock_release(&heap->arena.lock);
  }
  loam_lock_release(&state.lock);
  return go_on;
}

static bool visit_check(struct arena *arena, void *context) {
  (void)context;
  if (!arena_check(arena)) return false;
  return loam_large_check_owner(&state.large, &arena->large_owner) ||
         walk_fault(arena, "wrong count of large blocks");
}

static bool heap_check(void) {
  if (!for_each_arena(visit_check, NULL)) return false;
  const void *broken = loam_large_check(&state.large);
  return broken == NULL || walk_fault(broken, "broken table of large blocks");
}

static bool visit_stats(struct arena *arena, void *context) {
  struct loam_stats *stats = context;
  arena_stats(arena, stats);
  loam_large_owner_stats(&state.large, &arena->large_owner, stats);
  if (!is_process_arena(arena)) {
    stats->metadata_bytes += own_heap_bytes();
    stats->mapped_bytes += own_heap_bytes();
  }
  return true;
}

static void heap_stats(struct loam_stats *stats) {
  *stats = (struct loam_stats){0};
  for_each_arena(visit_stats, stats);
  loam_large_shared_stats(&state.large, stats);
  size_t pool = loam_segment_pool_bytes(&state.pool);
  stats->metadata_bytes += pool;
  stats->mapped_bytes += pool;
}

static void own_heap_stats(struct loam_heap *heap, struct loam_stats *stats) {
  *stats = (struct loam_stats){0};
  enter(&heap->arena);
  visit_stats(&heap->arena, stats);
  leave(&heap->arena);
}

struct trim {
  size_t keep;
  bool any;
};

static bool visit_trim(struct arena *arena, void *context) {
  struct trim *trim = context;
  trim->any |= arena_trim(arena, trim->keep);
  trim->keep = 0;  // the first arena, the main thread's, keeps it
  return true;
}

static bool heap_trim(size_t keep) {
  struct trim trim = {.keep = keep};
  for_each_arena(visit_trim, &trim);
  return loam_large_trim(&state.large, 0) || trim.any;
}

// --- Fork --------------------------------------------------------------------

// Before a fork every lock is taken, so that the child sees no structure half
// changed; there, where nobody else exists, they are made free again.

// All but state.lock, which guards the list of heaps and so is taken first and
// given up last.
static void for_each_lock(void (*visit)(struct loam_lock *lock)) {
  for (size_t i = 0; i < ARENAS_MAX; i++) visit(&state.arenas[i].lock);
  for (struct loam_heap *heap = state.heaps; heap != NULL; heap = heap->next) {
    visit(&heap->arena.lock);
  }
  visit(&state.large.lock);
  visit(&state.pool.lock);
}

static void fork_prepare(void) {
  loam_lock_acquire(&state.lock);
  for_each_lock(loam_lock_acquire);
}

static void fork_parent(void) {
  for_each_lock(loam_lock_release);
  loam_lock_release(&state.lock);
}

static void fork_child(void) {
  for_each_lock(loam_lock_reset);
  loam_lock_reset(&state.lock);
  state.large.moving = 0;  // by threads that are not here
  for (size_t i = 0; i < ARENAS_MAX; i++) {
    atomic_store_explicit(&state.arenas[i].threads, 0, memory_order_relaxed);
  }
  struct arena *arena = mine.arena;
  mine.arena = NULL;
  move_to_arena(arena);
}

__attribute__((constructor)) static void watch_process(void) {
  pthread_atfork(fork_prepare, fork_parent, fork_child);
  bool made = pthread_key_create(&state.exit_key, leave_arena) == 0;
  atomic_store_explicit(&state.has_exit_key, made, memory_order_release);
}

__attribute__((destructor)) static void print_stats_at_exit(void) {
  if (state.options.stats_at_exit == 0) return;
  struct loam_stats stats;
  heap_stats(&stats);
  loam_stats_write(&stats, LOAM_VARIANT_NAME, STDERR_FILENO);
}

#endif  // LOAM_COMMON_BOUNDARY_TAG_HEAP_H_
