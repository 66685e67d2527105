// An arena: slabs that some threads share, a bin of them for each class. Threads
// come here when their cache is empty or full, and then for many blocks at
// once; a block goes back to the arena that its slab belongs to, whoever frees
// it. A heap of one's own is an arena too, whose blocks no cache ever holds.
//
// Thread-safe: one lock each. Order: an arena's, then the region's; never two arenas'
// at once but before a fork.
//
// Invariants, under the lock:
//   slabs of a bin = slabs of its class in the list of all, blocks_out = their blocks that are out
//   (bin.h says which are in its list)
//   span_bytes = sum of the spans', large_bytes = sum of those from large_bytes_min on
//   slab_slices = slices of all slabs but spans; out_bytes = bytes of their blocks that are out
//   no slab has free_count = capacity: its slices are given away at once

#ifndef LOAM_ALLOCATORS_THREAD_HEAP_ARENA_H_
#define LOAM_ALLOCATORS_THREAD_HEAP_ARENA_H_

#include "allocators/thread_heap/bin.h"
#include "allocators/thread_heap/kept.h"
#include "common/large/large.h"
#include "common/stats/stats.h"
#include "common/variant/variant.h"

// All zero is ready.
struct th_arena {
  _Alignas(TH_APART_BYTES) struct loam_lock lock;
  _Atomic(uint32_t) threads;         // that allocate from it
  bool is_own;                       // a heap of one's own
  bool is_uncached;                  // blocks go straight to the program
  struct th_slab *slabs;             // all
  uint64_t age_ms;                   // when the next pass of the decay may begin
  struct th_slab *age_cursor;        // where one that has begun goes on, or NULL
  struct th_slab *purge_cursor;      // where growth looks next for pages to give back, or NULL
  size_t slab_slices;                // of all slabs, spans left out
  size_t out_bytes;                  // of their blocks that are not free
  size_t free_calls;                 // that went past the caches
  size_t span_bytes;                 // of all spans
  size_t large_blocks, large_bytes;  // of these, the large ones
  size_t large_bytes_min;            // of a large one: set before the first
  struct loam_large_owner large_owner;
  struct th_kept kept;
  struct th_bin bins[TH_CLASSES];
};

// Takes up to `count` free blocks of a slab's class into out[-1], out[-2], ..., the lowest
// first; how many could be had, 0 without memory.
unsigned th_arena_take(struct th_arena *arena, unsigned class, unsigned count, void **out);

// The same for all blocks of a line of the processor's caches (th_slab_take_line): at most
// TH_LINE_BLOCKS_MAX, 0 where the first slab has no such line. Of classes that share lines.
unsigned th_arena_take_line(struct th_arena *arena, unsigned class, void **out);

// Gives blocks of one class back to the slabs and arenas they belong to. One that is
// free already, or no block, is fatal. May change the order of blocks[].
void th_arena_put(unsigned class, void **blocks, size_t count);

// Where much of a class's memory is free, lets some of its slabs drain, as far as the others have
// room for their blocks. For a thread that goes on with the class: of one that frees all its
// blocks the slabs go anyway, and sooner.
void th_arena_drain(struct th_arena *arena, unsigned class);

// A single block for the program, a span, and back from it. *zeroed: it reads as zero.
void *th_arena_malloc(struct th_arena *arena, unsigned class);
void *th_arena_malloc_span(struct th_arena *arena, struct th_slices want, bool *zeroed);
void th_arena_free(struct th_slab *slab, void *block);

// Gives a span another size where it is; false, and nothing has changed, when it cannot grow.
bool th_arena_resize_span(struct th_slab *slab, unsigned slices);

// Gives the slices that the arena keeps to the region; whether there were any.
bool th_arena_give_kept(struct th_arena *arena);

// Frees all that the arena holds. No other thread uses it.
void th_arena_destroy(struct th_arena *arena);

// A stretch of a pass of the decay, of which one begins every `period_ms`: pages of free blocks
// in a slab that nobody touched since the pass before go back to the system, and kept slices that
// nobody wanted to the region. True when the pass is not at its end.
bool th_arena_age(struct th_arena *arena, uint64_t now_ms, uint64_t period_ms);

// The same for all slabs and kept slices, touched or not; true if any pages went.
bool th_arena_trim(struct th_arena *arena);

// Adds the arena's blocks and what it keeps, large ones not included. To the arena, what waits
// in a thread's cache is in use.
void th_arena_stats(struct th_arena *arena, struct loam_stats *stats);

// Proves the invariants of the arena and of its slabs; false, with a line on
// stderr, if one does not hold.
bool th_arena_check(struct th_arena *arena);

// In reports.
#define TH_NAME LOAM_NAME_AT_LEVEL("thread_heap")

// A report, and the end.
void th_fail(const void *address, const char *what) __attribute__((cold, noreturn));
bool th_complain(const void *address, const char *what) __attribute__((cold));  // false

#endif  // LOAM_ALLOCATORS_THREAD_HEAP_ARENA_H_
