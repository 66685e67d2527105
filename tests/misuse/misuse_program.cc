// misuse_program VARIANT MISUSE SIZE: does one misuse. Ends with 0 when the
// variant let it pass and is whole, with 3 when it let it pass and is broken.

#include <cstdio>
#include <cstdlib>
#include <string>

#include "allocators/variants.h"
#include "tests/misuse/misuse.h"

namespace loam::test {
namespace {

const loam_variant *FindVariant(const std::string &name) {
  for (size_t i = 0; i < loam_variant_count; ++i) {
    if (loam_variants[i]->name == name) return loam_variants[i];
  }
  return nullptr;
}

const Misuse *FindMisuse(const std::string &name) {
  for (const Misuse &misuse : Misuses()) {
    if (misuse.name == name) return &misuse;
  }
  return nullptr;
}

int Main(int argc, char **argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: misuse_program VARIANT MISUSE SIZE\n");
    return 2;
  }
  const loam_variant *variant = FindVariant(argv[1]);
  const Misuse *misuse = FindMisuse(argv[2]);
  if (variant == nullptr || misuse == nullptr) {
    fprintf(stderr, "misuse_program: there is no %s\n", argv[variant == nullptr ? 1 : 2]);
    return 2;
  }
  misuse->run({*variant, std::strtoull(argv[3], nullptr, 10)});
  return variant->check() ? 0 : 3;
}

}  // namespace
}  // namespace loam::test

int main(int argc, char **argv) { return loam::test::Main(argc, argv); }
