#include "allocators/thread_heap/heap.h"

#include <errno.h>
#include <string.h>

#include "allocators/thread_heap/state.h"
#include "common/os/os.h"

enum {
  EVENTS_FIRST = 32,          // of a cache, before the time is of any concern
  BUSY_EVENTS = 32,           // in a tick of the clock, some milliseconds
  HUGE_PAGE_BYTES = 2 << 20,  // of most systems
  // From here on blocks that grow have mappings of their own, where pages move and not bytes; and
  // new memory comes by huge pages.
  LARGE_BYTES_MIN = 4 << 20,
};

// Of a span. The hardened level clears what is free: of large blocks the system does.
#define SPAN_BYTES_MAX (LOAM_HARDENED ? (size_t)LARGE_BYTES_MIN - 1 : TH_SPAN_BYTES_MAX)

void *th_out_of_memory(void) {
  errno = ENOMEM;
  return NULL;
}

// --- Decay -------------------------------------------------------------------

static bool age_own_heaps(uint64_t now) {
  bool more = false;
  loam_lock_acquire(&th_state.lock);
  for (struct loam_heap *heap = th_state.heaps; heap != NULL; heap = heap->next) {
    more |= th_arena_age(&heap->arena, now, th_state.options.purge_delay_ms);
  }
  loam_lock_release(&th_state.lock);
  return more;
}

// Memory that nobody used for a while goes back, on calls that come anyway.
static void decay(uint64_t now) {
  uint64_t due = atomic_load_explicit(&th_state.decay_ms, memory_order_relaxed);
  if (now < due) return;
  // Relaxed: it only chooses who does the pass. What the pass looks at has locks.
  uint64_t period = th_state.options.purge_delay_ms;
  uint64_t next = now + period;
  if (!atomic_compare_exchange_strong_explicit(&th_state.decay_ms, &due, next, memory_order_relaxed,
                                               memory_order_relaxed)) {
    return;
  }
  bool more = age_own_heaps(now);
  for (size_t i = 0; i < th_arena_total(); i++) {
    more |= th_arena_age(&th_state.arenas[i], now, period);
  }
  more |= th_slices_age(now, period);
  loam_large_purge(&th_state.large, now);
  // Relaxed, as elsewhere: it only guides.
  atomic_store_explicit(&th_state.large_gone, 0, memory_order_relaxed);
  if (more) atomic_store_explicit(&th_state.decay_ms, now + 1, memory_order_relaxed);
}

void th_decay(void) { decay(loam_os_now_ms()); }

// Of the calling thread's cache.
static void look_at_clock(struct th_cache *cache) {
  if (++cache->events < EVENTS_FIRST) return;
  uint64_t now = loam_os_now_ms();
  if (now != cache->tick_ms) cache->tick_events = 0;
  cache->tick_ms = now;
  cache->is_busy = ++cache->tick_events >= BUSY_EVENTS;
  decay(now);
  if (now < cache->age_ms) return;
  if (cache->age_ms != 0) th_cache_age(cache);
  cache->age_ms = now + th_state.options.purge_delay_ms;
}

// --- Malloc ------------------------------------------------------------------

static size_t usable_of_large(const struct loam_large_block *large) {
  return large->bytes - TH_TAG_BYTES;
}

// Of the hardened level: the tag of a block with a mapping of its own.
static void tag_large(void *block) {
  struct loam_large_block large;
  if (!loam_large_find(&th_state.large, block, &large)) return;
  uint64_t *slot = th_tag_slot(block, usable_of_large(&large));
  *slot = th_tag(slot);
}

// Whether new memory of such a block is to come by huge pages. (What comes zeroed may be a table
// that stays empty for the most part.)
static bool is_large(struct th_request want) {
  return th_region.huge_pages && want.bytes >= LARGE_BYTES_MIN && !want.zeroed;
}

// As much as came new from the system goes back of what lies idle; but what went back of late
// was room for it.
static void make_up_for_large(size_t bytes) {
  size_t gone = atomic_exchange_explicit(&th_state.large_gone, 0, memory_order_relaxed);
  if (gone < bytes) {
    th_slices_purge((bytes - gone) >> TH_SLICE_BITS);
  } else if (gone > bytes) {
    atomic_fetch_add_explicit(&th_state.large_gone, gone - bytes, memory_order_relaxed);
  }
}

static void *malloc_large(struct th_arena *arena, struct th_request want) {
  bool fresh;
  size_t bytes = want.bytes + TH_TAG_BYTES;
  bool is_huge = is_large(want);
  size_t alignment = is_huge && want.alignment < HUGE_PAGE_BYTES ? HUGE_PAGE_BYTES : want.alignment;
  void *block = loam_large_malloc(&th_state.large, bytes, alignment, &arena->large_owner, &fresh);
  if (block == NULL && alignment != want.alignment) {  // addresses are scarce
    is_huge = false;
    block = loam_large_malloc(&th_state.large, bytes, want.alignment, &arena->large_owner, &fresh);
  }
  if (block == NULL) return NULL;
  if (fresh && is_huge) loam_os_prefer_huge(block, loam_os_round_to_page(bytes));
  if (LOAM_HARDENED) tag_large(block);
  if (want.zeroed && !fresh) memset(block, 0, want.bytes);
  if (fresh) make_up_for_large(want.bytes);
  th_decay();
  return block;
}

static void *malloc_span(struct th_arena *arena, struct th_request want) {
  bool zeroed;
  unsigned slices = th_span_slices(want.bytes + TH_TAG_BYTES);
  size_t alignment = want.alignment <= TH_SLICE_BYTES ? 1 : want.alignment >> TH_SLICE_BITS;
  // Not dense: of a large block a program may use little.
  struct th_slices span = {slices, .alignment = (unsigned)alignment, .is_large = is_large(want)};
  void *block = th_arena_malloc_span(arena, span, &zeroed);
  if (LOAM_HARDENED && block != NULL) {
    if (!zeroed) th_pages_prove_zero(block, slices * TH_SLICE_BYTES);
    th_span_set_usable(th_slab_around(block), want.bytes);
    return block;
  }
  if (block == NULL || zeroed) return block;
  *(uintptr_t *)block = 0;
  return want.zeroed ? memset(block, 0, want.bytes) : block;
}

static void *hand_out(void *block, unsigned class, struct th_request want) {
  if (LOAM_HARDENED) {
    if (th_block_open(block, class)) return block;
  } else if (TH_MARKS) {
    *(uintptr_t *)block = 0;  // the mark
  }
  return want.zeroed ? memset(block, 0, want.bytes) : block;
}

static void *malloc_of_class(struct th_arena *arena, unsigned class, struct th_request want) {
  void *block = th_arena_malloc(arena, class);
  return block == NULL ? NULL : hand_out(block, class, want);
}

// What a span can be aligned to: as the region is.
static size_t span_alignment_max(void) {
  uintptr_t base = (uintptr_t)th_region.base;
  size_t natural = base & -base;
  return natural < HUGE_PAGE_BYTES ? natural : HUGE_PAGE_BYTES;
}

// Whether a large block of such bytes has a mapping of its own: where it comes zeroed, which a new
// mapping is, and where the region is small, and for others to live in.
static bool is_mapped(struct th_request want) {
  bool is_small_region = th_region.end < TH_REGION_SLICES_MAX;
  return want.bytes >= LARGE_BYTES_MIN && (want.zeroed || is_small_region);
}

// Where such a request is served: a slab's class, TH_SPAN_CLASS, or 0 for a mapping of
// its own.
static unsigned class_for(struct th_request want) {
  if (is_mapped(want)) return 0;
  if (want.bytes > SPAN_BYTES_MAX - TH_TAG_BYTES || want.alignment > span_alignment_max()) return 0;
  if (want.alignment > TH_SLICE_BYTES) return TH_SPAN_CLASS;
  return th_class_for(want.bytes + TH_TAG_BYTES, want.alignment);
}

// What there is to use of a block that is served so.
static size_t usable_of_class(unsigned class, size_t bytes) {
  if (class == 0) return loam_os_round_to_page(bytes);
  return class == TH_SPAN_CLASS ? th_span_slices(bytes) * TH_SLICE_BYTES : th_class_bytes(class);
}

static void *malloc_past_caches(struct th_arena *arena, unsigned class, struct th_request want) {
  double chance = 0;
  if (th_sampling.is_on) chance = th_sample_bytes(usable_of_class(class, want.bytes));
  if (chance != 0 && !arena->is_own) arena = th_sampled_arena();
  void *block;
  if (class == 0) {
    block = malloc_large(arena, want);
  } else if (class == TH_SPAN_CLASS) {
    block = malloc_span(arena, want);
  } else {
    block = malloc_of_class(arena, class, want);
  }
  if (block != NULL && chance != 0) th_sample_note(block, chance);
  return block;
}

// Has all arenas give up the slices that they keep; whether there were any.
static bool give_kept(void) {
  bool any = false;
  for (size_t i = 0; i < th_arena_total(); i++) any |= th_arena_give_kept(&th_state.arenas[i]);
  loam_lock_acquire(&th_state.lock);
  for (struct loam_heap *heap = th_state.heaps; heap != NULL; heap = heap->next) {
    any |= th_arena_give_kept(&heap->arena);
  }
  loam_lock_release(&th_state.lock);
  return any;
}

void *th_malloc_in(struct th_arena *arena, struct th_request want) {
  if (want.bytes > (size_t)PTRDIFF_MAX) return th_out_of_memory();
  unsigned class = class_for(want);
  void *block = malloc_past_caches(arena, class, want);
  if (block == NULL && class != 0 && give_kept()) block = malloc_past_caches(arena, class, want);
  // Where the region is at its end, a mapping for each block still serves.
  if (block == NULL && class != 0) block = malloc_past_caches(arena, 0, want);
  // And where the system gives nothing, what lies free in the region does.
  bool fits_span =
      want.bytes <= TH_SPAN_BYTES_MAX - TH_TAG_BYTES && want.alignment <= span_alignment_max();
  if (block == NULL && class == 0 && fits_span) {
    give_kept();
    block = malloc_past_caches(arena, TH_SPAN_CLASS, want);
  }
  return block != NULL ? block : th_out_of_memory();
}

static void *pop_or_refill(struct th_cache *cache, unsigned class) {
  void **top = cache->local->top[class];
  if (*top == NULL) return th_cache_refill(cache, class);
  cache->local->top[class] = top - 1;
  return *top;
}

// Where a malloc finds no block, or the marker of one that is to be sampled.
static void *malloc_sampling(struct th_cache *cache, unsigned class, struct th_request want) {
  th_disarm(cache, class);
  struct th_due due = th_sample_malloc(cache, class);
  void *sampled = due.guard ? th_guard_malloc(want) : NULL;
  if (sampled == NULL && due.chance != 0) {
    sampled = malloc_of_class(th_sampled_arena(), class, want);
  }
  void *block = sampled != NULL ? NULL : pop_or_refill(cache, class);
  th_arm(cache, class, true);
  if (sampled != NULL && due.chance != 0) th_sample_note(sampled, due.chance);
  if (block != NULL) block = hand_out(block, class, want);
  return sampled != NULL ? sampled : block;
}

static void *malloc_from_cache(struct th_cache *cache, unsigned class, struct th_request want) {
  if (*cache->local->top[class] == NULL) {
    look_at_clock(cache);
    if (cache->sampler != NULL) return malloc_sampling(cache, class, want);
  }
  void *block = pop_or_refill(cache, class);
  return block == NULL ? NULL : hand_out(block, class, want);
}

// The last resort: what waits in this thread's cache may make a slab empty.
static void *malloc_after_flush(struct th_cache *cache, struct th_request want) {
  th_cache_flush(cache);
  return th_malloc_in(cache->arena, want);
}

static void check_now_and_then(void) {
  static _Atomic(size_t) calls;
  size_t every = th_state.options.check_every;
  if (every == 0) return;
  // Relaxed: it only counts.
  if (atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed) % every != every - 1) return;
  if (!th_state_check()) th_fail(NULL, "the heap is broken");
}

static void *malloc_any(struct th_request want) {
  th_ensure_set_up();
  check_now_and_then();
  struct th_cache *cache = th_my_cache();
  if (cache == NULL) {
    th_decay();
    return th_malloc_in(th_least_used_arena(), want);
  }
  unsigned class = class_for(want);
  if (class != 0 && class < TH_SLAB_CLASSES) {
    void *block = malloc_from_cache(cache, class, want);
    if (block != NULL) return block;
    return malloc_after_flush(cache, want);
  }
  look_at_clock(cache);
  int saved_errno = errno;
  void *block = th_malloc_in(cache->arena, want);
  if (block != NULL || want.bytes > (size_t)PTRDIFF_MAX) return block;
  block = malloc_after_flush(cache, want);
  if (block != NULL) errno = saved_errno;
  return block;
}

void *th_malloc_any(struct th_request want) {
  TH_NOTE_CALLER();
  return malloc_any(want);
}

void *th_malloc_slow(size_t bytes) {
  TH_NOTE_CALLER();
  return malloc_any((struct th_request){.bytes = bytes});
}

// --- Finding -----------------------------------------------------------------

// Whether some thread's cache holds the block.
static bool is_cached(unsigned class, const void *block) {
  bool found = false;
  loam_lock_acquire(&th_state.lock);
  for (struct th_cache *cache = th_state.caches; cache != NULL && !found; cache = cache->next) {
    found = th_cache_holds(cache, class, block);
  }
  loam_lock_release(&th_state.lock);
  return found;
}

// Of the hardened level: what stands behind a block that was found says that it is live.
static void check_tag(const struct th_found *found, const void *block) {
  const uint64_t *slot = th_tag_slot(block, th_usable_bytes(found));
  if (*slot == th_tag(slot)) return;
  if (*slot == 0) th_fail(block, "free: a block that is free (double free?)");
  th_fail(block, "free: the bytes behind the block were overwritten");
}

size_t th_usable_bytes(const struct th_found *found) {
  if (found->is_guarded) return found->guarded_bytes;
  if (found->slab == NULL) return usable_of_large(&found->large);
  if (LOAM_HARDENED && found->slab->class == TH_SPAN_CLASS) return th_span_usable(found->slab);
  return found->slab->block_bytes - TH_TAG_BYTES;
}

struct th_found th_find(const void *block) {
  struct th_found found = {.slab = th_slab_around(block)};
  if (found.slab == NULL) {
    if (loam_guard_has(&th_sampling.guard, block)) {
      found.is_guarded = true;
      found.guarded_bytes = loam_guard_usable(&th_sampling.guard, block);
      return found;
    }
    if (!loam_large_find(&th_state.large, block, &found.large)) {
      th_fail(block, "free: no block of this heap");
    }
    if (LOAM_HARDENED) check_tag(&found, block);
    return found;
  }
  int number = th_block_number(found.slab, block);
  if (number < 0) th_fail(block, "free: not the start of a block");
  found.number = (unsigned)number;
  if (th_block_is_free(found.slab, found.number)) {
    th_fail(block, "free: a block that is free (double free?)");
  }
  if (LOAM_HARDENED) {
    check_tag(&found, block);
    return found;
  }
  if (TH_MARKS && *(const uintptr_t *)block == th_mark() && is_cached(found.slab->class, block)) {
    th_fail(block, "free: a block that is free (double free?)");
  }
  return found;
}

size_t th_block_usable(const void *block) {
  if (block == NULL) return 0;
  struct th_found found = th_find(block);
  return th_usable_bytes(&found);
}

// --- Free --------------------------------------------------------------------

// Of the hardened level: what is free is zero.
static void close_found(const struct th_found *found, void *block) {
  if (found->slab->class == TH_SPAN_CLASS) {
    th_pages_clear(block, found->slab->block_bytes);
  } else {
    th_block_close(block, found->slab->class);
  }
}

void th_free_found(const struct th_found *found, void *block) {
  if (th_sampling.is_on) th_sample_forget(block);
  if (found->is_guarded) {
    th_guard_free(block);
    return;
  }
  if (found->slab == NULL) {
    if (!loam_large_free(&th_state.large, block)) th_fail(block, "free: no block of this heap");
    size_t bytes = found->large.bytes;
    if (!loam_large_keeps(&th_state.large, bytes)) {
      atomic_fetch_add_explicit(&th_state.large_gone, bytes, memory_order_relaxed);
    }
    return;
  }
  if (LOAM_HARDENED) close_found(found, block);
  // A thread that only frees has a cache too, which sends home many at a time.
  struct th_cache *cache = th_slab_is_cached(found->slab) ? th_my_cache() : NULL;
  if (cache == NULL) {
    // Where the slab drains, it may be cached again one day.
    if (TH_MARKS && found->slab->class != TH_SPAN_CLASS) *(uintptr_t *)block = th_mark();
    th_arena_free(found->slab, block);
    return;
  }
  unsigned class = found->slab->class;
  if (LOAM_HARDENED) block = th_quarantine_swap(class, block);
  if (LOAM_HARDENED && block == NULL) return;
  if (TH_MARKS) *(uintptr_t *)block = th_mark();
  if (th_cache_turn_away(cache, class, block)) return;
  // After a purge, or when the slab drains no more: this one was looked up. (Else nothing is to be
  // written: all threads read this cache line at each free.)
  size_t slice = th_slice_of(block);
  if (th_map_get(slice) != class) th_map_set(slice, class);
  if (cache->sampler != NULL) th_disarm(cache, class);
  if (th_local.free[class].room == 0) {
    look_at_clock(cache);
    th_cache_make_room(cache, class);
  }
  th_local.free[class].room--;
  *++th_local.top[class] = block;
  if (cache->sampler != NULL) th_arm(cache, class, false);
}

void th_free_slow(void *block) {
  if (block == NULL) return;
  TH_NOTE_CALLER();
  th_ensure_set_up();
  check_now_and_then();
  struct th_found found = th_find(block);
  th_free_found(&found, block);
  if (found.slab == NULL) th_decay();
}

// --- Realloc -----------------------------------------------------------------

static struct th_arena *arena_of(const struct th_found *found) {
  if (found->is_guarded) return th_least_used_arena();
  if (found->slab != NULL) return found->slab->arena;
  return (struct th_arena *)((char *)found->large.owner - offsetof(struct th_arena, large_owner));
}

static void *move_to_new(const struct th_found *found, void *block, size_t usable, size_t bytes) {
  struct th_request want = {.bytes = bytes};
  struct th_arena *arena = arena_of(found);
  void *moved = NULL;
  // One that grows will grow again: from now on its pages move, not its bytes.
  if (bytes > usable && bytes >= LARGE_BYTES_MIN) {
    want.bytes += bytes / 8;
    moved = malloc_past_caches(arena, 0, want);
    want.bytes = bytes;
  }
  if (moved == NULL) moved = arena->is_own ? th_malloc_in(arena, want) : malloc_any(want);
  if (moved == NULL) return NULL;
  memcpy(moved, block, usable < bytes ? usable : bytes);
  th_free_found(found, block);
  return moved;
}

// A block that is more than half used stays where it is, but seven eighths where the rest can
// go without a copy. In the hardened level, where a size tells where a block is from, only one
// of the same class stays.
static bool can_be_cut(const struct th_found *found, size_t bytes) {
  if (found->slab == NULL) return !found->is_guarded && bytes >= LARGE_BYTES_MIN;
  return found->slab->class == TH_SPAN_CLASS &&
         class_for((struct th_request){.bytes = bytes}) == TH_SPAN_CLASS;
}

static bool fits(const struct th_found *found, size_t usable, size_t bytes) {
  if (LOAM_HARDENED) {
    return found->slab != NULL && found->slab->class != TH_SPAN_CLASS &&
           class_for((struct th_request){.bytes = bytes}) == found->slab->class;
  }
  if (!can_be_cut(found, bytes)) return th_class_fits(usable, bytes);
  return bytes <= usable && bytes > usable - usable / 8;
}

static bool resize_span(struct th_slab *slab, size_t usable, size_t bytes) {
  unsigned slices = th_span_slices(bytes + TH_TAG_BYTES);
  if (!LOAM_HARDENED) return th_arena_resize_span(slab, slices);
  char *block = th_slab_start(slab);
  size_t old_bytes = slab->block_bytes;
  size_t new_bytes = slices * TH_SLICE_BYTES;
  if (new_bytes < old_bytes) th_pages_clear(block + new_bytes, old_bytes - new_bytes);
  if (new_bytes != old_bytes && !th_arena_resize_span(slab, slices)) return false;
  if (new_bytes > old_bytes) th_pages_prove_zero(block + old_bytes, new_bytes - old_bytes);
  if (usable < new_bytes) *th_tag_slot(block, usable) = 0;  // the old tag: nobody's to see
  th_span_set_usable(slab, bytes);
  return true;
}

void *th_realloc_block(void *block, size_t bytes) {
  TH_NOTE_CALLER();
  struct th_found found = th_find(block);
  if (bytes > (size_t)PTRDIFF_MAX) return th_out_of_memory();
  size_t usable = th_usable_bytes(&found);
  if (fits(&found, usable, bytes)) return block;
  if (found.slab != NULL && found.slab->class == TH_SPAN_CLASS &&
      class_for((struct th_request){.bytes = bytes}) == TH_SPAN_CLASS) {
    if (resize_span(found.slab, usable, bytes)) {
      if (th_sampling.is_on) th_sample_resize(block, found.slab->block_bytes);
      return block;
    }
  }
  if (found.slab == NULL && !found.is_guarded && bytes >= LARGE_BYTES_MIN) {
    if (LOAM_HARDENED) *th_tag_slot(block, usable) = 0;
    if (th_sampling.is_on) th_sample_forget(block);  // before others may get its addresses
    void *moved = loam_large_realloc(&th_state.large, block, bytes + TH_TAG_BYTES);
    if (LOAM_HARDENED) tag_large(moved != NULL ? moved : block);
    if (th_sampling.is_on) {
      th_sample_resize(moved != NULL ? moved : block,
                       moved != NULL ? loam_os_round_to_page(bytes) : usable);
    }
    if (moved != NULL) return moved;
  }
  int saved_errno = errno;
  void *moved = move_to_new(&found, block, usable, bytes);
  if (moved != NULL || bytes > usable) return moved;
  errno = saved_errno;  // to shrink is never to fail
  return block;
}
