// Segments: the stretches of address space that arenas cut into blocks. Those
// from the kernel are one chunk of the page map each, which leads from any
// address to its segment; those in memory that a caller gave are in no map.
//
//     base                                                      base + bytes
//     | 8 unused | blocks, end to end ... | epilogue: 8-byte header |
//
// The epilogue is a header of size 0 that is in use, so that the last block
// has a next. The record of a segment lives apart, out of a block's reach.
//
// Thread-safety: creating and destroying takes a lock inside; what is in a
// record belongs to the arena's lock.

#ifndef LOAM_COMMON_BOUNDARY_TAG_SEGMENT_H_
#define LOAM_COMMON_BOUNDARY_TAG_SEGMENT_H_

#include "common/lock/lock.h"
#include "common/page_map/page_map.h"

struct arena;

struct segment {
  char *base;
  size_t bytes;
  struct arena *arena;
  struct segment *next, *prev;  // in the arena's list
  void *unused;                 // makes it a multiple of 16 bytes
};

enum {
  SEGMENT_FIRST_BLOCK = 8,  // so that payloads are aligned to 16
  SEGMENT_EPILOGUE_BYTES = 8,
  SEGMENT_OVERHEAD_BYTES = SEGMENT_FIRST_BLOCK + SEGMENT_EPILOGUE_BYTES,
};

// Of those from the kernel.

#define SEGMENT_BYTES LOAM_CHUNK_BYTES
#define SEGMENT_BLOCK_BYTES_MAX (SEGMENT_BYTES - SEGMENT_OVERHEAD_BYTES)

// Where records come from: pages that are never given back, and a list of
// records that are free again. All zero is empty.
struct segment_pool {
  struct loam_lock lock;
  struct loam_page_map map;
  struct segment *free;    // linked by `next`
  struct segment *unused;  // [unused, unused_end): of the newest page, never used
  struct segment *unused_end;
  size_t record_bytes;  // mapped for records
};

// A segment of zeroed memory for the arena, or NULL.
struct segment *loam_segment_create(struct segment_pool *pool, struct arena *arena);

// Unmaps it. False, and the segment still stands, where the kernel refuses.
bool loam_segment_destroy(struct segment_pool *pool, struct segment *segment);

// The segment around an address, or NULL.
static inline struct segment *segment_of(const struct segment_pool *pool, const void *address) {
  return loam_page_map_get(&pool->map, address);
}

// Bytes that the pool itself takes.
size_t loam_segment_pool_bytes(struct segment_pool *pool);

#endif  // LOAM_COMMON_BOUNDARY_TAG_SEGMENT_H_
