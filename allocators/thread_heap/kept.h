// Free slices that an arena keeps for its own next slabs and spans. With many processors the
// region is where all of them meet: they wait for its lock, and what one of them has
// freed comes to another, whose processor has to fetch each line of it. So an arena that found the
// lock taken keeps what it frees, up to a limit that goes with what it has in use (after the
// processors' magazines of Bonwick and Adams, "Magazines and Vmem", 2001); where nobody waits,
// all goes to the region, which knows best what to reuse.
//
// Under the lock of the arena. To the region the slices are taken. Nothing here touches their
// memory: it may be resident.
//
// Invariants:
//   slices = sum of the runs' counts <= limit; count <= TH_KEPT_RUNS_MAX
//   runs neither overlap nor lie side by side
//   each slice of them is taken from the region and in no slab: its record has no arena, its map
//   entry is 0

#ifndef LOAM_ALLOCATORS_THREAD_HEAP_KEPT_H_
#define LOAM_ALLOCATORS_THREAD_HEAP_KEPT_H_

#include "allocators/thread_heap/slab.h"

enum {
  TH_KEPT_RUNS_MAX = 128,
  TH_KEPT_SLICES_MAX = 256,  // 4 MiB
};

struct th_kept_run {
  uint32_t first;
  uint16_t count;
  bool aged;  // was here at the last pass of the decay
};

// All zero is ready.
struct th_kept {
  uint32_t limit;   // slices: 0 until somebody had to wait for the region
  uint32_t slices;  // of all runs
  uint32_t count;
  struct th_kept_run runs[TH_KEPT_RUNS_MAX];  // what came last stands last
};

// Widens the limit, where the region's lock is taken just now, as far as it may be for an arena
// that has so many slices in use.
void th_kept_learn(struct th_kept *kept, size_t slices_in_use);

// Slices as th_slices_take has them; NULL when none are kept that serve.
struct th_slab *th_kept_take(struct th_kept *kept, unsigned count, unsigned alignment);

// Those slices, behind others; false when they are not kept.
bool th_kept_take_at(struct th_kept *kept, struct th_slab *slab, unsigned count);

// Keeps slices; what is over the limit then goes to the region, the oldest first.
void th_kept_give(struct th_kept *kept, struct th_slab *slab, unsigned count);

// Gives all to the region.
void th_kept_flush(struct th_kept *kept);

// A pass of the decay: what was here at the last one goes to the region, and out of its memory with
// the region's next pass. The limit narrows.
void th_kept_age(struct th_kept *kept);

// Slices of the longest run.
size_t th_kept_longest(const struct th_kept *kept);

// Proves the invariants.
bool th_kept_check(const struct th_kept *kept);

#endif  // LOAM_ALLOCATORS_THREAD_HEAP_KEPT_H_
