// The fixture of the conformance tests: one instance of every test for every
// variant of the workspace, and one for libc's malloc as the control.

#ifndef LOAM_TESTS_CONFORMANCE_VARIANT_TEST_H_
#define LOAM_TESTS_CONFORMANCE_VARIANT_TEST_H_

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "allocators/variants.h"
#include "common/variant/variant.h"

namespace loam::test {

class VariantTest : public ::testing::TestWithParam<const loam_variant *> {
 protected:
  VariantTest() : v(*GetParam()) {}

  // Every test leaves the variant whole.
  void TearDown() override { ExpectWhole(); }

  void ExpectWhole() const {
    if (v.check != nullptr) {
      EXPECT_TRUE(v.check());
    }
  }

  // A level that keeps freed memory back, on purpose.
  bool IsDebugLevel() const { return IsLevel("debug"); }

  bool IsLevel(const std::string &level) const { return v.level != nullptr && v.level == level; }

  // Sums of the whole variant; only for variants that have statistics.
  loam_stats Stats() const {
    loam_stats stats = {};
    v.stats(&stats);
    return stats;
  }

  const loam_variant &v;
};

// loam_variants[] and, for the default level and where no sanitizer owns libc's malloc, the
// control.
std::vector<const loam_variant *> VariantsUnderTest();

std::string NameOfVariant(const ::testing::TestParamInfo<const loam_variant *> &info);

// Sizes of every kind: each one up to 600 bytes, then the neighbourhood of the
// powers of two and of their halves between, up to `largest`.
std::vector<size_t> SizesUpTo(size_t largest);

}  // namespace loam::test

#define LOAM_TEST_EVERY_VARIANT(suite)                                                      \
  INSTANTIATE_TEST_SUITE_P(, suite, ::testing::ValuesIn(::loam::test::VariantsUnderTest()), \
                           ::loam::test::NameOfVariant)

// For tests of what the control does not have.
#define LOAM_SKIP_WITHOUT(function)                                  \
  if (v.function == nullptr) {                                       \
    GTEST_SKIP() << v.name << " has no " #function ": control only"; \
  }

// For tests that measure resident memory.
#define LOAM_SKIP_UNDER_SANITIZER(what)                                      \
  if (::loam::test::kSanitizerRuntime) {                                     \
    GTEST_SKIP() << "the sanitizer's own memory makes " what " meaningless"; \
  }

#endif  // LOAM_TESTS_CONFORMANCE_VARIANT_TEST_H_
