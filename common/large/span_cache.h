// Freed mappings that are kept for a while, so that a program which allocates
// and frees large blocks in turn does not pay for fresh pages each time.
// Neighbours merge, and a large span is cut when less is needed: a small
// first-fit allocator of pages.
//
// Not thread-safe: the owner (large.c) holds its lock. It makes no system call.
//
// Invariants:
//   count <= LOAM_CACHED_SPANS_MAX
//   bytes = sum of spans[0 .. count).bytes
//   no two spans overlap or touch

#ifndef LOAM_COMMON_LARGE_SPAN_CACHE_H_
#define LOAM_COMMON_LARGE_SPAN_CACHE_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LOAM_CACHED_SPANS_MAX = 64 };  // searched linearly

struct loam_span {
  char *address;
  size_t bytes;
  uint64_t freed_ms;
};

// All zero is an empty cache.
struct loam_span_cache {
  size_t count;
  size_t bytes;
  struct loam_span spans[LOAM_CACHED_SPANS_MAX];
};

// Takes `bytes` at a multiple of `alignment` out of the cache, or gives NULL.
// The contents are whatever was left there.
void *loam_span_cache_take(struct loam_span_cache *cache, size_t bytes, size_t alignment);

// Puts a span in; false when there is no room in the table.
bool loam_span_cache_put(struct loam_span_cache *cache, struct loam_span span);

// Takes the span out that was freed first; false when there is none.
bool loam_span_cache_pop_oldest(struct loam_span_cache *cache, struct loam_span *span);

// As pop_oldest, if that span was freed at `freed_ms` or before.
bool loam_span_cache_pop_expired(struct loam_span_cache *cache, uint64_t freed_ms,
                                 struct loam_span *span);

#endif  // LOAM_COMMON_LARGE_SPAN_CACHE_H_
