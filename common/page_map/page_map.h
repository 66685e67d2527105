// From an address to the chunk of address space that holds it: the way a free
// finds out, without touching the pointer's memory, whether it is ours.
//
// A two-level radix tree over 47-bit addresses. A leaf is mapped when the first
// of its chunks is; leaves are never unmapped, so that a look-up takes no lock.
//
// Invariant: map[a / CHUNK] = the record of the chunk [a, a + CHUNK), or NULL.

#ifndef LOAM_COMMON_PAGE_MAP_PAGE_MAP_H_
#define LOAM_COMMON_PAGE_MAP_PAGE_MAP_H_

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  LOAM_ADDRESS_BITS = 47,  // of user space, on x86-64 and arm64 alike
  LOAM_CHUNK_BITS = 22,
  LOAM_LEAF_BITS = 13,  // a leaf of 64 KiB answers for 32 GiB
  LOAM_ROOT_BITS = LOAM_ADDRESS_BITS - LOAM_CHUNK_BITS - LOAM_LEAF_BITS,
};

// 4 MiB, aligned to itself.
#define LOAM_CHUNK_BYTES ((size_t)1 << LOAM_CHUNK_BITS)

struct loam_page_map_leaf {
  _Atomic(void *) chunks[1 << LOAM_LEAF_BITS];
};

// All zero is an empty map.
struct loam_page_map {
  _Atomic(struct loam_page_map_leaf *) leaves[1 << LOAM_ROOT_BITS];
};

// Enters `record` for the chunk at `chunk`, or with NULL takes it out. False
// when no memory is to be had. Any thread may call it, for chunks of its own.
bool loam_page_map_set(struct loam_page_map *map, const void *chunk, void *record);

// The record of the chunk around `address`, or NULL.
static inline void *loam_page_map_get(const struct loam_page_map *map, const void *address) {
  uintptr_t chunk = (uintptr_t)address >> LOAM_CHUNK_BITS;
  if (chunk >> (LOAM_ROOT_BITS + LOAM_LEAF_BITS) != 0) return NULL;
  // Acquire: pairs with the release in loam_page_map_set, so that a leaf and a
  // record are seen filled in. (Free on x86-64.) A thread that holds a block of
  // the chunk got it from whoever entered the chunk, or from somebody after.
  struct loam_page_map_leaf *leaf =
      atomic_load_explicit(&map->leaves[chunk >> LOAM_LEAF_BITS], memory_order_acquire);
  if (leaf == NULL) return NULL;
  return atomic_load_explicit(&leaf->chunks[chunk & ((1u << LOAM_LEAF_BITS) - 1)],
                              memory_order_acquire);
}

// Bytes of address space that the leaves take.
size_t loam_page_map_bytes(const struct loam_page_map *map);

#endif  // LOAM_COMMON_PAGE_MAP_PAGE_MAP_H_
