#include "common/page_map/page_map.h"

#include "common/os/os.h"

static size_t leaf_bytes(void) { return loam_os_round_to_page(sizeof(struct loam_page_map_leaf)); }

static struct loam_page_map_leaf *add_leaf(_Atomic(struct loam_page_map_leaf *) *slot) {
  struct loam_page_map_leaf *fresh = loam_os_map(leaf_bytes(), 1);
  if (fresh == NULL) return NULL;
  struct loam_page_map_leaf *present = NULL;
  // Release: publishes the zeroed leaf. Acquire on failure: to use the winner's.
  if (atomic_compare_exchange_strong_explicit(slot, &present, fresh, memory_order_release,
                                              memory_order_acquire)) {
    return fresh;
  }
  loam_os_release(fresh, leaf_bytes());
  return present;
}

bool loam_page_map_set(struct loam_page_map *map, const void *chunk, void *record) {
  uintptr_t index = (uintptr_t)chunk >> LOAM_CHUNK_BITS;
  if (index >> (LOAM_ROOT_BITS + LOAM_LEAF_BITS) != 0) return false;
  _Atomic(struct loam_page_map_leaf *) *slot = &map->leaves[index >> LOAM_LEAF_BITS];
  struct loam_page_map_leaf *leaf = atomic_load_explicit(slot, memory_order_acquire);
  if (leaf == NULL) leaf = add_leaf(slot);
  if (leaf == NULL) return false;
  // Release: whoever finds the record sees it filled in.
  atomic_store_explicit(&leaf->chunks[index & ((1u << LOAM_LEAF_BITS) - 1)], record,
                        memory_order_release);
  return true;
}

size_t loam_page_map_bytes(const struct loam_page_map *map) {
  size_t leaves = 0;
  for (size_t i = 0; i < sizeof map->leaves / sizeof map->leaves[0]; i++) {
    // Relaxed: only counted.
    if (atomic_load_explicit(&map->leaves[i], memory_order_relaxed) != NULL) leaves++;
  }
  return leaves * leaf_bytes();
}
