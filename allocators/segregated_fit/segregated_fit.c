#include "allocators/segregated_fit/segregated_fit.h"

// segregated_fit is the boundary-tag heap with two-level segregated lists as its index.
#define LOAM_VARIANT_NAME LOAM_NAME_AT_LEVEL("segregated_fit")
#define LOAM_PREFIX sf

#include "allocators/segregated_fit/free_index.h"
#include "common/boundary_tag/api.h"
#include "common/boundary_tag/given_memory.h"

struct loam_heap *sf_heap_create_with_memory(void *memory, size_t bytes) {
  return own_heap_create_with_memory(memory, bytes);
}

LOAM_DEFINE_VARIANT(sf, "segregated_fit", .heap_create_with_memory = sf_heap_create_with_memory);
