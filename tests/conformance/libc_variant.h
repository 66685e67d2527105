// libc's own malloc in the form of a variant: the control that proves the suite
// itself. What libc does not have (statistics, heaps, a check) is NULL.

#ifndef LOAM_TESTS_CONFORMANCE_LIBC_VARIANT_H_
#define LOAM_TESTS_CONFORMANCE_LIBC_VARIANT_H_

#include "common/variant/variant.h"

namespace loam::test {

extern const loam_variant kLibcVariant;

}  // namespace loam::test

#endif  // LOAM_TESTS_CONFORMANCE_LIBC_VARIANT_H_
