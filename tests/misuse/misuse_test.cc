// Every misuse, in a child of its own, on every library: it ends the way that the table
// promises.

#include <gtest/gtest.h>

#include <cctype>
#include <string>
#include <tuple>

#include "tests/misuse/ending.h"
#include "tests/misuse/promises.h"
#include "tests/support/process.h"

namespace loam::test {

void PrintTo(const Case &each, std::ostream *stream) {
  *stream << each.misuse << " with blocks of " << each.size << " bytes";
}

void PrintTo(const Library &library, std::ostream *stream) { *stream << library.Path(); }

namespace {

class MisuseTest : public ::testing::TestWithParam<std::tuple<Library, Case>> {};

TEST_P(MisuseTest, EndsAsPromised) {
  const auto &[library, each] = GetParam();
  const ChildResult child =
      RunProgram({DataPath("tests/misuse/misuse_program"), each.misuse, std::to_string(each.size)},
                 {{"LD_PRELOAD", DataPath(library.Path())}});
  const Ending ending = EndingOf(child);
  const Promise promise = PromiseOf(each, library);
  EXPECT_TRUE(Keeps(ending, promise))
      << (promise == Promise::kNotPromised ? "is caught after all, so promise it: " : "")
      << NameOf(ending) << "\n"
      << child.Describe() << "\n"
      << child.out;
}

std::string NameOfCase(const ::testing::TestParamInfo<MisuseTest::ParamType> &info) {
  const auto &[library, each] = info.param;
  return library.variant + "_" + library.level + "_" + each.misuse + "_" +
         std::to_string(each.size);
}

INSTANTIATE_TEST_SUITE_P(, MisuseTest,
                         ::testing::Combine(::testing::ValuesIn(Libraries()),
                                            ::testing::ValuesIn(Cases())),
                         NameOfCase);

}  // namespace
}  // namespace loam::test
