// The launcher, through the class that the matrix uses it by.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <vector>

#include "benchmarks/harness/process.h"
#include "benchmarks/harness/runfiles.h"
#include "benchmarks/harness/scratch_folder.h"

namespace loam::matrix {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kMebibyte = 1 << 20;
constexpr int64_t kPlentyMs = 60'000;

class LauncherTest : public ::testing::Test {
 protected:
  LauncherTest()
      : runfiles_(*Runfiles::Find("")),
        scratch_(*ScratchFolder::Make()),
        runner_(*runfiles_.Path("benchmarks/launcher/launcher"), scratch_.path()) {}

  Ending Run(const std::vector<std::string> &words) {
    Command command;
    command.words = words;
    command.words.insert(command.words.begin(), *runfiles_.Path("benchmarks/launcher/child"));
    command.wants_stdout = true;
    command.timeout_ms = kPlentyMs;
    return Run(command);
  }

  Ending Run(const Command &command) {
    const absl::StatusOr<Ending> ending = runner_.Run(command);
    EXPECT_TRUE(ending.ok()) << ending.status();
    return ending.ok() ? *ending : Ending();
  }

  Runfiles runfiles_;
  ScratchFolder scratch_;
  ProcessRunner runner_;
};

TEST_F(LauncherTest, ThePeakIsTheChildsAlsoWhenWeAreLarge) {
  std::vector<char> large(static_cast<size_t>(256 * kMebibyte), 1);
  const Ending ending = Run({"hold", std::to_string(64 * kMebibyte)});
  EXPECT_EQ(ending.kind, Ending::Kind::kDone) << ending.message;
  EXPECT_GE(ending.usage.peak_rss_bytes, 64 * kMebibyte);
  EXPECT_LE(ending.usage.peak_rss_bytes, 70 * kMebibyte);
  EXPECT_GE(ending.usage.minor_faults, 1);
  EXPECT_EQ(large.back(), 1);
}

TEST_F(LauncherTest, ASmallChildHasASmallPeak) {
  std::vector<char> large(static_cast<size_t>(256 * kMebibyte), 1);
  EXPECT_LE(Run({"exit", "0"}).usage.peak_rss_bytes, 8 * kMebibyte);
  EXPECT_EQ(large.back(), 1);
}

TEST_F(LauncherTest, MemoryIsReadOverTimeWhenAsked) {
  for (const char *who : {"stay", "stay_nested"}) {
    Command command;
    command.words = {*runfiles_.Path("benchmarks/launcher/child"), who,
                     std::to_string(16 * kMebibyte), "600"};
    command.timeout_ms = kPlentyMs;
    EXPECT_TRUE(Run(command).usage.rss_samples.empty());
    command.sample_ms = 2;
    const Usage usage = Run(command).usage;
    // A machine that pauses us takes fewer samples.
    ASSERT_GE(usage.rss_samples.size(), 3u);
    EXPECT_LE(usage.rss_samples.size(), 128u);
    int64_t before_ns = 0;
    int64_t most_bytes = 0;
    for (const RssSample &sample : usage.rss_samples) {
      EXPECT_GT(sample.time_ns, before_ns);
      EXPECT_LE(sample.time_ns, usage.wall_ns);
      EXPECT_LE(sample.rss_bytes, usage.peak_rss_bytes + kMebibyte);
      before_ns = sample.time_ns;
      most_bytes = std::max(most_bytes, sample.rss_bytes);
    }
    EXPECT_GE(most_bytes, 16 * kMebibyte) << who;
    EXPECT_GE(usage.mean_rss_bytes.value_or(0), 8 * kMebibyte);
    EXPECT_LE(usage.mean_rss_bytes.value_or(0), usage.peak_rss_bytes + kMebibyte);
  }
}

TEST_F(LauncherTest, ALongRunHasNoMoreSamples) {
  Command command;
  command.words = {*runfiles_.Path("benchmarks/launcher/child"), "stay", "1000000", "1200"};
  command.timeout_ms = kPlentyMs;
  command.sample_ms = 1;
  const Usage usage = Run(command).usage;
  EXPECT_LE(usage.rss_samples.size(), 128u);
  EXPECT_GE(usage.rss_samples.back().time_ns, 600'000'000);
}

// Where the machine has no counters, nothing is said, and never zero.
TEST_F(LauncherTest, CountersCountOrSayNothing) {
  const Usage usage = Run({"exit", "0"}).usage;
  if (!usage.instructions) GTEST_SKIP() << "no counters here";
  EXPECT_GE(*usage.instructions, 1000);
  EXPECT_GE(usage.cycles.value_or(1000), 1000);
}

TEST_F(LauncherTest, ACrashIsReportedWithTheSignalAndTheLastLine) {
  const Ending ending = Run({"complain"});
  EXPECT_EQ(ending.kind, Ending::Kind::kFailed);
  EXPECT_THAT(ending.message, HasSubstr("Aborted"));
  EXPECT_THAT(ending.message, HasSubstr(": the reason"));
  EXPECT_EQ(ending.message.find('\n'), std::string::npos);
}

TEST_F(LauncherTest, AnExitStatusIsReported) {
  const Ending ending = Run({"exit", "7"});
  EXPECT_EQ(ending.kind, Ending::Kind::kFailed);
  EXPECT_EQ(ending.message, "exit status 7");
}

TEST_F(LauncherTest, AHangIsEndedWithAllThatItStarted) {
  Command command;
  command.words = {*runfiles_.Path("benchmarks/launcher/child"), "hang"};
  command.wants_stdout = true;
  command.timeout_ms = 500;
  const Ending ending = Run(command);
  EXPECT_EQ(ending.kind, Ending::Kind::kTimedOut);
  EXPECT_EQ(ending.message, "still running after 500 ms");
  const pid_t grandchild = std::atoi(ending.stdout_text.c_str());
  ASSERT_GT(grandchild, 1);
  // It was killed; whoever inherited it may take a moment to reap it.
  for (int i = 0; i < 200; i++) {
    std::ifstream stat("/proc/" + std::to_string(grandchild) + "/stat");
    std::string line;
    std::getline(stat, line);
    if (!stat || line.find(") Z ") != std::string::npos) return;
    usleep(10'000);
  }
  ADD_FAILURE() << "process " << grandchild << " is still there";
}

TEST_F(LauncherTest, AProgramThatIsNotThereIsReported) {
  Command command;
  command.words = {"/nonexistent/program"};
  command.timeout_ms = kPlentyMs;
  const Ending ending = Run(command);
  EXPECT_EQ(ending.kind, Ending::Kind::kFailed);
  EXPECT_THAT(ending.message, HasSubstr("No such file or directory"));
}

TEST_F(LauncherTest, OnlyTheChildSeesThePreload) {
  Command command;
  command.words = {*runfiles_.Path("benchmarks/launcher/child"), "show", "LD_PRELOAD"};
  command.wants_stdout = true;
  command.timeout_ms = kPlentyMs;
  ASSERT_EQ(setenv("LD_PRELOAD", "", 1), 0);
  EXPECT_EQ(Run(command).stdout_text, "(unset)\n");
  unsetenv("LD_PRELOAD");
  command.preload = *runfiles_.Path("benchmarks/floor/libfloor.so");
  EXPECT_EQ(Run(command).stdout_text, command.preload + "\n");
}

TEST_F(LauncherTest, VariablesAndInputReachTheChild) {
  const std::string input = scratch_.path() + "/input";
  std::ofstream(input) << "some text";
  Command command;
  command.words = {*runfiles_.Path("benchmarks/launcher/child"), "copy"};
  command.stdin_path = input;
  command.wants_stdout = true;
  command.timeout_ms = kPlentyMs;
  EXPECT_EQ(Run(command).stdout_text, "some text");
  command.words[1] = "show";
  command.words.push_back("COLOUR");
  command.environment = {"COLOUR=dark=blue"};
  EXPECT_EQ(Run(command).stdout_text, "dark=blue\n");
}

TEST_F(LauncherTest, RefusesOptionsThatItDoesNotKnow) {
  const std::string launcher = *runfiles_.Path("benchmarks/launcher/launcher");
  for (const char *arguments : {"--nonsense 1 -- /bin/true", "--timeout_ms soon -- /bin/true",
                                "--sample_ms often -- /bin/true", "--timeout_ms",
                                "--env NAME -- /bin/true", "--timeout_ms 5 --"}) {
    const int status =
        std::system((launcher + " " + std::string(arguments) + " 2>/dev/null").c_str());
    EXPECT_EQ(WEXITSTATUS(status), 2) << arguments;
  }
}

}  // namespace
}  // namespace loam::matrix
