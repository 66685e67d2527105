// Every variant of this workspace, as values; the list is variants.bzl.

#ifndef LOAM_ALLOCATORS_VARIANTS_H_
#define LOAM_ALLOCATORS_VARIANTS_H_

#include <stddef.h>

#include "common/variant/variant.h"

#ifdef __cplusplus
extern "C" {
#endif

extern const struct loam_variant *const loam_variants[];
extern const size_t loam_variant_count;

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  // LOAM_ALLOCATORS_VARIANTS_H_
