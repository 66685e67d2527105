#include "allocators/first_fit/first_fit.h"

// first_fit is the boundary-tag heap with LIFO free lists as its index.
#define LOAM_VARIANT_NAME LOAM_NAME_AT_LEVEL("first_fit")
#define LOAM_PREFIX ff

#include "allocators/first_fit/free_list.h"
#include "common/boundary_tag/api.h"

LOAM_DEFINE_VARIANT(ff, "first_fit");
