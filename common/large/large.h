// Large blocks: each has a mapping of its own, straight from the kernel.
//
// What is known of them stands in a table apart, keyed by address, so that no
// overflow reaches it, a block begins on a page, and any pointer can be asked
// about without touching what it points to. Freed mappings stay in a cache for
// a while (span_cache.h) and then go back with munmap.
//
// Thread-safe: one lock, not held over munmap and mremap.
//
// Invariants:
//   count = entries of the table with an address; count + moving <= capacity / 2
//   every entry is found from its hash without crossing an empty slot

#ifndef LOAM_COMMON_LARGE_LARGE_H_
#define LOAM_COMMON_LARGE_LARGE_H_

#include <stdbool.h>
#include <stddef.h>

#include "common/large/span_cache.h"
#include "common/lock/lock.h"
#include "common/stats/stats.h"

// Whose blocks they are: one in each heap.
//
// Invariants, for the blocks in the table that name this owner:
//   live_blocks = their number, live_bytes = the sum of their bytes
//   malloc_calls - free_calls = live_blocks + those that are being moved
struct loam_large_owner {
  size_t live_blocks, live_bytes;
  size_t malloc_calls, free_calls;
};

struct loam_large_block {
  char *address;  // NULL: an empty slot
  size_t bytes;   // whole pages
  struct loam_large_owner *owner;
};

// All zero is empty and ready, but for the limits.
struct loam_large {
  struct loam_lock lock;
  struct loam_large_block *table;
  size_t capacity;  // a power of two, or 0
  size_t count;
  // Blocks that are out of the table while mremap moves them. In a forked child also, and for ever,
  // those that threads were moving which are not there.
  size_t moving;
  struct loam_span_cache cache;
  uint64_t purge_ms;       // the period of the cache ends here
  size_t cache_bytes_max;  // set by the owner
  size_t purge_delay_ms;   // likewise
};

// A block of at least `bytes` (not rounded) at a multiple of `alignment`, or
// NULL. *zeroed says whether its contents are known to be zero.
void *loam_large_malloc(struct loam_large *large, size_t bytes, size_t alignment,
                        struct loam_large_owner *owner, bool *zeroed);

// Ends a block. False when the address is not that of a live large block.
bool loam_large_free(struct loam_large *large, void *address);

// Whether the mapping of a block of so many bytes is kept for a while when it ends.
static inline bool loam_large_keeps(const struct loam_large *large, size_t bytes) {
  // One that would push out most of the others is not worth it.
  return bytes <= large->cache_bytes_max / 2 && large->purge_delay_ms != 0;
}

// Looks a block up; false when the address is not that of a live large block.
bool loam_large_find(struct loam_large *large, const void *address, struct loam_large_block *block);

// Changes a block's size by moving pages, not bytes. NULL, and nothing has
// changed, when that cannot be done. The address is that of a live block.
void *loam_large_realloc(struct loam_large *large, void *address, size_t bytes);

// Frees all blocks of an owner.
void loam_large_free_all(struct loam_large *large, struct loam_large_owner *owner);

// Gives back what lay in the cache all through a period of purge_delay_ms.
void loam_large_purge(struct loam_large *large, uint64_t now_ms);

// Gives all cached memory back but about `keep` bytes; true if there was any.
bool loam_large_trim(struct loam_large *large, size_t keep);

// Adds an owner's blocks.
void loam_large_owner_stats(struct loam_large *large, const struct loam_large_owner *owner,
                            struct loam_stats *stats);

// Adds what belongs to no owner: the cache and the table.
void loam_large_shared_stats(struct loam_large *large, struct loam_stats *stats);

// Proves the invariants of struct loam_large and of its cache; the address that
// breaks one, or NULL.
const void *loam_large_check(struct loam_large *large);

// Proves the invariants of struct loam_large_owner.
bool loam_large_check_owner(struct loam_large *large, const struct loam_large_owner *owner);

#endif  // LOAM_COMMON_LARGE_LARGE_H_
