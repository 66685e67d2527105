#include "common/page_map/page_map.h"

#include "common/os/os.h"
#include "common/testing/scenario.h"

// The map never touches the addresses that it knows: any serve.
static void *at(uintptr_t address) { return (void *)address; }

// Chunks in different leaves, side by side in one leaf, and at both ends.
static const uintptr_t chunks[] = {
    0,
    LOAM_CHUNK_BYTES,
    (uintptr_t)LOAM_CHUNK_BYTES << LOAM_LEAF_BITS,
    ((uintptr_t)LOAM_CHUNK_BYTES << LOAM_LEAF_BITS) - LOAM_CHUNK_BYTES,
    (uintptr_t)0x7f0000 * LOAM_CHUNK_BYTES / 4,
    ((uintptr_t)1 << LOAM_ADDRESS_BITS) - LOAM_CHUNK_BYTES,
};
enum { CHUNKS = sizeof chunks / sizeof chunks[0] };

static char records[CHUNKS];

static const struct loam_page_map empty_map;
static struct loam_page_map map;  // 32 KiB: too much for some stacks

static void clear_map(void) { map = empty_map; }

SCENARIO(AnEmptyMapKnowsNothing) {
  clear_map();
  for (int i = 0; i < CHUNKS; i++) EXPECT(loam_page_map_get(&map, at(chunks[i])) == NULL);
  EXPECT(loam_page_map_bytes(&map) == 0);
  return NULL;
}

SCENARIO(EachChunkHasItsOwnRecord) {
  clear_map();
  for (int i = 0; i < CHUNKS; i++) {
    EXPECT(loam_page_map_get(&map, at(chunks[i])) == NULL);
    EXPECT(loam_page_map_set(&map, at(chunks[i]), &records[i]));
  }
  for (int i = 0; i < CHUNKS; i++) {
    EXPECT(loam_page_map_get(&map, at(chunks[i])) == &records[i]);
    EXPECT(loam_page_map_get(&map, at(chunks[i] + LOAM_CHUNK_BYTES / 2)) == &records[i]);
    EXPECT(loam_page_map_get(&map, at(chunks[i] + LOAM_CHUNK_BYTES - 1)) == &records[i]);
  }
  return NULL;
}

SCENARIO(NeighboursOfAChunkAreNotTouched) {
  clear_map();
  uintptr_t chunk = (uintptr_t)0x123456 * LOAM_CHUNK_BYTES;
  EXPECT(loam_page_map_set(&map, at(chunk), &records[0]));
  EXPECT(loam_page_map_get(&map, at(chunk - 1)) == NULL);
  EXPECT(loam_page_map_get(&map, at(chunk + LOAM_CHUNK_BYTES)) == NULL);
  return NULL;
}

SCENARIO(NullTakesARecordOut) {
  clear_map();
  for (int i = 0; i < CHUNKS; i++) EXPECT(loam_page_map_set(&map, at(chunks[i]), &records[i]));
  EXPECT(loam_page_map_set(&map, at(chunks[1]), NULL));
  for (int i = 0; i < CHUNKS; i++) {
    EXPECT(loam_page_map_get(&map, at(chunks[i])) == (i == 1 ? NULL : &records[i]));
  }
  EXPECT(loam_page_map_set(&map, at(chunks[1]), &records[2]));
  EXPECT(loam_page_map_get(&map, at(chunks[1])) == &records[2]);
  return NULL;
}

SCENARIO(AddressesOutOfRangeAreUnknownAndCannotBeEntered) {
  clear_map();
  const uintptr_t beyond[] = {(uintptr_t)1 << LOAM_ADDRESS_BITS, (uintptr_t)1 << 63, UINTPTR_MAX};
  for (int i = 0; i < 3; i++) {
    EXPECT(loam_page_map_get(&map, at(beyond[i])) == NULL);
    EXPECT(!loam_page_map_set(&map, at(beyond[i]), &records[0]));
  }
  EXPECT(loam_page_map_bytes(&map) == 0);
  return NULL;
}

SCENARIO(LeavesAreCountedOnce) {
  clear_map();
  size_t leaf = loam_os_round_to_page(sizeof(struct loam_page_map_leaf));
  EXPECT(loam_page_map_set(&map, at(chunks[0]), &records[0]));
  EXPECT(loam_page_map_bytes(&map) == leaf);
  EXPECT(loam_page_map_set(&map, at(chunks[1]), &records[1]));
  EXPECT(loam_page_map_bytes(&map) == leaf);
  EXPECT(loam_page_map_set(&map, at(chunks[2]), &records[2]));
  EXPECT(loam_page_map_bytes(&map) == 2 * leaf);
  EXPECT(loam_page_map_set(&map, at(chunks[2]), NULL));
  EXPECT(loam_page_map_bytes(&map) == 2 * leaf);
  return NULL;
}

static bool fail_map(enum loam_os_call call, size_t bytes) {
  (void)bytes;
  return call == LOAM_OS_MAP;
}

SCENARIO(WithoutMemoryForALeafNothingIsEntered) {
  clear_map();
  loam_os_set_fault_hook(fail_map);
  bool entered = loam_page_map_set(&map, at(chunks[0]), &records[0]);
  loam_os_set_fault_hook(NULL);
  EXPECT(!entered);
  EXPECT(loam_page_map_get(&map, at(chunks[0])) == NULL);
  EXPECT(loam_page_map_set(&map, at(chunks[0]), &records[0]));
  return NULL;
}

SCENARIO(ALeafThatIsThereNeedsNoMemory) {
  clear_map();
  EXPECT(loam_page_map_set(&map, at(chunks[0]), &records[0]));
  loam_os_set_fault_hook(fail_map);
  bool entered = loam_page_map_set(&map, at(chunks[1]), &records[1]);
  loam_os_set_fault_hook(NULL);
  EXPECT(entered);
  EXPECT(loam_page_map_get(&map, at(chunks[1])) == &records[1]);
  return NULL;
}
