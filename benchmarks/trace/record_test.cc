// Programs whose calls are known are recorded as they were: every call, also by
// threads, forks, handlers, and until the moment at which someone is killed.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <thread>

#include "absl/strings/str_cat.h"
#include "benchmarks/trace/format/trace_reader.h"
#include "benchmarks/trace/testing/loam_trace.h"

namespace loam::trace {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

class RecordTest : public ::testing::Test {
 protected:
  RecordTest() {
    const char *name = ::testing::UnitTest::GetInstance()->current_test_info()->name();
    path_ = ScratchPath(absl::StrCat(name, ".loamtrace"));
    for (int image = 1; image < 100; image++) std::filesystem::remove(Image(image));
  }

  // The file of the image of that number, counted from 1.
  std::string Image(int number) const {
    if (number == 1) return path_;
    return absl::StrCat(path_.substr(0, path_.rfind('.')), ".", number, ".loamtrace");
  }

  std::string path_;
};

TEST_F(RecordTest, EveryCallIsThere) {
  RecordKnownCalls("calls", path_);
  const json info = Info(path_);
  const std::map<std::string, int> expected = {
      {"malloc", 2},         {"calloc", 1},       {"resize_begin", 3},
      {"realloc", 2},        {"reallocarray", 1}, {"aligned_alloc", 1},
      {"posix_memalign", 1}, {"memalign", 1},     {"valloc", 1},
      {"pvalloc", 1},        {"free", 3}};
  for (const auto &[kind, count] : expected) {
    EXPECT_EQ(info.at("events_by_kind").at(kind), count) << kind;
  }
  EXPECT_EQ(info.at("events"), 17);
  EXPECT_EQ(info.at("peak_live_bytes"), 20'940);
  EXPECT_EQ(info.at("end_live_bytes"), 16'940);
  EXPECT_EQ(info.at("end_live_blocks"), 8);
  EXPECT_EQ(info.at("threads").size(), 1u);
  EXPECT_EQ(info.at("ended"), "exit status 0");
  EXPECT_THAT(info.at("command").get<std::string>(), HasSubstr("known_calls calls"));
}

TEST_F(RecordTest, AlignmentsAreThere) {
  RecordKnownCalls("calls", path_);
  TraceReader reader = *TraceReader::Open(path_);
  std::map<int, int> alignments;
  for (Event event; reader.Next(&event);) {
    if (TakesAlignment(event.kind)) alignments[event.kind] = 1 << event.log2_align;
  }
  EXPECT_EQ(alignments, (std::map<int, int>{{TRACE_ALIGNED_ALLOC, 256},
                                            {TRACE_POSIX_MEMALIGN, 64},
                                            {TRACE_MEMALIGN, 32},
                                            {TRACE_VALLOC, 4096},
                                            {TRACE_PVALLOC, 4096}}));
}

TEST_F(RecordTest, ThreadsThatFreeEachOthersBlocks) {
  constexpr int kThreads = 4;
  constexpr int kBlocks = 50'000;
  RecordKnownCalls(absl::StrCat("threads ", kThreads, " ", kBlocks), path_);
  const json info = Info(path_);
  EXPECT_EQ(info.at("threads").size(), kThreads + 1);
  EXPECT_EQ(info.at("events_by_kind").at("malloc"), kThreads * kBlocks);
  // The program's own, and what the C library frees of its threads.
  EXPECT_GE(info.at("events_by_kind").at("free"), kThreads * (2 * kBlocks + 256));
  EXPECT_GT(info.at("cross_thread_ends"), 1000);
  EXPECT_LE(info.at("end_live_bytes"), 8192);  // C library
}

TEST_F(RecordTest, AddressesThatGoFromThreadToThreadKeepTheirOrder) {
  setenv("LD_PRELOAD", BuiltFile("testing/liblast_freed_malloc.so").c_str(), 1);
  RecordKnownCalls("threads 4 100000", path_);  // which verifies
  unsetenv("LD_PRELOAD");
  EXPECT_EQ(Info(path_).at("events_by_kind").at("malloc"), 400'000);
}

// More threads than there are chunks of memory.
TEST_F(RecordTest, ThreadsThatEndLeaveTheirEvents) {
  RecordKnownCalls("churn 9000", path_);
  const json info = Info(path_);
  EXPECT_EQ(info.at("events_by_kind").at("malloc"), 9000);
  EXPECT_GE(info.at("threads").size(), 9001u);
}

TEST_F(RecordTest, ForkedChildrenAreLeftAlone) {
  RecordKnownCalls("forks 20", path_);
  EXPECT_FALSE(std::filesystem::exists(Image(2)));
  const json info = Info(path_);
  EXPECT_EQ(info.at("threads").size(), 3u);
  EXPECT_LE(info.at("end_live_blocks"), 2);  // C library
}

TEST_F(RecordTest, ForkedChildrenAreFollowed) {
  RecordKnownCalls("forks 20", path_, "--follow");
  for (int child = 2; child < 22; child++) {
    const json info = Info(Image(child));
    EXPECT_EQ(info.at("events"), 3) << child;
    EXPECT_EQ(info.at("header").at("forked"), true);
    EXPECT_EQ(info.at("header").at("parent_image"), 0);
    EXPECT_EQ(info.at("unknown_blocks"), 1);  // the parent's
    EXPECT_EQ(RunLoamTrace("verify " + Image(child)).exit_status, 0);
  }
}

TEST_F(RecordTest, WhatAChildExecutesIsLeftAlone) {
  RecordKnownCalls("exec", path_);
  EXPECT_FALSE(std::filesystem::exists(Image(2)));
  EXPECT_EQ(Info(path_).at("events"), 2);
}

TEST_F(RecordTest, WhatAChildExecutesIsFollowed) {
  RecordKnownCalls("exec", path_, "--follow");
  EXPECT_EQ(Info(path_).at("events"), 2);
  // The forked child allocates nothing before it executes.
  ASSERT_TRUE(std::filesystem::exists(Image(2)));
  EXPECT_EQ(Info(Image(2)).at("events"), 17);
  EXPECT_EQ(Info(Image(2)).at("header").at("forked"), false);
}

TEST_F(RecordTest, AHandlerThatAllocatesHarmsNothing) {
  setenv("LD_PRELOAD", BuiltFile("testing/libsignal_safe_malloc.so").c_str(), 1);
  const Said recorded = RunLoamTrace(absl::StrCat(
      "record --output ", path_, " -- ", BuiltFile("testing/known_calls"), " signals 300000"));
  unsetenv("LD_PRELOAD");
  ASSERT_EQ(recorded.exit_status, 0) << recorded.stderr_text;
  TraceReader reader = *TraceReader::Open(path_);
  ASSERT_EQ(reader.damage(), "");
  // Whether handlers came in between is chance; those of main are all there.
  uint64_t of_main = 0;
  for (Event event; reader.Next(&event);) {
    of_main += event.kind == TRACE_MALLOC && event.amount == 40 ? 1 : 0;
  }
  EXPECT_EQ(of_main, 300'000u);
}

TEST_F(RecordTest, AProgramThatIsKilledLosesNothing) {
  const Said recorded = RunLoamTrace(absl::StrCat("record --output ", path_, " -- ",
                                                  BuiltFile("testing/known_calls"), " die 10000"));
  EXPECT_EQ(recorded.exit_status, 128 + SIGKILL);
  EXPECT_EQ(RunLoamTrace("verify " + path_).exit_status, 0);
  const json info = Info(path_);
  EXPECT_EQ(info.at("ended"), "killed by signal 9");
  EXPECT_EQ(info.at("events_by_kind").at("malloc"), 10'000);
  EXPECT_EQ(info.at("end_live_bytes"), 80'000);
}

// Starts `loam-trace record`; its process id.
pid_t StartRecorder(const std::vector<std::string> &arguments) {
  std::vector<std::string> words = {BuiltFile("loam-trace"), "record"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char *> argv;
  for (std::string &word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const pid_t recorder = fork();
  if (recorder == 0) {
    execv(argv[0], argv.data());
    _exit(127);
  }
  return recorder;
}

// Waits until the trace has so many events; what it then is.
absl::StatusOr<TraceReader> AwaitEvents(const std::string &path, uint64_t events) {
  for (int i = 0; i < 2400; i++) {
    absl::StatusOr<TraceReader> reader = TraceReader::Open(path);
    if (reader.ok() && reader->event_count() >= events) return reader;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return absl::DeadlineExceededError("no events came");
}

TEST_F(RecordTest, WhenTheRecorderIsKilledTheProgramGoesOnAndTheFileIsReadable) {
  ASSERT_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);  // to see how the program ends
  const pid_t recorder = StartRecorder(
      {"--output", path_, "--", BuiltFile("testing/known_calls"), "burst", "1500000"});
  const absl::StatusOr<TraceReader> early = AwaitEvents(path_, 1000);
  ASSERT_TRUE(early.ok()) << early.status();
  kill(recorder, SIGKILL);
  ASSERT_EQ(waitpid(recorder, nullptr, 0), recorder);
  const pid_t program = early->header().at("process_id");
  kill(program, SIGUSR1);
  int status = 0;
  ASSERT_EQ(waitpid(program, &status, 0), program);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 5) << status;

  const Said verified = RunLoamTrace("verify " + path_);
  EXPECT_EQ(verified.exit_status, 1);
  EXPECT_THAT(verified.stderr_text, HasSubstr("has no end: its recorder was stopped after"));
  const json info = Info(path_);
  EXPECT_GE(info.at("events"), 1000);
  EXPECT_EQ(info.at("unknown_blocks"), 0);
}

TEST_F(RecordTest, AFullDiskStopsTheRecordingNotTheProgram) {
  const Said said = RunLoamTrace("record --output /dev/full -- " +
                                 BuiltFile("testing/known_calls") + " churn 100");
  EXPECT_EQ(said.exit_status, 1);
  EXPECT_THAT(said.stderr_text, HasSubstr("No space left on device; the program goes on"));
}

TEST_F(RecordTest, SaysThatALauncherIsNotWhatIsMeant) {
  const Said alone = RunLoamTrace("record --output " + path_ + " -- env ls /");
  EXPECT_EQ(alone.exit_status, 0);
  EXPECT_THAT(alone.stderr_text, HasSubstr("that is env alone"));
  const Said all = RunLoamTrace("record --follow --output " + path_ + " -- env ls /");
  EXPECT_EQ(all.exit_status, 0);
  EXPECT_THAT(all.stderr_text, Not(HasSubstr("alone")));
}

TEST_F(RecordTest, SaysWhatItCannotRecord) {
  const std::string static_calls = BuiltFile("testing/static_calls");
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"record", "no \"-- PROGRAM\""},
      {"record --", "no program behind"},
      {"record --nonsense -- true", "unknown argument \"--nonsense\""},
      {"record --output", "--output has no value"},
      {"record --level=20 -- true", "--level=20 is not a number"},
      {"record --output " + path_ + " -- /nowhere/program", "cannot start /nowhere/program"},
      {"record --output /nowhere/x -- ls /", "cannot write /nowhere/x"},
      {"record --output " + path_ + " -- " + static_calls + " calls", "linked statically"},
      {"info", "no FILE"},
      {"info /nowhere", "/nowhere cannot be read"},
      {"info " + static_calls, "is not a trace"},
      {"info --format=xml x", "not text or json"},
      {"verify", "no FILE"},
      {"nonsense", "unknown command"},
      {"", "no command"},
  };
  for (const auto &[arguments, message] : cases) {
    const Said said = RunLoamTrace(arguments);
    EXPECT_NE(said.exit_status, 0) << arguments;
    EXPECT_THAT(said.stderr_text, HasSubstr(message));
  }
}

}  // namespace
}  // namespace loam::trace
