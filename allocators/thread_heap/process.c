// What concerns the variant as a whole: setting up, threads that start and end,
// its statistics and its walk, giving memory back, and forks.

#include <unistd.h>

#include "allocators/thread_heap/state.h"
#include "common/os/os.h"
#include "common/stack/table.h"

struct th_state th_state;

static void watch_forks(void);

// --- Setting up --------------------------------------------------------------

void th_set_up(void) {
  loam_lock_acquire(&th_state.lock);
  // Relaxed: the lock orders. Release: whoever sees `ready` sees the rest.
  bool is_first = !atomic_load_explicit(&th_state.ready, memory_order_relaxed);
  if (is_first) {
    struct loam_options *options = &th_state.options;
    loam_options_from_environment(options, TH_NAME);
    size_t arenas = options->arenas != 0 ? options->arenas : (size_t)loam_os_cpu_count();
    th_state.arena_count = arenas < TH_ARENAS_MAX ? arenas : TH_ARENAS_MAX;
    th_state.large.cache_bytes_max = options->large_cache_bytes;
    th_state.large.purge_delay_ms = options->purge_delay_ms;
    th_sampling_set_up(options);
    for (size_t i = 0; i < th_arena_total(); i++) {
      th_state.arenas[i].is_uncached = options->check_every != 0 || i == th_state.arena_count;
      th_state.arenas[i].large_bytes_min = options->large_bytes;
    }
    if (LOAM_HARDENED) {
      th_hardened_set_up();
      th_state.large.cache_bytes_max = 0;  // a mapping that is free is no mapping
    }
    th_region_set_up();
    th_region.huge_pages = options->huge_pages != 0;
    th_cache_set_up();
    th_size_classes_set_up();
    atomic_store_explicit(&th_state.ready, true, memory_order_release);
  }
  loam_lock_release(&th_state.lock);
  if (is_first) watch_forks();
}

struct th_arena *th_least_used_arena(void) {
  struct th_arena *best = &th_state.arenas[0];
  uint32_t best_threads = UINT32_MAX;
  for (size_t i = 0; i < th_state.arena_count && best_threads != 0; i++) {
    // Relaxed: the counts only guide a choice.
    uint32_t threads = atomic_load_explicit(&th_state.arenas[i].threads, memory_order_relaxed);
    if (threads >= best_threads) continue;
    best = &th_state.arenas[i];
    best_threads = threads;
  }
  return best;
}

// --- Threads -----------------------------------------------------------------

static void enlist(struct th_cache *cache) {
  cache->prev = NULL;
  cache->next = th_state.caches;
  if (cache->next != NULL) cache->next->prev = cache;
  th_state.caches = cache;
}

static void delist(struct th_cache *cache) {
  if (cache->next != NULL) cache->next->prev = cache->prev;
  if (cache->prev != NULL) {
    cache->prev->next = cache->next;
  } else {
    th_state.caches = cache->next;
  }
}

static size_t cache_bytes(void) { return loam_os_round_to_page(th_cache_bytes()); }

static void close_cache(void *value) {
  struct th_cache *cache = value;
  th_local.ended = true;
  th_cache_close(cache);
  atomic_fetch_sub_explicit(&cache->arena->threads, 1, memory_order_relaxed);
  loam_lock_acquire(&th_state.lock);
  delist(cache);
  th_state.gone.frees += cache->frees;
  loam_lock_release(&th_state.lock);
  th_cache_release_slots(cache);
  loam_lock_acquire(&th_state.lock);
  cache->is_trimmed = false;
  cache->next = th_state.spare;
  th_state.spare = cache;
  loam_lock_release(&th_state.lock);
}

// False without a key to be had.
static bool make_exit_key(void) {
  // Acquire: pairs with the release below.
  if (atomic_load_explicit(&th_state.has_exit_key, memory_order_acquire)) return true;
  loam_lock_acquire(&th_state.lock);
  bool made = atomic_load_explicit(&th_state.has_exit_key, memory_order_relaxed);
  if (!made) {
    made = pthread_key_create(&th_state.exit_key, close_cache) == 0;
    // Release: whoever sees it sees the key.
    atomic_store_explicit(&th_state.has_exit_key, made, memory_order_release);
  }
  loam_lock_release(&th_state.lock);
  return made;
}

static struct th_cache *open_cache(void) {
  loam_lock_acquire(&th_state.lock);
  struct th_cache *cache = th_state.spare;
  if (cache != NULL) th_state.spare = cache->next;
  loam_lock_release(&th_state.lock);
  if (cache == NULL) cache = th_record_map(cache_bytes());
  if (cache == NULL) return NULL;
  struct th_arena *arena = th_least_used_arena();
  atomic_fetch_add_explicit(&arena->threads, 1, memory_order_relaxed);
  cache->is_watched = false;
  th_cache_open(cache, arena);
  loam_lock_acquire(&th_state.lock);
  enlist(cache);
  loam_lock_release(&th_state.lock);
  return cache;
}

// Has close_cache called when the calling thread ends.
static void watch_thread(struct th_cache *cache) {
  cache->is_watched = true;  // first: this may allocate
  pthread_setspecific(th_state.exit_key, cache);
}

struct th_cache *th_my_cache(void) {
  struct th_cache *cache = th_local.cache;
  // A thread that is alone ends with its process, and needs no more of libc. Once
  // there are others it is watched like them.
  bool alone = LOAM_SINGLE_THREADED();
  if (cache != NULL && (cache->is_watched || alone)) return cache;
  if (th_local.ended || th_state.options.check_every != 0) return NULL;
  if (!alone && !make_exit_key()) return cache;
  if (cache == NULL) cache = open_cache();
  if (cache != NULL && !alone) watch_thread(cache);
  return cache;
}

// --- Statistics --------------------------------------------------------------

// To an arena, what waits in a cache is in use; to the program it is free. Other
// threads went on since the arenas were read: never below nothing.
static void count_caches(struct loam_stats *stats) {
  loam_lock_acquire(&th_state.lock);
  struct th_cache_sums sums = th_state.gone;
  size_t records = 0;
  for (struct th_cache *cache = th_state.caches; cache != NULL; cache = cache->next) {
    th_cache_add_sums(cache, &sums);
    records++;
  }
  for (struct th_cache *cache = th_state.spare; cache != NULL; cache = cache->next) records++;
  loam_lock_release(&th_state.lock);
  size_t blocks = 0;
  size_t bytes = 0;
  for (unsigned class = 1; class < TH_SLAB_CLASSES; class ++) {
    blocks += sums.blocks[class];
    bytes += sums.blocks[class] * th_class_bytes(class);
    if (sums.blocks[class] != 0 && th_class_bytes(class) > stats->largest_free_bytes) {
      stats->largest_free_bytes = th_class_bytes(class);
    }
  }
  if (blocks > stats->live_blocks) blocks = stats->live_blocks;
  size_t tags = blocks * TH_TAG_BYTES;
  if (bytes - tags > stats->allocated_bytes) bytes = stats->allocated_bytes + tags;
  stats->live_blocks -= blocks;
  stats->allocated_bytes -= bytes - tags;
  stats->metadata_bytes -= tags;
  stats->free_blocks += blocks;
  stats->free_bytes += bytes;
  stats->free_calls += sums.frees;
  size_t metadata = records * cache_bytes() + sums.slots_bytes;
  stats->metadata_bytes += metadata;
  stats->mapped_bytes += metadata;
}

void th_large_stats(struct th_arena *arena, struct loam_stats *stats) {
  size_t others = stats->large_blocks;
  loam_large_owner_stats(&th_state.large, &arena->large_owner, stats);
  size_t tags = (stats->large_blocks - others) * TH_TAG_BYTES;
  stats->allocated_bytes -= tags;
  stats->large_bytes -= tags;
  stats->metadata_bytes += tags;
}

static void add_heaps(struct loam_stats *stats) {
  loam_lock_acquire(&th_state.lock);
  for (struct loam_heap *heap = th_state.heaps; heap != NULL; heap = heap->next) {
    struct loam_stats own;
    th_own_stats(heap, &own);
    loam_stats_add(stats, &own);
  }
  loam_lock_release(&th_state.lock);
}

void th_state_stats(struct loam_stats *stats) {
  th_ensure_set_up();
  *stats = (struct loam_stats){0};
  for (size_t i = 0; i < th_arena_total(); i++) {
    th_arena_stats(&th_state.arenas[i], stats);
    th_large_stats(&th_state.arenas[i], stats);
  }
  add_heaps(stats);
  count_caches(stats);
  th_region_stats(stats);
  loam_large_shared_stats(&th_state.large, stats);
  if (th_sampling.is_on) th_sampling_stats(stats);
  stats->malloc_calls = stats->free_calls + stats->live_blocks;
}

// --- The walk ----------------------------------------------------------------

static bool check_arena(struct th_arena *arena) {
  if (!th_arena_check(arena)) return false;
  if (loam_large_check_owner(&th_state.large, &arena->large_owner)) return true;
  return th_complain(arena, "wrong count of large blocks");
}

static bool check_heaps(void) {
  bool whole = true;
  loam_lock_acquire(&th_state.lock);
  for (struct loam_heap *heap = th_state.heaps; heap != NULL && whole; heap = heap->next) {
    whole = check_arena(&heap->arena);
  }
  loam_lock_release(&th_state.lock);
  return whole;
}

bool th_state_check(void) {
  th_ensure_set_up();
  for (size_t i = 0; i < th_arena_total(); i++) {
    if (!check_arena(&th_state.arenas[i])) return false;
  }
  if (!check_heaps()) return false;
  const void *fault = th_region_check();
  if (fault != NULL) return th_complain(fault, "broken region");
  fault = loam_large_check(&th_state.large);
  if (fault != NULL) return th_complain(fault, "broken table of large blocks");
  fault = loam_guard_check(&th_sampling.guard);
  if (fault != NULL) return th_complain(fault, "broken table of guarded blocks");
  fault = loam_profile_check(&th_sampling.profile);
  if (fault != NULL) return th_complain(fault, "broken heap profile");
  return th_local.cache == NULL || th_cache_check(th_local.cache);
}

// --- Giving memory back ------------------------------------------------------

// What lies behind a record's first page, where the lists are linked. (All zero is ready.)
static bool trim_spare_caches(void) {
  bool any = false;
  size_t page = loam_os_page_size();
  loam_lock_acquire(&th_state.lock);
  for (struct th_cache *cache = th_state.spare; cache != NULL; cache = cache->next) {
    if (cache->is_trimmed) break;  // as are those that were spare before it
    cache->is_trimmed = true;
    any |= loam_os_decommit((char *)cache + page, cache_bytes() - page);
  }
  loam_lock_release(&th_state.lock);
  return any;
}

bool th_state_trim(size_t keep) {
  th_ensure_set_up();
  bool any = false;
  if (th_local.cache != NULL) th_cache_flush(th_local.cache);  // others' are theirs
  any |= trim_spare_caches();
  for (size_t i = 0; i < th_arena_total(); i++) any |= th_arena_trim(&th_state.arenas[i]);
  loam_lock_acquire(&th_state.lock);
  for (struct loam_heap *heap = th_state.heaps; heap != NULL; heap = heap->next) {
    any |= th_arena_trim(&heap->arena);
  }
  loam_lock_release(&th_state.lock);
  any |= th_slices_purge_but(keep >> TH_SLICE_BITS) != 0;
  return loam_large_trim(&th_state.large, 0) || any;
}

// --- Fork --------------------------------------------------------------------

// Before a fork every lock is taken, so that the child sees no structure half
// changed; there, where nobody else exists, they are made free again. A process
// with one thread has nobody inside, and takes none.

// All but the state's, which guards the list of heaps and so is taken first and
// given up last.
static void for_each_lock(void (*visit)(struct loam_lock *lock)) {
  visit(&th_sampling.lock);
  visit(&th_sampling.guard.lock);
  visit(&th_sampling.profile.lock);
  for (size_t i = 0; i <= TH_ARENAS_MAX; i++) visit(&th_state.arenas[i].lock);
  for (struct loam_heap *heap = th_state.heaps; heap != NULL; heap = heap->next) {
    visit(&heap->arena.lock);
  }
  visit(&th_state.large.lock);
  visit(&th_region.lock);
}

static bool holds_all;  // the thread that forks; under the state's lock

static void fork_prepare(void) {
  if (LOAM_SINGLE_THREADED()) return;
  loam_lock_acquire(&th_state.lock);
  for_each_lock(loam_lock_acquire);
  holds_all = true;
}

static void fork_parent(void) {
  if (!holds_all) return;
  holds_all = false;
  for_each_lock(loam_lock_release);
  loam_lock_release(&th_state.lock);
}

// What other threads had in their caches stays in them: they may have been inside.
static void forget_other_caches(void) {
  struct th_cache *mine = th_local.cache;
  for (struct th_cache *cache = th_state.caches; cache != NULL; cache = cache->next) {
    if (cache != mine) th_cache_add_sums(cache, &th_state.gone);
  }
  th_state.caches = NULL;
  if (mine != NULL) enlist(mine);
  for (size_t i = 0; i < TH_ARENAS_MAX; i++) {
    uint32_t threads = mine != NULL && mine->arena == &th_state.arenas[i];
    atomic_store_explicit(&th_state.arenas[i].threads, threads, memory_order_relaxed);
  }
}

static void fork_child(void) {
  holds_all = false;
  for_each_lock(loam_lock_reset);
  loam_lock_reset(&th_state.lock);
  forget_other_caches();
}

// Once, at the first call or before, and as early as can be: handlers that others register later
// run before our locks are taken and after they are free again, and so may allocate. (Under no
// lock of ours, for this may allocate too.)
__attribute__((constructor(101))) static void watch_forks(void) {
  static atomic_flag is_done = ATOMIC_FLAG_INIT;
  // Relaxed: it only chooses who does it.
  if (atomic_flag_test_and_set_explicit(&is_done, memory_order_relaxed)) return;
  loam_stack_table_watch_forks();  // first: its lock is taken last
  pthread_atfork(fork_prepare, fork_parent, fork_child);
}

__attribute__((destructor)) static void report_at_exit(void) {
  th_profile_write_at_exit();
  if (th_state.options.stats_at_exit == 0) return;
  struct loam_stats stats;
  th_state_stats(&stats);
  loam_stats_write(&stats, TH_NAME, STDERR_FILENO);
}
