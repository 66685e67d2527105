#include "benchmarks/harness/system_calls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "benchmarks/harness/runfiles.h"
#include "benchmarks/harness/scratch_folder.h"

namespace loam::matrix {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

TEST(ReadStraceSummaryTest, TakesEachNameAndItsCalls) {
  const auto counts = ReadStraceSummary(
      "syscall              calls\n"
      "---------------- ---------\n"
      "mmap                   945\n"
      "madvise                  7\n"
      "---------------- ---------\n"
      "total                  952\n");
  ASSERT_TRUE(counts.ok()) << counts.status();
  EXPECT_THAT(*counts, ElementsAre(Pair("madvise", 7), Pair("mmap", 945)));
}

TEST(ReadStraceSummaryTest, WhatIsCutOffIsAnError) {
  EXPECT_FALSE(ReadStraceSummary("").ok());
  EXPECT_FALSE(ReadStraceSummary("syscall calls\nmmap 945\n").ok());
  EXPECT_FALSE(ReadStraceSummary("mmap 945\ntotal 952\n").ok());
}

TEST(StraceTest, CountsTheCallsOfAProcessUnderItsPreload) {
  const Runfiles runfiles = *Runfiles::Find("");
  const ScratchFolder scratch = *ScratchFolder::Make();
  const ProcessRunner runner(*runfiles.Path("benchmarks/launcher/launcher"), scratch.path());
  const absl::StatusOr<std::string> strace = FindStrace(runner);
  if (!strace.ok()) GTEST_SKIP() << strace.status();
  Command command;
  command.words = {*runfiles.Path("benchmarks/cell/cell"), "--probe"};
  command.preload = *runfiles.Path("benchmarks/floor/libfloor.so");
  command.wants_stdout = true;
  command.strace = *strace;
  command.timeout_ms = 60'000;
  const Ending ending = *runner.Run(command);
  ASSERT_EQ(ending.kind, Ending::Kind::kDone) << ending.message;
  EXPECT_THAT(ending.stdout_text, ::testing::HasSubstr(command.preload));
  const auto counts = ReadStraceSummary(ending.system_calls_text);
  ASSERT_TRUE(counts.ok()) << counts.status();
  EXPECT_EQ(counts->at("execve"), 1);
  EXPECT_GE(counts->at("write"), 1);  // the answer
}

}  // namespace
}  // namespace loam::matrix
