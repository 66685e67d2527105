#include "benchmarks/harness/workloads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace loam::matrix {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// The one workload of a table with this entry, its name and texts left out.
Workload Read(const std::string &entry) {
  const fs::path table = fs::path(::testing::TempDir()) / "workloads_test.json";
  std::ofstream(table) << R"({"programs": [{"name": "program/x", "stresses": "s",)"
                       << R"("stands_for": "f", "package": "some-package",)" << entry << "}]}";
  const absl::StatusOr<std::vector<Workload>> workloads = ProgramWorkloads(table.string());
  EXPECT_TRUE(workloads.ok()) << workloads.status();
  return workloads.ok() ? workloads->at(0) : Workload();
}

TEST(ProgramWorkloadsTest, ACommandIsItsOwnMeasuredProgram) {
  const Workload workload = Read(R"("command": ["sh", "{folder}/a.sh"], "environment": ["A=b"])");
  EXPECT_THAT(workload.problem, IsEmpty());
  EXPECT_THAT(workload.program->command,
              ElementsAre(EndsWith("/bin/sh"), fs::path(::testing::TempDir()) / "a.sh"));
  // Results go to others: they do not say where this tree is.
  EXPECT_THAT(workload.program->told, ElementsAre(EndsWith("/bin/sh"), "{folder}/a.sh"));
  EXPECT_EQ(workload.program->measured, workload.program->command[0]);
  EXPECT_THAT(workload.program->setup, IsEmpty());
  EXPECT_THAT(workload.program->environment, ElementsAre("A=b"));
}

TEST(ProgramWorkloadsTest, ACommandMayBecomeAnotherProgram) {
  const Workload workload = Read(R"("command": ["sh", "run.sh", "{measured}"],
                                    "measured": "env", "setup": ["sh", "{folder}/make.sh"])");
  EXPECT_THAT(workload.program->measured, EndsWith("/bin/env"));
  EXPECT_EQ(workload.program->command[2], workload.program->measured);
  EXPECT_THAT(workload.program->setup,
              ElementsAre(EndsWith("/bin/sh"), fs::path(::testing::TempDir()) / "make.sh"));
}

TEST(ProgramWorkloadsTest, NamesAllThatIsMissingOnce) {
  const Workload workload = Read(R"("command": ["no-such-a"], "setup": ["no-such-b"],
                                    "needs": ["sh", "no-such-c"])");
  EXPECT_EQ(workload.problem,
            "not installed: no-such-a, no-such-b, no-such-c (Debian: some-package)");
}

TEST(ProgramWorkloadsTest, WhatIsNoTableIsAnError) {
  const fs::path table = fs::path(::testing::TempDir()) / "no_table.json";
  std::ofstream(table) << "not JSON";
  EXPECT_THAT(std::string(ProgramWorkloads(table.string()).status().message()),
              HasSubstr("is not a table of programs"));
  EXPECT_FALSE(ProgramWorkloads("/nonexistent").ok());
}

}  // namespace
}  // namespace loam::matrix
