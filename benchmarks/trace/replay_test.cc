// What is replayed is what was recorded: every operation, by as many threads, in
// an order in which each block's operations follow each other, and with the same
// peak of live bytes, to the byte.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "absl/strings/str_cat.h"
#include "benchmarks/harness/process.h"
#include "benchmarks/harness/runfiles.h"
#include "benchmarks/trace/format/trace_writer.h"
#include "benchmarks/trace/replay/compile.h"
#include "benchmarks/trace/testing/loam_trace.h"

namespace loam::trace {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

constexpr uint64_t kA = 0x1000;
constexpr uint64_t kB = 0x2000;

class ReplayTest : public ::testing::Test {
 protected:
  ReplayTest()
      : trace_(ScratchPath("replay.loamtrace")),
        plan_(ScratchPath("replay.plan")),
        runner_(*matrix::Runfiles::Find("")->Path("benchmarks/launcher/launcher"),
                ::testing::TempDir()) {}

  matrix::Ending Run(const std::string &argument, const std::string &preload = "") {
    matrix::Command command;
    command.words = {BuiltFile("replay/replay"), argument};
    command.preload = preload;
    command.wants_stdout = true;
    command.timeout_ms = 200'000;
    return *runner_.Run(command);
  }

  json Answer(const std::string &preload = "") {
    const matrix::Ending ending = Run(plan_, preload);
    EXPECT_EQ(ending.kind, matrix::Ending::Kind::kDone) << ending.message;
    return json::parse(ending.stdout_text, nullptr, false);
  }

  // A trace of these events, compiled.
  CompiledTrace Compile(const std::vector<Event> &events) {
    auto writer = *TraceWriter::Create(trace_, 1, nlohmann::ordered_json::object());
    for (const Event &event : events) EXPECT_TRUE(writer->Append(event.thread, {event}).ok());
    EXPECT_TRUE(writer->Finish({{"lost", 0u}}).ok());
    return *CompileTrace(trace_, plan_);
  }

  // Replays what known_calls does with these arguments, and checks what must
  // hold of every replay.
  json RecordAndReplay(const std::string &arguments) {
    RecordKnownCalls(arguments, trace_);
    info_ = Info(trace_);
    compiled_ = *CompileTrace(trace_, plan_);
    const json answer = Answer();
    EXPECT_EQ(answer.at("live_peak_bytes"), info_.at("peak_live_bytes"));
    EXPECT_EQ(compiled_.peak_live_bytes, info_.at("peak_live_bytes"));
    EXPECT_EQ(answer.at("operations"), compiled_.operations * compiled_.passes);
    const json &samples = answer.at("samples");
    EXPECT_EQ(samples.back().at(0), compiled_.operations);
    EXPECT_EQ(samples.back().at(1), info_.at("end_live_bytes"));
    for (const json &sample : samples) EXPECT_GE(sample.at(2), 0);
    return answer;
  }

  std::string trace_;
  std::string plan_;
  matrix::ProcessRunner runner_;
  json info_;
  CompiledTrace compiled_;
};

TEST_F(ReplayTest, EveryCallOfOneThread) {
  const json answer = RecordAndReplay("calls");
  EXPECT_EQ(answer.at("live_peak_bytes"), 20'940);
  // 11 calls hand out, one of them by a resize, and 2 free.
  EXPECT_EQ(compiled_.operations, 13u);
  EXPECT_EQ(compiled_.lanes, 1u);
  EXPECT_THAT(answer.at("malloc").get<std::string>(), HasSubstr("libc"));
}

TEST_F(ReplayTest, ThreadsThatFreeEachOthersBlocks) {
  const json answer = RecordAndReplay("threads 4 50000");
  EXPECT_EQ(compiled_.lanes, 5u);
  EXPECT_GT(answer.at("samples").size(), 60u);
}

TEST_F(ReplayTest, ThreadsThatFollowEachOtherShareALane) {
  RecordAndReplay("churn 500");
  EXPECT_EQ(compiled_.lanes, 2u);
}

TEST_F(ReplayTest, UnderAnotherAllocator) {
  RecordAndReplay("threads 3 20000");
  const std::string floor = *matrix::Runfiles::Find("")->Path("benchmarks/floor/libfloor.so");
  const json answer = Answer(floor);
  EXPECT_EQ(answer.at("malloc"), floor);
  EXPECT_EQ(answer.at("live_peak_bytes"), info_.at("peak_live_bytes"));
}

TEST_F(ReplayTest, MemoryOfItsOwnIsNotTheAllocators) {
  // 100,000 blocks of 8 bytes: some 3 MiB of plan and slots, and as much of heap.
  std::vector<Event> events;
  for (uint64_t i = 0; i < 100'000; i++) {
    events.push_back({i, kA + 16 * i, 8, 0, TRACE_MALLOC, 0});
  }
  Compile(events);
  const json answer = Answer();
  EXPECT_GE(answer.at("own_bytes"), 100'000 * (24 + 16));
  const int64_t last_rss = answer.at("samples").back().at(2);
  EXPECT_GE(last_rss, 100'000 * 32);
  EXPECT_LE(last_rss, 100'000 * 32 + (5 << 20));
  // A window of code that the kernel maps may come between the last checkpoint and the end.
  EXPECT_LE(answer.at("end_rss_bytes"), last_rss + (64 << 10));
  EXPECT_GE(answer.at("peak_rss_bytes"), last_rss - (1 << 20));
  EXPECT_LE(answer.at("peak_rss_bytes"), last_rss + (2 << 20));
}

TEST_F(ReplayTest, TouchesAsMuchOfABlockAsTheProgramDid) {
  constexpr uint64_t kBytes = 64 << 20;
  constexpr uint64_t kPages = 100;
  const auto last_rss = [this] { return Answer().at("samples").back().at(2).get<int64_t>(); };
  Compile({{1, kA, kBytes, 0, TRACE_MALLOC, 0}});
  EXPECT_GE(last_rss(), 64 << 20);
  // The end is told with the pages; one more block marks a checkpoint before it.
  Compile({{1, kA, kBytes, 0, TRACE_MALLOC, 0},
           {2, kB, 8, 0, TRACE_MALLOC, 0},
           {3, kA, kPages + 1, 0, TRACE_FREE, 0}});
  const json samples = Answer().at("samples");
  EXPECT_EQ(samples.at(0).at(1), kBytes + 8);
  EXPECT_GE(samples.at(0).at(2), kPages * 4096);
  EXPECT_LE(samples.at(0).at(2), 8 << 20);
}

TEST_F(ReplayTest, AnOrderThatThreadsMustWaitFor) {
  // One block goes to and fro between two threads, which resize it.
  std::vector<Event> events = {{0, kA, 100, 0, TRACE_MALLOC, 0}};
  uint64_t now = 1;
  for (uint64_t i = 1; i <= 5000; i++) {
    const uint32_t thread = i % 2;
    events.push_back({now++, i % 2 == 0 ? kB : kA, 0, thread, TRACE_RESIZE_BEGIN, 0});
    events.push_back({now++, i % 2 == 0 ? kA : kB, 100 + i % 300, thread, TRACE_REALLOC, 0});
  }
  events.push_back({now++, kA, 0, 1, TRACE_FREE, 0});
  const CompiledTrace compiled = Compile(events);
  EXPECT_EQ(compiled.operations, 5002u);
  EXPECT_EQ(compiled.peak_live_bytes, 399u);
  EXPECT_EQ(Answer().at("live_peak_bytes"), 399);
}

TEST_F(ReplayTest, WhatIsMissingInADamagedTraceIsLeftOut) {
  const CompiledTrace compiled = Compile({{1, kA, 10, 0, TRACE_MALLOC, 0},
                                          {2, kB, 0, 0, TRACE_FREE, 0},
                                          {3, kA, 20, 1, TRACE_MALLOC, 0},
                                          {4, kB, 0, 0, TRACE_RESIZE_BEGIN, 0},
                                          {5, kB, 5, 0, TRACE_REALLOC, 0},
                                          {6, kA, 0, 0, TRACE_RESIZE_BEGIN, 0}});
  EXPECT_EQ(compiled.operations, 4u);  // the first block is freed where it is overlaid
  EXPECT_EQ(compiled.peak_live_bytes, 25u);
  EXPECT_EQ(Answer().at("live_peak_bytes"), 25);
}

TEST_F(ReplayTest, ABrokenAllocatorIsFound) {
  std::vector<Event> events;
  for (uint64_t i = 0; i < 5000; i++) events.push_back({i, kA + i, 32, 0, TRACE_MALLOC, 0});
  for (uint64_t i = 0; i < 5000; i++) events.push_back({5000 + i, kA + i, 0, 0, TRACE_FREE, 0});
  Compile(events);
  const matrix::Ending ending = Run(plan_, BuiltFile("testing/liboverlapping_malloc.so"));
  EXPECT_EQ(ending.kind, matrix::Ending::Kind::kFailed);
  EXPECT_THAT(ending.message, HasSubstr("was overwritten"));
}

TEST_F(ReplayTest, RefusesWhatIsNoPlan) {
  for (const std::string &path : {std::string("/nowhere"), BuiltFile("testing/known_calls")}) {
    const matrix::Ending ending = Run(path);
    EXPECT_EQ(ending.kind, matrix::Ending::Kind::kFailed);
    EXPECT_THAT(ending.message, HasSubstr("exit status 2: replay: "));
  }
  std::ofstream(trace_) << "no trace";
  EXPECT_FALSE(CompileTrace(trace_, plan_).ok());
  auto writer = *TraceWriter::Create(trace_, 1, nlohmann::ordered_json::object());
  EXPECT_TRUE(writer->Finish(nlohmann::ordered_json::object()).ok());
  EXPECT_THAT(CompileTrace(trace_, plan_).status().message(), HasSubstr("nothing to replay"));
}

}  // namespace
}  // namespace loam::trace
