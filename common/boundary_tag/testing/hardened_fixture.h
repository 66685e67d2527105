// The heap of a process at the hardened level.

#ifndef LOAM_COMMON_BOUNDARY_TAG_TESTING_HARDENED_FIXTURE_H_
#define LOAM_COMMON_BOUNDARY_TAG_TESTING_HARDENED_FIXTURE_H_

#include "common/boundary_tag/given_memory.h"
#include "common/boundary_tag/testing/walk_fixture.h"

enum { SMALL = 40, MEDIUM = 3000, LARGE = 300000, MANY = 200 };

static bool fail_all(enum loam_os_call call, size_t bytes) {
  (void)call, (void)bytes;
  return true;
}

static size_t size_of_payload(void *payload) { return size_of(block_of_payload(payload)); }

// Until each that was free has been handed out, with chance or without: also one that is 16 bytes
// longer than was asked for, because no block could be made of those.
static void use_small_blocks(void) {
  static void *ring[MANY];
  for (int i = 0; i < MANY * 100; i++) {
    heap_free(ring[i % MANY]);
    ring[i % MANY] = heap_malloc(SMALL + (size_t)(i % 2 * BLOCK_ALIGNMENT));
  }
}

#endif  // LOAM_COMMON_BOUNDARY_TAG_TESTING_HARDENED_FIXTURE_H_
