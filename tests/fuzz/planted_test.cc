// The checker is checked: each flaw that is planted in a variant is found, and
// called by its name.

#include <gtest/gtest.h>

#include <csignal>
#include <ostream>
#include <string>
#include <vector>

#include "allocators/variants.h"
#include "tests/fuzz/flaws.h"
#include "tests/fuzz/generator.h"
#include "tests/fuzz/program.h"
#include "tests/support/process.h"

namespace loam::test {

std::ostream &operator<<(std::ostream &out, const Flaw &flaw) { return out << flaw.name; }

namespace {

class PlantedTest : public ::testing::TestWithParam<Flaw> {
 protected:
  static ChildResult RunFlawed(bool thorough) {
    return RunInChild([thorough] {
      const loam_variant variant = PlantFlaw(GetParam(), *loam_variants[0]);
      const Generator generator(*FindProfile(GetParam().profile));
      std::vector<uint8_t> program;
      ProgramOptions options;
      options.thorough = thorough;
      options.child_seconds = 1;
      for (uint64_t seed = 1; seed <= 20; ++seed) {
        generator.Generate(seed, &program);
        RunProgram(variant, program.data(), program.size(), options);
      }
      return 0;  // nothing found
    });
  }
};

TEST_P(PlantedTest, IsFound) {
  const ChildResult child = RunFlawed(true);
  EXPECT_TRUE(child.Signalled(SIGABRT)) << child.Describe();
  EXPECT_NE(child.err.find(GetParam().found), std::string::npos) << child.Describe();
}

// What the random driver leaves out is made up for by what it looks at later.
TEST_P(PlantedTest, IsFoundByTheQuickChecksToo) {
  const ChildResult child = RunFlawed(false);
  EXPECT_TRUE(child.Signalled(SIGABRT)) << child.Describe();
}

INSTANTIATE_TEST_SUITE_P(, PlantedTest, ::testing::ValuesIn(Flaws()),
                         [](const auto &info) { return std::string(info.param.name); });

}  // namespace
}  // namespace loam::test
