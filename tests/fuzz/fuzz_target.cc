// libFuzzer's target: every input is a program of calls (operation.h) on the
// variant that LOAM_FUZZ_VARIANT names, the first of the workspace by default.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/fuzz/find_variant.h"
#include "tests/fuzz/program.h"

namespace loam::test {
namespace {

const loam_variant &VariantFromEnvironment() {
  const char *name = std::getenv("LOAM_FUZZ_VARIANT");
  const loam_variant *variant = FindVariant(name != nullptr ? name : "");
  if (variant == nullptr) {
    fprintf(stderr, "LOAM_FUZZ_VARIANT: there is no variant %s\n", name);
    std::exit(2);
  }
  return *variant;
}

}  // namespace
}  // namespace loam::test

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  static const loam_variant &variant = loam::test::VariantFromEnvironment();
  loam::test::RunProgram(variant, bytes, size);
  return 0;
}
