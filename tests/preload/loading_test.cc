// The library itself: that it is really loaded, and what it makes of LOAM_OPTIONS.

#include <gtest/gtest.h>

#include <string>

#include "tests/preload/preload_test.h"

namespace loam::test {
namespace {

constexpr const char *kAnswer = "exec awk 'BEGIN { print 6 * 7 }'";

class LoadingTest : public ::testing::TestWithParam<const loam_variant *> {
 protected:
  static ChildResult RunWithOptions(const std::string &options) {
    return RunScript("export LOAM_OPTIONS='" + options + "'\n" + kAnswer, LibraryOf(*GetParam()));
  }

  // The program goes on, and one line on stderr has the text `named`.
  static void ExpectOneLineNaming(const std::string &options, const std::string &named) {
    const ChildResult child = RunWithOptions(options);
    EXPECT_TRUE(child.Exited(0)) << child.Describe();
    EXPECT_EQ(child.out, "42\n");
    ASSERT_EQ(Lines(child.err).size(), 1u) << child.err;
    EXPECT_EQ(child.err.back(), '\n');
    EXPECT_NE(child.err.find(named), std::string::npos) << child.err;
  }
};

// Without this, a library that the loader could not open would pass for one that works.
TEST_P(LoadingTest, TheLibraryIsReallyLoaded) {
  const ChildResult child = RunScript("exec cat /proc/self/maps", LibraryOf(*GetParam()));
  ASSERT_TRUE(child.Exited(0)) << child.Describe();
  EXPECT_EQ(child.err, "");
  EXPECT_NE(child.out.find(FileOf(*GetParam())), std::string::npos) << child.out;
}

TEST_P(LoadingTest, NoOptionsAreFine) {
  const ChildResult child = RunWithOptions("");
  EXPECT_TRUE(child.Exited(0)) << child.Describe();
  EXPECT_EQ(child.out, "42\n");
  EXPECT_EQ(child.err, "");
}

TEST_P(LoadingTest, AnUnknownOptionIsNamed) {
  ExpectOneLineNaming("no_such_option=1", "no_such_option");
}

TEST_P(LoadingTest, AnOptionWithoutAValueIsNamed) { ExpectOneLineNaming("nonsense", "nonsense"); }

TEST_P(LoadingTest, AValueThatIsNoNumberIsNamed) {
  ExpectOneLineNaming("purge_delay_ms=soon", "purge_delay_ms=soon");
}

TEST_P(LoadingTest, AValueOutOfRangeIsNamed) {
  ExpectOneLineNaming("purge_delay_ms=99999999999999999999999", "purge_delay_ms=9999");
}

TEST_P(LoadingTest, WhatIsRightBesideAMistakeHolds) {
  ExpectOneLineNaming("purge_delay_ms=0,no_such_option=1,arenas=1", "no_such_option");
}

TEST_P(LoadingTest, AVeryLongOptionIsHarmless) {
  ExpectOneLineNaming(std::string(5000, 'x') + "=1", "xxxx");
}

INSTANTIATE_TEST_SUITE_P(, LoadingTest, EveryVariant(),
                         [](const auto &info) { return std::string(info.param->name); });

}  // namespace
}  // namespace loam::test
