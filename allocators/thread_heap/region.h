// The region: the one stretch of address space that all slabs lie in, cut into
// slices, and what is known of each slice.
//
//   base                                                          end
//   | page map | bitmaps | slab records | (guard) | slices ... | reserved |
//   '---------------- metadata ---------------'   first        limit
//
// It is reserved once, so that "is this address ours, and of which class?" is a
// subtraction, a comparison and one load. Metadata lies in front of all blocks,
// behind pages that nobody can write: an overflow runs away from it. Slices are
// numbered from `base`, the metadata's own included; their map entries stay 0.
//
// Thread-safe: one lock, not held while slices' memory goes back, nor while a huge page comes.
//
// Invariants, for the slices in [first, limit):
//   each is just one of: dirty (free, perhaps resident), clean (free, reads as
//   zero), or taken; dirty_count and clean_count = the bits set in each map
//   aged is a subset of dirty
//   map[s] != 0 only where s is taken

#ifndef LOAM_ALLOCATORS_THREAD_HEAP_REGION_H_
#define LOAM_ALLOCATORS_THREAD_HEAP_REGION_H_

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "allocators/thread_heap/size_classes.h"
#include "common/lock/lock.h"
#include "common/stats/stats.h"

struct th_slab;

enum {
  TH_REGION_SLICES_MAX = 1 << 24,  // 256 GiB. Blocks beyond that come as large ones.
  TH_GROUP_SLICES = 512,           // that have a summary (runs.h): 8 MiB
  TH_SECTION_GROUPS = 64,
  TH_SECTIONS_MAX = TH_REGION_SLICES_MAX / TH_GROUP_SLICES / TH_SECTION_GROUPS,
};

enum th_kind { TH_DIRTY, TH_FREE, TH_KINDS };

struct th_summary {
  uint16_t longest[TH_KINDS];
  bool has_wide[TH_KINDS];
};

struct th_section {
  struct th_summary all;
  struct th_summary groups[TH_SECTION_GROUPS];
};

struct th_region {
  // What the fast paths read. `base` is set before `limit` leaves 0.
  char *base;
  _Atomic(size_t) limit;  // slices from here on are not ours yet
  // What is read without the lock, too.
  struct th_slab *records;  // one for each slice
  uint64_t *dirty, *aged, *clean;
  size_t first;     // slice that may hold blocks
  size_t end;       // of what is reserved
  bool huge_pages;  // a large region grows by them; set by the owner

  // What changes all the time is apart, or each change would cost every thread a miss.
  _Alignas(TH_APART_BYTES) struct loam_lock lock;
  size_t lowest;  // no free slice lies in a bitmap word before this
  size_t dirty_count, clean_count;
  bool is_coming;   // somebody fetches a unit (slices.h)
  size_t no_unit;   // no unit (slices.h) whose slices all are clean begins before this word
  uint64_t age_ms;  // when the next pass of the decay may begin
  // How far each part of the metadata is committed.
  size_t map_bytes, bitmap_bytes, records_bytes;
  struct th_section sections[TH_SECTIONS_MAX];
};

extern struct th_region th_region;

// Reserves the region. Where address space is limited it takes two fifths of what
// could be had. False when there is none: then it stays empty. Once, by one thread.
bool th_region_set_up(void);

// Slices to take.
struct th_slices {
  unsigned count;      // side by side, at most TH_SPAN_SLICES_MAX
  unsigned alignment;  // of the first one's number, counted from the region's base: a power of two
                       // of at most 2 MiB
  bool is_dense;       // all of them will be used: a large region may grow by a huge page for it
  bool is_large;       // huge pages will be asked for: they begin at a unit, where all come new
};

// Takes slices and gives the record of the first; NULL when none are to be had. *fresh: how many
// slices came new from the system for it; 0 with NULL. Just where that is as many as were wanted
// they read as zero: a large heap grows by more than that.
struct th_slab *th_slices_take(struct th_slices want, size_t *fresh);

// Takes those `count` slices, behind others; false when they are not free.
bool th_slices_take_at(struct th_slab *slab, unsigned count);

// Whether none of the slices is free.
bool th_slices_are_taken(const struct th_slab *slab, unsigned count);

// Asks for huge pages in slices that were taken, as far as they are whole units; and for none. (Who
// gives them back asks for none before: a page that stayed huge in name would come back whole for
// the first byte that is touched.)
void th_slices_prefer_huge(const struct th_slab *slab, unsigned count);
void th_slices_refuse_huge(const struct th_slab *slab, unsigned count);

// Gives slices back.
void th_slices_give(struct th_slab *slab, unsigned count);

// The same for slices that nobody used for a while: the next pass of the decay takes them.
void th_slices_give_idle(struct th_slab *slab, unsigned count);

// A stretch of a pass of the decay, of which one begins every `period_ms`: free slices that were
// free at the pass before lose their memory. True when it stopped at its limit with more to do.
bool th_slices_age(uint64_t now_ms, uint64_t period_ms);

// Gives back the memory of up to `slices` free slices at once; how many there were.
size_t th_slices_purge(size_t slices);

// The same for all but `slices`.
size_t th_slices_purge_but(size_t slices);

static inline size_t th_slice_of(const void *address) {
  return ((uintptr_t)address - (uintptr_t)th_region.base) >> TH_SLICE_BITS;
}

// The class of the slab around an address, and 0 for anything that a thread may
// not take into its cache. Relaxed: a thread that holds a block of the slab got it,
// by whatever way, from the one that wrote the entry.
static inline unsigned th_map_at(uintptr_t base, size_t slice) {
  return atomic_load_explicit((_Atomic(uint8_t) *)base + slice, memory_order_relaxed);
}

static inline unsigned th_map_get(size_t slice) {
  return th_map_at((uintptr_t)th_region.base, slice);
}

static inline void th_map_set(size_t slice, unsigned class) {
  atomic_store_explicit((_Atomic(uint8_t) *)th_region.base + slice, (uint8_t) class,
                        memory_order_relaxed);
}

// Whether somebody is at the region's slices just now.
static inline bool th_region_is_busy(void) { return loam_lock_is_taken(&th_region.lock); }

// Whether a slice may hold blocks. Acquire: pairs with the release of the growth that
// made its record readable.
static inline bool th_slice_is_known(size_t slice) {
  return slice < atomic_load_explicit(&th_region.limit, memory_order_acquire) &&
         slice >= th_region.first;
}

// Adds the dirty slices and the metadata.
void th_region_stats(struct loam_stats *stats);

// Proves the invariants above; the record that breaks one, or NULL.
const void *th_region_check(void);

#endif  // LOAM_ALLOCATORS_THREAD_HEAP_REGION_H_
