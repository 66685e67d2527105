// A bin: the slabs of one class in an arena that have free blocks, the next to use first.
//
// A class of which less is in use than before has free blocks in all its slabs, and each block that
// is freed and handed out again keeps its slab alive. So some slabs drain: nothing is taken from
// them, and what is freed goes home past the caches, until all of it is free. (Blocks cannot be
// moved, but they can be replaced elsewhere as the program frees them.)
//
// All under the arena's lock.
//
// Invariants:
//   blocks_out = sum of (capacity - free_count) of the class's slabs, listed or not
//   the list holds just those with 0 < free_count < capacity
//   those that drain are the last draining_slabs of it, from `draining` on: just those that are
//   not cached though the arena's slabs are; draining_out = sum of their (capacity - free_count)

#ifndef LOAM_ALLOCATORS_THREAD_HEAP_BIN_H_
#define LOAM_ALLOCATORS_THREAD_HEAP_BIN_H_

#include "allocators/thread_heap/slab.h"

enum {
  TH_DRAINED_SLABS_MIN = 16,  // of a class, before some drain
  TH_DRAINED_FREE_SHARE = 4,  // of the class's blocks is free then, and of those of each such slab
  TH_DRAINED_AT_ONCE = 4,
};

// All zero is empty.
struct th_bin {
  struct th_slab *first, *last;
  size_t blocks_out;
  size_t slabs;
  struct th_slab *draining;  // the first that drains, or NULL
  size_t draining_slabs, draining_out;
};

// In front of one that is in the list, or with NULL at its end.
static inline void th_bin_insert(struct th_bin *bin, struct th_slab *slab, struct th_slab *next) {
  slab->next = next;
  slab->prev = next != NULL ? next->prev : bin->last;
  if (slab->prev != NULL) {
    slab->prev->next = slab;
  } else {
    bin->first = slab;
  }
  if (next != NULL) {
    next->prev = slab;
  } else {
    bin->last = slab;
  }
}

static inline void th_bin_remove(struct th_bin *bin, struct th_slab *slab) {
  if (slab->next != NULL) {
    slab->next->prev = slab->prev;
  } else {
    bin->last = slab->prev;
  }
  if (slab->prev != NULL) {
    slab->prev->next = slab->next;
  } else {
    bin->first = slab->next;
  }
}

// Of a slab that drains, before it leaves the list.
static inline void th_bin_end_draining(struct th_bin *bin, struct th_slab *slab) {
  if (bin->draining == slab) bin->draining = slab->next;
  bin->draining_slabs--;
  bin->draining_out -= th_slab_blocks_out(slab);
}

static inline void th_bin_drain_slab(struct th_bin *bin, struct th_slab *slab) {
  th_bin_remove(bin, slab);
  th_bin_insert(bin, slab, NULL);
  if (bin->draining == NULL) bin->draining = slab;
  bin->draining_slabs++;
  bin->draining_out += th_slab_blocks_out(slab);
  th_slab_set_cached(slab, false);
}

// Lets some slabs drain where much of the class's memory is free, as far as the others have room
// for what is in them.
static inline void th_bin_drain(struct th_bin *bin, unsigned class) {
  size_t capacity = th_class_capacity(class);
  size_t all = bin->slabs * capacity;
  if (bin->slabs < TH_DRAINED_SLABS_MIN) return;
  if (all - bin->blocks_out < all / TH_DRAINED_FREE_SHARE) return;
  struct th_slab *slab = bin->first;
  for (unsigned i = 0; i < TH_DRAINED_AT_ONCE && slab != NULL && slab != bin->draining; i++) {
    struct th_slab *next = slab->next;
    size_t drained_out = bin->draining_out + th_slab_blocks_out(slab);
    size_t others = (bin->slabs - bin->draining_slabs - 1) * capacity;
    size_t others_out = bin->blocks_out - drained_out;
    if (drained_out > others - others_out) return;
    if (slab->free_count >= capacity / TH_DRAINED_FREE_SHARE) th_bin_drain_slab(bin, slab);
    slab = next;
  }
}

// Where all drain, ends it for that which was the last to begin, and so has lost the least.
static inline struct th_slab *th_bin_end_last(struct th_bin *bin) {
  struct th_slab *slab = bin->last;
  th_bin_end_draining(bin, slab);
  th_bin_remove(bin, slab);
  th_bin_insert(bin, slab, bin->first);
  th_slab_set_cached(slab, true);
  return slab;
}

#endif  // LOAM_ALLOCATORS_THREAD_HEAP_BIN_H_
