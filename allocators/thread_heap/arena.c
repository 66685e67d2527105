#include "allocators/thread_heap/arena.h"

#include "allocators/thread_heap/hardened.h"
#include "common/check/report.h"
#include "common/os/os.h"

enum {
  AGED_SLABS_MAX = 256,        // that one pass of the decay looks at
  FREE_BYTES_LEAST = 1 << 20,  // in slabs, before it is worth a look
  FREE_SHARE = 4,              // of the slabs' memory may be free before growth looks for pages
  LOOKED_AT_PER_SLICE = 8,
  MADE_UP_SLICES_MAX = 256,  // others wait for the lock
  HUGE_PAGE_SLICES = 128,    // of most systems
  HUGE_SLICES_MIN = 256,     // that come new, before huge pages are asked for
  PURGED_PAGES_MIN = 3,  // side by side: a call of the system costs more than one of them is worth
  POPULATED_SLABS_MIN = 4,  // of a class, before the pages of one more come at once
  POPULATED_SLICES_MIN = 64,
};

void th_fail(const void *address, const char *what) { loam_fatal(TH_NAME, address, what); }

bool th_complain(const void *address, const char *what) {
  loam_complain(TH_NAME, address, what);
  return false;
}

// --- Slabs of an arena, under the lock -----------------------------------------

static bool is_draining(const struct th_slab *slab) {
  return !th_slab_is_cached(slab) && !slab->arena->is_own && !slab->arena->is_uncached;
}

static void all_add(struct th_arena *arena, struct th_slab *slab) {
  slab->all_prev = NULL;
  slab->all_next = arena->slabs;
  if (arena->slabs != NULL) arena->slabs->all_prev = slab;
  arena->slabs = slab;
  arena->bins[slab->class].slabs++;
}

static void all_remove(struct th_arena *arena, struct th_slab *slab) {
  if (arena->age_cursor == slab) arena->age_cursor = slab->all_next;
  if (arena->purge_cursor == slab) arena->purge_cursor = slab->all_next;
  if (slab->all_next != NULL) slab->all_next->all_prev = slab->all_prev;
  if (slab->all_prev != NULL) {
    slab->all_prev->all_next = slab->all_next;
  } else {
    arena->slabs = slab->all_next;
  }
  arena->bins[slab->class].slabs--;
}

// --- Slabs -------------------------------------------------------------------

static size_t slices_in_use(const struct th_arena *arena) {
  return arena->slab_slices + (arena->span_bytes >> TH_SLICE_BITS);
}

// Under the lock. So many slices came new from the system: about as much goes back, where
// much lies free inside the slabs and could not serve.
static void make_up_for(struct th_arena *arena, size_t slices) {
  size_t slab_bytes = arena->slab_slices * TH_SLICE_BYTES;
  size_t free_bytes = slab_bytes - arena->out_bytes;
  if (slices == 0 || free_bytes < FREE_BYTES_LEAST) return;
  if (free_bytes < slab_bytes / FREE_SHARE) return;
  if (slices > MADE_UP_SLICES_MAX) slices = MADE_UP_SLICES_MAX;
  size_t bytes = slices * TH_SLICE_BYTES;
  size_t gone = 0;
  struct th_slab *slab = arena->purge_cursor;
  if (slab == NULL) slab = arena->slabs;
  for (size_t i = 0; slab != NULL && gone < bytes && i < slices * LOOKED_AT_PER_SLICE; i++) {
    gone += th_slab_purge(slab, PURGED_PAGES_MIN);
    slab = slab->all_next;
  }
  arena->purge_cursor = slab;
}

// Whether the pages of a fresh slab will be wanted: where its class grows; and where it is for
// sampled blocks, and soon another's, who would find some pages without memory. (With check_every
// all arenas are uncached: there, time is not what counts.)
static bool is_to_be_used(const struct th_arena *arena, const struct th_slab *slab) {
  if (slab->block_bytes > loam_os_page_size()) return false;
  if (arena->bins[slab->class].slabs >= POPULATED_SLABS_MIN) return true;
  size_t slices = (size_t)(slab - th_region.records) - th_region.first;
  return arena->is_uncached && slices >= POPULATED_SLICES_MIN;
}

// A page is a fault, which costs more than all that is done with its blocks.
static void get_pages(const struct th_arena *arena, struct th_slab *slab) {
  if (is_to_be_used(arena, slab)) {
    loam_os_populate(th_slab_start(slab), slab->slices * TH_SLICE_BYTES);
  } else if (LOAM_HARDENED) {
    th_slab_mark_fresh(slab);
  }
}

// Under the lock: slices that the arena keeps; NULL where those of the region are to serve.
static struct th_slab *take_kept(struct th_arena *arena, unsigned slices, unsigned alignment) {
  struct th_slab *slab = th_kept_take(&arena->kept, slices, alignment);
  if (slab == NULL) th_kept_learn(&arena->kept, slices_in_use(arena));
  return slab;
}

static void give(struct th_arena *arena, struct th_slab *slab, unsigned slices) {
  th_kept_learn(&arena->kept, slices_in_use(arena) + slices);
  th_kept_give(&arena->kept, slab, slices);
}

static struct th_slab *take_for(struct th_arena *arena, unsigned class, size_t *fresh) {
  struct th_slices want = {.count = th_class_slices(class),
                           .alignment = th_class_is_wide(class) ? TH_WIDE_SLICES : 1,
                           .is_dense = th_class_capacity(class) > 1};
  struct th_slab *slab = take_kept(arena, want.count, want.alignment);
  *fresh = 0;
  return slab != NULL ? slab : th_slices_take(want, fresh);
}

static struct th_slab *add_slab(struct th_arena *arena, unsigned class) {
  size_t fresh;
  struct th_slab *slab = take_for(arena, class, &fresh);
  if (slab == NULL) return NULL;
  make_up_for(arena, fresh);
  th_slab_init(slab, arena, class, !arena->is_own && !arena->is_uncached);
  if (fresh == slab->slices) get_pages(arena, slab);
  arena->slab_slices += slab->slices;
  all_add(arena, slab);
  th_bin_insert(&arena->bins[class], slab, arena->bins[class].first);
  return slab;
}

// For a span that gets new memory.
static void prefer_huge(struct th_slab *slab) {
  if (!th_region.huge_pages || slab->slices < HUGE_SLICES_MIN) return;
  th_slices_prefer_huge(slab, slab->slices);
  slab->is_huge = true;
}

// Before any of a span goes.
static void end_huge(struct th_slab *slab) {
  if (slab->is_huge) th_slices_refuse_huge(slab, slab->slices);
  slab->is_huge = false;
}

static void drop_slab(struct th_arena *arena, struct th_slab *slab) {
  unsigned slices = slab->slices;
  end_huge(slab);
  if (slab->class != TH_SPAN_CLASS) arena->slab_slices -= slices;
  all_remove(arena, slab);
  th_slab_forget(slab);
  give(arena, slab, slices);
}

// --- Taking ------------------------------------------------------------------

static struct th_slab *first_slab(struct th_arena *arena, unsigned class) {
  struct th_bin *bin = &arena->bins[class];
  if (bin->first == NULL) return add_slab(arena, class);
  if (bin->first != bin->draining) return bin->first;
  return th_bin_end_last(bin);
}

static void count_taken(struct th_arena *arena, struct th_slab *slab, unsigned taken) {
  struct th_bin *bin = &arena->bins[slab->class];
  if (slab->free_count == 0) th_bin_remove(bin, slab);
  bin->blocks_out += taken;
  arena->out_bytes += (size_t)taken * slab->block_bytes;
}

void th_arena_drain(struct th_arena *arena, unsigned class) {
  if (arena->is_own || arena->is_uncached || LOAM_HARDENED) return;
  if (!loam_lock_try(&arena->lock)) return;  // there is time
  th_bin_drain(&arena->bins[class], class);
  loam_lock_release(&arena->lock);
}

unsigned th_arena_take(struct th_arena *arena, unsigned class, unsigned count, void **out) {
  loam_lock_acquire(&arena->lock);
  struct th_slab *slab = first_slab(arena, class);
  unsigned taken = 0;
  // What old slabs gave will do for now; a new one costs memory.
  for (; slab != arena->bins[class].draining && taken < count; slab = arena->bins[class].first) {
    unsigned more = th_slab_take(slab, count - taken, out - taken);
    count_taken(arena, slab, more);
    taken += more;
  }
  loam_lock_release(&arena->lock);
  return taken;
}

unsigned th_arena_take_line(struct th_arena *arena, unsigned class, void **out) {
  loam_lock_acquire(&arena->lock);
  struct th_slab *slab = first_slab(arena, class);
  unsigned taken = slab == NULL ? 0 : th_slab_take_line(slab, out);
  if (taken != 0) count_taken(arena, slab, taken);
  loam_lock_release(&arena->lock);
  return taken;
}

void *th_arena_malloc(struct th_arena *arena, unsigned class) {
  void *out[1];
  return th_arena_take(arena, class, 1, out + 1) == 0 ? NULL : out[0];
}

// Adds a span to what the arena has: once, or -1 times.
static void count_span(struct th_arena *arena, const struct th_slab *slab, size_t times) {
  arena->bins[TH_SPAN_CLASS].blocks_out += times;
  arena->span_bytes += slab->block_bytes * times;
  if (slab->block_bytes < arena->large_bytes_min) return;
  arena->large_blocks += times;
  arena->large_bytes += slab->block_bytes * times;
}

void *th_arena_malloc_span(struct th_arena *arena, struct th_slices want, bool *zeroed) {
  size_t fresh = 0;
  loam_lock_acquire(&arena->lock);
  struct th_slab *slab = take_kept(arena, want.count, want.alignment);
  if (slab == NULL) {
    loam_lock_release(&arena->lock);  // the system may be asked
    slab = th_slices_take(want, &fresh);
    if (slab == NULL) return NULL;
    loam_lock_acquire(&arena->lock);
    make_up_for(arena, fresh);
  }
  *zeroed = fresh == want.count;
  th_span_init(slab, arena, want.count);
  if (want.is_large && fresh >= HUGE_SLICES_MIN) prefer_huge(slab);
  all_add(arena, slab);
  count_span(arena, slab, 1);
  loam_lock_release(&arena->lock);
  return th_slab_start(slab);
}

// --- Giving back -------------------------------------------------------------

// Under the lock, which it gives up: who is told of the end may allocate.
static __attribute__((cold, noreturn)) void fail_in(struct th_arena *arena, const void *block,
                                                    const char *what) {
  loam_lock_release(&arena->lock);
  th_fail(block, what);
}

// Under the lock: a slab that was full has free blocks, or all of it is free.
static __attribute__((noinline)) void list_after_put(struct th_slab *slab, bool was_full) {
  struct th_arena *arena = slab->arena;
  struct th_bin *bin = &arena->bins[slab->class];
  if (slab->free_count == slab->capacity) {
    if (is_draining(slab)) th_bin_end_draining(bin, slab);
    if (!was_full) th_bin_remove(bin, slab);
    drop_slab(arena, slab);
  } else if (was_full) {
    // Behind the others: the longer it waits, the more of it is free at once.
    th_bin_insert(bin, slab, bin->draining);
  }
}

// Under the lock of the slab's arena: puts the first blocks back that lie in the slab, which
// the very first does; how many. (Counting what is out is the caller's.)
static inline size_t put(struct th_slab *slab, void *const *blocks, size_t count) {
  bool was_full = slab->free_count == 0;
  size_t done = th_slab_put(slab, blocks, count);
  if (done == 0) {
    fail_in(slab->arena, blocks[0],
            th_block_number(slab, blocks[0]) < 0 ? "free: not the start of a block"
                                                 : "free: a block that is free (double free?)");
  }
  if (is_draining(slab)) slab->arena->bins[slab->class].draining_out -= done;
  // Few puts are the first or the last of their slab.
  if (__builtin_expect(was_full || slab->free_count == slab->capacity, 0)) {
    list_after_put(slab, was_full);
  }
  return done;
}

// Under the lock: a span goes. Its memory is given away after that.
static void remove_span(struct th_arena *arena, struct th_slab *slab) {
  if (slab->arena != arena) {
    fail_in(arena, th_slab_start(slab), "free: a block that is free (double free?)");
  }
  end_huge(slab);
  count_span(arena, slab, (size_t)-1);
  all_remove(arena, slab);
  th_slab_forget(slab);
}

// The slab of a block that waited in a cache: there is one, or something is broken. `locked`:
// the arena whose lock is held, or NULL.
static inline struct th_slab *slab_of_cached(const void *block, struct th_arena *locked) {
  struct th_slab *slab = th_slab_of_slice(th_slice_of(block));
  if (__builtin_expect(slab->arena == NULL, 0)) {
    if (locked != NULL) fail_in(locked, block, "free: a cached block of no slab");
    th_fail(block, "free: a cached block of no slab");
  }
  return slab;
}

void th_arena_put(unsigned class, void **blocks, size_t count) {
  while (count != 0) {
    // A round for each arena: its blocks go, the others move up.
    struct th_arena *arena = slab_of_cached(blocks[0], NULL)->arena;
    size_t others = 0;
    loam_lock_acquire(&arena->lock);
    for (size_t i = 0; i < count;) {
      struct th_slab *slab = slab_of_cached(blocks[i], arena);
      if (__builtin_expect(slab->arena != arena, 0)) {
        blocks[others++] = blocks[i++];
      } else {
        i += put(slab, blocks + i, count - i);
      }
    }
    arena->bins[class].blocks_out -= count - others;
    arena->out_bytes -= (count - others) * th_class_bytes(class);
    loam_lock_release(&arena->lock);
    count = others;
  }
}

void th_arena_free(struct th_slab *slab, void *block) {
  struct th_arena *arena = slab->arena;
  if (arena == NULL) th_fail(block, "free: a block that is free (double free?)");  // just now
  bool is_span = slab->class == TH_SPAN_CLASS;
  unsigned slices = slab->slices;
  loam_lock_acquire(&arena->lock);
  arena->free_calls++;
  if (is_span) {
    remove_span(arena, slab);
    give(arena, slab, slices);
  } else {
    arena->bins[slab->class].blocks_out--;
    arena->out_bytes -= slab->block_bytes;
    put(slab, &block, 1);
  }
  loam_lock_release(&arena->lock);
}

// Under the lock.
static void set_span_slices(struct th_arena *arena, struct th_slab *slab, unsigned slices) {
  count_span(arena, slab, (size_t)-1);
  slab->slices = (uint16_t)slices;
  slab->block_bytes = slices << TH_SLICE_BITS;
  count_span(arena, slab, 1);
}

bool th_arena_resize_span(struct th_slab *slab, unsigned slices) {
  struct th_arena *arena = slab->arena;
  unsigned old = slab->slices;
  unsigned more = slices > old ? slices - old : 0;
  loam_lock_acquire(&arena->lock);
  bool is_done = more == 0 || th_kept_take_at(&arena->kept, slab + old, more);
  if (!is_done) {
    loam_lock_release(&arena->lock);  // the system may be asked
    is_done = th_slices_take_at(slab + old, more);
    loam_lock_acquire(&arena->lock);
  }
  if (slices < old) end_huge(slab);
  if (is_done) set_span_slices(arena, slab, slices);
  if (is_done && slices / HUGE_PAGE_SLICES > old / HUGE_PAGE_SLICES) prefer_huge(slab);
  if (slices < old) give(arena, slab + slices, old - slices);
  loam_lock_release(&arena->lock);
  return is_done;
}

bool th_arena_give_kept(struct th_arena *arena) {
  loam_lock_acquire(&arena->lock);
  bool any = arena->kept.slices != 0;
  th_kept_flush(&arena->kept);
  loam_lock_release(&arena->lock);
  return any;
}

void th_arena_destroy(struct th_arena *arena) {
  struct th_slab *next;
  for (struct th_slab *slab = arena->slabs; slab != NULL; slab = next) {
    next = slab->all_next;
    if (LOAM_HARDENED) th_pages_clear(th_slab_start(slab), slab->slices * TH_SLICE_BYTES);
    drop_slab(arena, slab);
  }
  th_kept_flush(&arena->kept);
}

// --- Giving memory back ------------------------------------------------------

bool th_arena_age(struct th_arena *arena, uint64_t now_ms, uint64_t period_ms) {
  if (!loam_lock_try(&arena->lock)) return true;
  struct th_slab *slab = arena->age_cursor;
  if (slab == NULL && now_ms >= arena->age_ms) {
    slab = arena->slabs;
    arena->age_ms = now_ms + period_ms;
    th_kept_age(&arena->kept);
  }
  for (unsigned i = 0; slab != NULL && i < AGED_SLABS_MAX; i++, slab = slab->all_next) {
    if (slab->touched) {
      slab->touched = false;
    } else {
      th_slab_purge(slab, 1);
    }
  }
  arena->age_cursor = slab;
  loam_lock_release(&arena->lock);
  return slab != NULL;
}

bool th_arena_trim(struct th_arena *arena) {
  bool any = false;
  loam_lock_acquire(&arena->lock);
  th_kept_flush(&arena->kept);
  for (struct th_slab *slab = arena->slabs; slab != NULL; slab = slab->all_next) {
    any |= th_slab_purge(slab, 1) != 0;
  }
  loam_lock_release(&arena->lock);
  return any;
}

// --- Statistics and proof ----------------------------------------------------

static void add_class_stats(const struct th_arena *arena, unsigned class,
                            struct loam_stats *stats) {
  const struct th_bin *bin = &arena->bins[class];
  size_t bytes = th_class_bytes(class);
  size_t blocks = bin->slabs * th_class_capacity(class);
  size_t free_blocks = blocks - bin->blocks_out;
  stats->live_blocks += bin->blocks_out;
  stats->allocated_bytes += bin->blocks_out * bytes;
  stats->free_blocks += free_blocks;
  stats->free_bytes += free_blocks * bytes;
  size_t mapped = bin->slabs * th_class_slices(class) * TH_SLICE_BYTES;
  stats->mapped_bytes += mapped;
  // What is left of a slice behind its last block.
  stats->metadata_bytes += mapped - blocks * bytes;
  if (free_blocks != 0 && bytes > stats->largest_free_bytes) stats->largest_free_bytes = bytes;
}

// Of the hardened level: what the program may not use of its blocks is the allocator's.
static void count_tags(const struct th_arena *arena, struct loam_stats *stats) {
  size_t bytes = 0;
  for (unsigned class = 1; class < TH_SLAB_CLASSES; class ++) {
    bytes += arena->bins[class].blocks_out * TH_TAG_BYTES;
  }
  for (const struct th_slab *slab = arena->slabs; slab != NULL; slab = slab->all_next) {
    if (slab->class != TH_SPAN_CLASS) continue;
    size_t unused = slab->block_bytes - th_span_usable(slab);
    bytes += unused;
    if (slab->block_bytes >= arena->large_bytes_min) stats->large_bytes -= unused;
  }
  stats->allocated_bytes -= bytes;
  stats->metadata_bytes += bytes;
}

void th_arena_stats(struct th_arena *arena, struct loam_stats *stats) {
  loam_lock_acquire(&arena->lock);
  for (unsigned class = 1; class < TH_SLAB_CLASSES; class ++) add_class_stats(arena, class, stats);
  stats->live_blocks += arena->bins[TH_SPAN_CLASS].blocks_out;
  stats->allocated_bytes += arena->span_bytes;
  stats->mapped_bytes += arena->span_bytes;
  stats->large_blocks += arena->large_blocks;
  stats->large_bytes += arena->large_bytes;
  stats->free_calls += arena->free_calls;
  size_t kept_bytes = arena->kept.slices * TH_SLICE_BYTES;
  stats->mapped_bytes += kept_bytes;
  stats->free_bytes += kept_bytes;
  stats->free_blocks += arena->kept.slices;
  size_t longest_bytes = th_kept_longest(&arena->kept) * TH_SLICE_BYTES;
  if (longest_bytes > stats->largest_free_bytes) stats->largest_free_bytes = longest_bytes;
  if (LOAM_HARDENED) count_tags(arena, stats);
  loam_lock_release(&arena->lock);
}

static bool check_slices(const struct th_slab *slab, bool is_cached) {
  unsigned slices = th_class_is_wide(slab->class) ? TH_WIDE_SLICES : 1;
  for (unsigned i = 0; i < slices; i++) {
    unsigned mapped = th_map_get((size_t)(slab - th_region.records) + i);
    if (slab[i].back != i) return false;
    if (mapped != 0 && (!is_cached || mapped != slab->class)) return false;
  }
  return true;
}

static bool check_slab(const struct th_arena *arena, const struct th_slab *slab) {
  if (slab->arena != arena) return th_complain(slab, "slab of another arena");
  if (slab->class == 0 || slab->class >= TH_CLASSES) return th_complain(slab, "slab of no class");
  bool is_span = slab->class == TH_SPAN_CLASS;
  size_t bytes = is_span ? slab->slices * TH_SLICE_BYTES : th_class_bytes(slab->class);
  if (slab->block_bytes != bytes) return th_complain(slab, "wrong block size");
  if (slab->free_count == slab->capacity) return th_complain(slab, "empty slab");
  bool is_cached = !arena->is_own && !arena->is_uncached && !is_span;
  if ((th_slab_is_cached(slab) && !is_cached) || !check_slices(slab, is_cached)) {
    return th_complain(slab, "wrong page map");
  }
  if (!th_slab_check(slab)) return th_complain(slab, "wrong bitmap of free blocks");
  if (LOAM_HARDENED && !th_tags_check(slab)) {
    return th_complain(th_slab_start(slab), "slab with a block that was overflowed");
  }
  return true;
}

static bool check_bin(const struct th_arena *arena, unsigned class, size_t slabs, size_t out,
                      size_t listed) {
  const struct th_bin *bin = &arena->bins[class];
  if (bin->slabs != slabs) return th_complain(bin, "wrong count of slabs");
  if (bin->blocks_out != out) return th_complain(bin, "wrong count of blocks");
  const struct th_slab *previous = NULL;
  size_t draining_slabs = 0;
  size_t draining_out = 0;
  for (const struct th_slab *slab = bin->first; slab != NULL; slab = slab->next) {
    if (is_draining(slab) != (slab == bin->draining || draining_slabs != 0)) {
      return th_complain(slab, "slab that drains out of its place");
    }
    if (is_draining(slab)) {
      draining_slabs++;
      draining_out += th_slab_blocks_out(slab);
    }
    if (slab->arena != arena || slab->class != class) return th_complain(slab, "strayed slab");
    if (slab->free_count == 0) return th_complain(slab, "full slab in a list");
    if (slab->prev != previous || listed-- == 0) return th_complain(slab, "broken list of slabs");
    previous = slab;
  }
  if (draining_slabs != bin->draining_slabs || draining_out != bin->draining_out) {
    return th_complain(bin, "wrong sum of slabs that drain");
  }
  if (listed != 0 || bin->last != previous) return th_complain(bin, "slab missing in its list");
  return true;
}

static bool check(const struct th_arena *arena) {
  size_t slabs[TH_CLASSES] = {0};
  size_t out[TH_CLASSES] = {0};
  size_t listed[TH_CLASSES] = {0};
  size_t slab_slices = 0;
  size_t out_bytes = 0;
  size_t span_bytes = 0;
  size_t large_bytes = 0;
  const struct th_slab *previous = NULL;
  for (const struct th_slab *slab = arena->slabs; slab != NULL; slab = slab->all_next) {
    if (!check_slab(arena, slab)) return false;
    if (slab->all_prev != previous) return th_complain(slab, "broken list of all slabs");
    slabs[slab->class]++;
    out[slab->class] += th_slab_blocks_out(slab);
    listed[slab->class] += slab->free_count != 0;
    if (slab->class == TH_SPAN_CLASS) {
      span_bytes += slab->block_bytes;
      if (slab->block_bytes >= arena->large_bytes_min) large_bytes += slab->block_bytes;
    } else {
      slab_slices += slab->slices;
      out_bytes += th_slab_blocks_out(slab) * slab->block_bytes;
    }
    previous = slab;
  }
  for (unsigned class = 0; class < TH_CLASSES; class ++) {
    if (!check_bin(arena, class, slabs[class], out[class], listed[class])) return false;
  }
  if (span_bytes != arena->span_bytes || large_bytes != arena->large_bytes) {
    return th_complain(arena, "wrong sum of spans");
  }
  if (slab_slices != arena->slab_slices || out_bytes != arena->out_bytes) {
    return th_complain(arena, "wrong sum of slabs");
  }
  if (!th_kept_check(&arena->kept)) return th_complain(&arena->kept, "broken list of kept slices");
  return true;
}

bool th_arena_check(struct th_arena *arena) {
  loam_lock_acquire(&arena->lock);
  bool whole = check(arena);
  loam_lock_release(&arena->lock);
  return whole;
}
