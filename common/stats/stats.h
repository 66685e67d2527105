// Statistics of a variant or of one heap: one table names every counter; the
// struct, the printed form and the XML all come from it.

#ifndef LOAM_COMMON_STATS_STATS_H_
#define LOAM_COMMON_STATS_STATS_H_

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

// X(name, what it says). Units are in the names.
//
// Invariant: mapped_bytes = allocated_bytes + free_bytes + metadata_bytes.
#define LOAM_STATS_TABLE(X)                                                   \
  X(allocated_bytes, "usable bytes of the blocks in the program's hands")     \
  X(free_bytes, "bytes that are free inside the heap, headers included")      \
  X(metadata_bytes, "headers of live blocks and the allocator's own records") \
  X(mapped_bytes, "bytes of address space held for blocks and records")       \
  X(largest_free_bytes, "the largest block that is free")                     \
  X(live_blocks, "blocks in the program's hands")                             \
  X(large_blocks, "of these, large ones, with pages of their own")            \
  X(large_bytes, "usable bytes of these")                                     \
  X(free_blocks, "blocks that are free")                                      \
  X(malloc_calls, "blocks ever handed out")                                   \
  X(free_calls, "blocks ever taken back")

struct loam_stats {
#define LOAM_STATS_FIELD(name, text) size_t name;
  LOAM_STATS_TABLE(LOAM_STATS_FIELD)
#undef LOAM_STATS_FIELD
};

// Adds every counter of `from` to `to`; largest_free_bytes becomes the maximum.
void loam_stats_add(struct loam_stats *to, const struct loam_stats *from);

// 1 - largest_free / free: the share of the free memory that one block cannot
// have. 0 when nothing is free.
double loam_stats_fragmentation(const struct loam_stats *stats);

// mapped / allocated: address space per byte in use. 0 when nothing is allocated.
double loam_stats_overhead(const struct loam_stats *stats);

// Writes the counters to the file descriptor, a line each. Never allocates.
void loam_stats_write(const struct loam_stats *stats, const char *variant, int fd);

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  // LOAM_COMMON_STATS_STATS_H_
