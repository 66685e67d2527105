// The table of promises itself: whole, without idle rows, and as README.md shows it.

#include "tests/misuse/promises.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "tests/misuse/misuse.h"
#include "tests/support/process.h"

namespace loam::test {
namespace {

TEST(PromisesTest, EveryRowIsNeeded) {
  for (const std::string &row : IdleRows()) ADD_FAILURE() << "decides nothing: " << row;
}

TEST(PromisesTest, EveryMisuseHasANameOfItsOwn) {
  std::set<std::string> names;
  for (const Misuse &misuse : Misuses()) {
    EXPECT_TRUE(names.insert(misuse.name).second) << misuse.name;
    EXPECT_FALSE(misuse.sizes.empty()) << misuse.name;
  }
}

TEST(PromisesTest, ReadmeShowsTheTable) {
  std::ifstream file(DataPath("tests/misuse/README.md"));
  std::stringstream readme;
  readme << file.rdbuf();
  EXPECT_NE(readme.str().find(PromisesAsMarkdown()), std::string::npos)
      << "README.md should have this table (bazel run //tests/misuse:print_promises):\n"
      << PromisesAsMarkdown();
}

}  // namespace
}  // namespace loam::test
