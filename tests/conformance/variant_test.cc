#include "tests/conformance/variant_test.h"

#include "tests/conformance/libc_variant.h"
#include "tests/support/sanitizers.h"

namespace loam::test {

std::vector<const loam_variant *> VariantsUnderTest() {
  std::vector<const loam_variant *> variants(loam_variants, loam_variants + loam_variant_count);
  const bool is_default = std::string(variants[0]->level) == "default";
  if (!kSanitizerRuntime && is_default) variants.push_back(&kLibcVariant);
  return variants;
}

std::string NameOfVariant(const ::testing::TestParamInfo<const loam_variant *> &info) {
  return info.param->name;
}

std::vector<size_t> SizesUpTo(size_t largest) {
  constexpr size_t kDense = 600;
  std::vector<size_t> sizes;
  for (size_t size = 0; size <= kDense && size <= largest; ++size) sizes.push_back(size);
  for (size_t power = 1024; power <= largest; power *= 2) {
    for (size_t middle : {power / 4 * 3, power}) {
      for (size_t size : {middle - 33, middle - 16, middle - 8, middle - 1, middle, middle + 1}) {
        if (size > kDense && size <= largest) sizes.push_back(size);
      }
    }
  }
  return sizes;
}

}  // namespace loam::test
