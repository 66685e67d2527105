#include "benchmarks/harness/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/flags/flag.h"

ABSL_FLAG(bool, test_switch, false, "a switch");
ABSL_FLAG(int, test_number, 1, "a number");
ABSL_FLAG(loam::matrix::Repeated, test_many, {}, "many values");

namespace loam::matrix {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string WhyNot(const std::vector<std::string> &arguments) {
  return std::string(ParseFlags(arguments).status().message());
}

TEST(ParseFlagsTest, TakesValuesInEitherForm) {
  EXPECT_TRUE(ParseFlags({"--test_number=5"}).ok());
  EXPECT_EQ(absl::GetFlag(FLAGS_test_number), 5);
  EXPECT_TRUE(ParseFlags({"--test_number", "-6"}).ok());
  EXPECT_EQ(absl::GetFlag(FLAGS_test_number), -6);
}

TEST(ParseFlagsTest, SwitchesNeedNoValueAndTakeNoneThatFollows) {
  EXPECT_THAT(*ParseFlags({"--test_switch", "word"}), ElementsAre("word"));
  EXPECT_TRUE(absl::GetFlag(FLAGS_test_switch));
  EXPECT_TRUE(ParseFlags({"--notest_switch"}).ok());
  EXPECT_FALSE(absl::GetFlag(FLAGS_test_switch));
  EXPECT_TRUE(ParseFlags({"--test_switch=true"}).ok());
  EXPECT_TRUE(absl::GetFlag(FLAGS_test_switch));
}

TEST(ParseFlagsTest, RepeatedFlagsKeepAllTheirValues) {
  EXPECT_TRUE(ParseFlags({"--test_many=a=b", "--test_many", "c"}).ok());
  EXPECT_THAT(absl::GetFlag(FLAGS_test_many).values, ElementsAre("a=b", "c"));
}

TEST(ParseFlagsTest, WhatIsWrongIsSaidInOneLine) {
  EXPECT_EQ(WhyNot({"--unheard_of=1"}), "--unheard_of=1 is not a flag; see --help");
  EXPECT_EQ(WhyNot({"--notest_number"}), "--notest_number is not a flag; see --help");
  EXPECT_EQ(WhyNot({"--test_number"}), "--test_number lacks its value");
  EXPECT_THAT(WhyNot({"--test_number=many"}), HasSubstr("--test_number=many cannot be understood"));
}

TEST(DescribeFlagsTest, ListsTheFlagsOfAFile) {
  const std::string text = DescribeFlags("command_line_test.cc");
  EXPECT_THAT(text, HasSubstr("  --test_number (default 1)\n      a number\n"));
}

}  // namespace
}  // namespace loam::matrix
