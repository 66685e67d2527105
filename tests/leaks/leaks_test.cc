// Programs with known leaks: every one is named with its place, and no other.

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "tests/support/process.h"

namespace loam::test {
namespace {

using nlohmann::json;

class LeaksTest : public ::testing::TestWithParam<std::string> {
 protected:
  static ChildResult Run(const std::string &program, const std::vector<std::string> &arguments,
                         const std::string &options) {
    const std::string library =
        DataPath("allocators/" + GetParam() + "/libloam_" + GetParam() + "_debug.so");
    std::vector<std::string> command = {DataPath("tests/leaks/" + program)};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return RunProgram(command, {{"LD_PRELOAD", library}, {"LOAM_OPTIONS", options}});
  }

  static ChildResult RunLeaky(const std::string &options) {
    return Run("leaky", {DataPath("tests/leaks/library.so")}, options);
  }
};

// The outermost function named leak_... of a stack; "" where there is none.
std::string PlaceOf(const json &stack) {
  std::string place;
  for (const json &frame : stack) {
    const std::string function =
        frame.value("function", json()).is_string() ? frame["function"] : "";
    if (function.compare(0, 5, "leak_") == 0) place = function;
  }
  return place;
}

// Blocks of a kind by place; "" stands for a stack that leads to no place.
std::map<std::string, size_t> BlocksByPlace(const json &report, const std::string &kind) {
  std::map<std::string, size_t> blocks;
  for (const json &group : report["groups"]) {
    if (group["kind"] == kind) {
      blocks[PlaceOf(group["allocated"]["stack"])] += group["blocks"].get<size_t>();
    }
  }
  return blocks;
}

TEST_P(LeaksTest, EveryLeakOfAProgramInCIsNamedAndNoOther) {
  const ChildResult child = RunLeaky("report=json");
  ASSERT_TRUE(child.Exited(0)) << child.Describe();
  EXPECT_EQ(child.out, "done\n");
  const json report = json::parse(child.err);
  const std::map<std::string, size_t> direct = {
      {"leak_thrice", 3}, {"leak_a_list", 1},      {"leak_a_ring", 1},  {"leak_after_realloc", 1},
      {"leak_pages", 2},  {"leak_in_a_thread", 2}, {"leak_at_exit", 1}, {"leak_in_a_library", 1}};
  const std::map<std::string, size_t> indirect = {{"leak_a_list", 4}, {"leak_a_ring", 1}};
  EXPECT_EQ(BlocksByPlace(report, "direct"), direct) << child.err;
  EXPECT_EQ(BlocksByPlace(report, "indirect"), indirect) << child.err;
  EXPECT_EQ(report["direct"]["blocks"], 12);
  EXPECT_EQ(report["indirect"]["blocks"], 5);
}

TEST_P(LeaksTest, TheLibraryItselfIsNamed) {
  const ChildResult child = RunLeaky("report=json");
  const json report = json::parse(child.err);
  for (const json &group : report["groups"]) {
    const json &stack = group["allocated"]["stack"];
    if (PlaceOf(stack) != "leak_in_a_library") continue;
    EXPECT_EQ(stack[0]["function"], "leak_of_the_library");
    EXPECT_NE(stack[0]["module"].get<std::string>().find("library.so"), std::string::npos);
    EXPECT_EQ(group["bytes"], 222);
    return;
  }
  ADD_FAILURE() << child.err;
}

TEST_P(LeaksTest, EveryLeakOfAProgramInCxxIsNamedAndNoOther) {
  const ChildResult child = Run("leaky_cxx", {}, "report=json");
  ASSERT_TRUE(child.Exited(0)) << child.Describe();
  const json report = json::parse(child.err);
  const std::map<std::string, size_t> direct = {{"leak_an_object", 1},
                                                {"leak_an_array", 1},
                                                {"leak_objects", 1},
                                                {"leak_by_release", 1},
                                                {"leak_in_a_cycle", 1}};
  const std::map<std::string, size_t> indirect = {
      {"leak_an_object", 2}, {"leak_objects", 6}, {"leak_by_release", 2}, {"leak_in_a_cycle", 1}};
  EXPECT_EQ(BlocksByPlace(report, "direct"), direct) << child.err;
  EXPECT_EQ(BlocksByPlace(report, "indirect"), indirect) << child.err;
}

TEST_P(LeaksTest, WhatIsStillReachableIsToldWhenAskedFor) {
  const json report = json::parse(RunLeaky("report=json,leaks=2").err);
  size_t blocks = 0;
  for (const json &group : report["groups"]) {
    if (group["kind"] == "reachable") blocks += group["blocks"].get<size_t>();
  }
  EXPECT_EQ(report["reachable"]["blocks"], blocks);
  EXPECT_GE(blocks, 8u);  // those that are kept, and libc's
}

TEST_P(LeaksTest, AProgramThatLeaksExitsAsAsked) {
  const ChildResult child = RunLeaky("leak_exit_code=23");
  EXPECT_TRUE(child.Exited(23)) << child.Describe();
  EXPECT_EQ(child.out, "done\n");
  EXPECT_TRUE(RunLeaky("leak_exit_code=23,leaks=0").Exited(0));
}

TEST_P(LeaksTest, ForPeopleThereIsALineForEachPlaceWithItsStack) {
  const std::string err = RunLeaky("").err;
  const std::vector<std::string> lines = Lines(err);
  ASSERT_FALSE(lines.empty());
  const std::string begin = "loam: " + GetParam() + "_debug: 0x";
  EXPECT_EQ(lines[0].compare(0, begin.size(), begin), 0) << lines[0];
  EXPECT_NE(lines[0].find(": leaked: 5242880 bytes in 1 block"), std::string::npos) << lines[0];
  EXPECT_NE(lines[2].find("#0 0x"), std::string::npos) << lines[2];
  EXPECT_NE(lines[2].find(" leak_pages+0x"), std::string::npos) << lines[2];
  EXPECT_NE(lines.back().find(" bytes in 12 blocks, with them "), std::string::npos)
      << lines.back();
}

TEST_P(LeaksTest, AFileGetsTheReportAndStderrItsSum) {
  const std::string file = MakeFolder("leaks") + "/" + GetParam() + ".json";
  const ChildResult child = RunLeaky("report=json,report_file=" + file);
  EXPECT_EQ(Lines(child.err).size(), 1u) << child.err;
  json report;
  std::ifstream(file) >> report;
  EXPECT_EQ(report["kind"], "leaks");
  EXPECT_EQ(report["loam"], GetParam() + "_debug");
}

TEST_P(LeaksTest, AnUnknownFormIsNamedAndIgnored) {
  const ChildResult child = RunLeaky("report=xml");
  EXPECT_NE(child.err.find("report"), std::string::npos);
  EXPECT_NE(child.err.find(": leaked: "), std::string::npos) << child.err;
}

INSTANTIATE_TEST_SUITE_P(, LeaksTest,
                         ::testing::Values("first_fit", "segregated_fit", "thread_heap"));

}  // namespace
}  // namespace loam::test
