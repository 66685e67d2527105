// Freed mappings that are kept for a while, so that a program which allocates
// and frees large blocks in turn does not pay for fresh pages each time.
// Neighbours merge, and a large span is cut when less is needed: a small
// best-fit allocator of pages.
//
// What goes back is found by a low-water mark (as in Bonwick and Adams,
// "Magazines and Vmem", 2001): the bytes that lay here all through a period
// were not needed in it. So a program's working set stays, however old.
//
// Not thread-safe: the owner (large.c) holds its lock. It makes no system call.
//
// Invariants:
//   count <= LOAM_CACHED_SPANS_MAX
//   bytes = sum of spans[0 .. count).bytes
//   low_bytes <= bytes: the least it was in this period
//   no two spans overlap or touch

#ifndef LOAM_COMMON_LARGE_SPAN_CACHE_H_
#define LOAM_COMMON_LARGE_SPAN_CACHE_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { LOAM_CACHED_SPANS_MAX = 64 };  // searched linearly

struct loam_span {
  char *address;
  size_t bytes;
  uint64_t order;  // of being freed: the oldest goes first
};

// All zero is an empty cache.
struct loam_span_cache {
  size_t count;
  size_t bytes, low_bytes;
  uint64_t order_next;
  struct loam_span spans[LOAM_CACHED_SPANS_MAX];
};

// Takes `bytes` at a multiple of `alignment` out of the cache, or gives NULL.
// The contents are whatever was left there.
void *loam_span_cache_take(struct loam_span_cache *cache, size_t bytes, size_t alignment);

// Takes the `bytes` from just this address on; false if they are not here.
bool loam_span_cache_take_at(struct loam_span_cache *cache, const void *address, size_t bytes);

// Puts a span in; false when there is no room in the table.
bool loam_span_cache_put(struct loam_span_cache *cache, void *address, size_t bytes);

// Takes out the span that was freed first, or the end of it if it has more than
// `bytes_max`; false when there is none.
bool loam_span_cache_pop(struct loam_span_cache *cache, size_t bytes_max, struct loam_span *span);

// Ends a period: gives the bytes that nobody needed in it.
size_t loam_span_cache_end_period(struct loam_span_cache *cache);

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  // LOAM_COMMON_LARGE_SPAN_CACHE_H_
