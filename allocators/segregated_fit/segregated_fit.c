#include "allocators/segregated_fit/segregated_fit.h"

// segregated_fit is the boundary-tag heap with two-level segregated lists as its index.
#define LOAM_VARIANT_NAME "segregated_fit"
#define LOAM_PREFIX sf

#include "allocators/segregated_fit/free_index.h"
#include "common/boundary_tag/api.h"

LOAM_DEFINE_VARIANT(sf, LOAM_VARIANT_NAME);
