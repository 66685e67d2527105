// Where runs of free slices are: of region.c and region_purge.c alone. All under the region's lock.
//
// The bitmaps say which slices are free. So that a search need not pass them all, each group of
// them has a summary of what begins in it, and so has each section of groups (as in Go's page
// allocator: Knyszek, "Scaling the Go page allocator", 2019; here lengths are upper bounds, raised
// by who frees and put right by who searched in vain). So a search costs what is near to its
// finding: in vain, one look at each section, and at a group once after something was freed there.
//
// Invariants, for each kind of slices (dirty ones, and free ones: dirty or clean):
//   longest of a group >= the slices from any of its own to the end of that run, but counts
//   no more than TH_SPAN_SLICES_MAX
//   has_wide of a group, where slices that a wide slab could take lie in it
//   of a section: both >= its groups'

#ifndef LOAM_ALLOCATORS_THREAD_HEAP_RUNS_H_
#define LOAM_ALLOCATORS_THREAD_HEAP_RUNS_H_

#include "allocators/thread_heap/region.h"

// The first of `count` slices of a kind side by side, at most TH_SPAN_SLICES_MAX, that begin at a
// multiple of `alignment`; 0 when there are none. (Those of a wide slab have a summary of their
// own; others that are aligned pass all groups with runs as long.)
size_t th_runs_find(enum th_kind kind, size_t count, size_t alignment);

// Adds slices that are taken to the clean or dirty ones.
void th_runs_add_clean(size_t first, size_t count);
void th_runs_add_dirty(size_t first, size_t count);

// Proves the invariants.
bool th_runs_check(void);

#endif  // LOAM_ALLOCATORS_THREAD_HEAP_RUNS_H_
