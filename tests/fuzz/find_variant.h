// A variant of the workspace by its name.

#ifndef LOAM_TESTS_FUZZ_FIND_VARIANT_H_
#define LOAM_TESTS_FUZZ_FIND_VARIANT_H_

#include <string>

#include "allocators/variants.h"

namespace loam::test {

// No name: the first one. NULL where there is none of this name.
inline const loam_variant *FindVariant(const std::string &name) {
  for (size_t i = 0; i < loam_variant_count; ++i) {
    if (name.empty() || loam_variants[i]->name == name) return loam_variants[i];
  }
  return nullptr;
}

}  // namespace loam::test

#endif  // LOAM_TESTS_FUZZ_FIND_VARIANT_H_
