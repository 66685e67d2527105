// Programs run under a variant's preload library.

#ifndef LOAM_TESTS_PRELOAD_PRELOAD_TEST_H_
#define LOAM_TESTS_PRELOAD_PRELOAD_TEST_H_

#include <gtest/gtest.h>

#include <string>

#include "allocators/variants.h"
#include "common/variant/variant.h"
#include "tests/support/process.h"

namespace loam::test {

// libloam_NAME.so, or libloam_NAME_LEVEL.so; and its path.
std::string FileOf(const loam_variant &variant);
std::string LibraryOf(const loam_variant &variant);

// Runs a shell script in a fresh folder, with `preload` in LD_PRELOAD unless it is empty.
ChildResult RunScript(const std::string &script, const std::string &preload);

// A level at which programs run several times slower, and what they leak is told.
bool IsDebugLevel(const loam_variant &variant);

// The first of the programs, separated by spaces, that is not in PATH; "" when all are.
std::string MissingOf(const std::string &programs);

inline auto EveryVariant() {
  return ::testing::ValuesIn(loam_variants, loam_variants + loam_variant_count);
}

}  // namespace loam::test

#endif  // LOAM_TESTS_PRELOAD_PRELOAD_TEST_H_
