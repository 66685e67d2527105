// Every misuse, in a child of its own: it ends the way that the table promises.

#include "tests/misuse/misuse.h"

#include <gtest/gtest.h>

#include <csignal>
#include <string>
#include <tuple>
#include <vector>

#include "allocators/variants.h"
#include "tests/misuse/promises.h"
#include "tests/support/process.h"
#include "tests/support/sanitizers.h"

namespace loam::test {
namespace {

// A misuse with one size.
struct Case {
  std::string misuse;
  size_t size;
};

std::vector<Case> Cases() {
  std::vector<Case> cases;
  for (const Misuse &misuse : Misuses()) {
    for (size_t size : misuse.sizes) cases.push_back({misuse.name, size});
  }
  return cases;
}

void PrintTo(const Case &each, std::ostream *stream) {
  *stream << each.misuse << " with blocks of " << each.size << " bytes";
}

// Whether `line` names one of the pointers that the child accused on stdout.
bool NamesAnAccused(const std::string &line, const std::string &out) {
  const std::string key = "accused ";
  for (const std::string &accusation : Lines(out)) {
    const std::string pointer = accusation.substr(key.size());
    const size_t found = line.find(pointer);
    if (found != std::string::npos && !isxdigit(line[found + pointer.size()])) return true;
  }
  return false;
}

class MisuseTest : public ::testing::TestWithParam<std::tuple<const loam_variant *, Case>> {
 protected:
  static bool IsCaught(const ChildResult &child) {
    return child.Signalled(SIGABRT) && Lines(child.err).size() == 1 &&
           NamesAnAccused(child.err, child.out);
  }
};

TEST_P(MisuseTest, EndsAsPromised) {
  if (kSanitizerRuntime) GTEST_SKIP() << "the sanitizer sees the misuse before the variant does";
  const auto &[variant, each] = GetParam();
  const ChildResult child = RunProgram({DataPath("tests/misuse/misuse_program"), variant->name,
                                        each.misuse, std::to_string(each.size)});
  ASSERT_FALSE(child.Exited(2) || child.Exited(127)) << "did not run: " << child.Describe();
  ASSERT_FALSE(child.Signalled(SIGALRM)) << "hangs";
  const std::string what = child.Describe() + "\n" + child.out;
  switch (PromiseOf(each.misuse, variant->name, each.size)) {
    case Promise::kCaught:
      EXPECT_TRUE(IsCaught(child)) << what;
      break;
    case Promise::kHarmless:
      EXPECT_TRUE(child.Exited(0)) << what;
      break;
    case Promise::kNotPromised:
      EXPECT_FALSE(IsCaught(child)) << "is caught after all: promise it. " << what;
      break;
  }
}

std::string NameOfCase(const ::testing::TestParamInfo<MisuseTest::ParamType> &info) {
  const auto &[variant, each] = info.param;
  return std::string(variant->name) + "_" + each.misuse + "_" + std::to_string(each.size);
}

INSTANTIATE_TEST_SUITE_P(, MisuseTest,
                         ::testing::Combine(::testing::ValuesIn(loam_variants,
                                                                loam_variants + loam_variant_count),
                                            ::testing::ValuesIn(Cases())),
                         NameOfCase);

}  // namespace
}  // namespace loam::test
