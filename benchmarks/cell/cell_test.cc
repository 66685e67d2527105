// The cell as the matrix starts it: every workload does its work, gives all of
// it back, and does the same again for the same seed.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "benchmarks/harness/process.h"
#include "benchmarks/harness/runfiles.h"
#include "benchmarks/harness/scratch_folder.h"
#include "benchmarks/harness/workloads.h"
#include "nlohmann/json.hpp"

namespace loam::matrix {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

class CellTest : public ::testing::Test {
 protected:
  CellTest()
      : runfiles_(*Runfiles::Find("")),
        scratch_(*ScratchFolder::Make()),
        runner_(*runfiles_.Path("benchmarks/launcher/launcher"), scratch_.path()),
        cell_(*runfiles_.Path("benchmarks/cell/cell")) {}

  Ending Run(const std::vector<std::string> &arguments) {
    Command command;
    command.words = arguments;
    command.words.insert(command.words.begin(), cell_);
    command.wants_stdout = true;
    command.timeout_ms = 120'000;
    return *runner_.Run(command);
  }

  json Answer(const std::string &workload, int threads, const std::string &seed) {
    const Ending ending = Run({workload, std::to_string(threads), seed});
    EXPECT_EQ(ending.kind, Ending::Kind::kDone) << workload << ": " << ending.message;
    return json::parse(ending.stdout_text, nullptr, false);
  }

  Runfiles runfiles_;
  ScratchFolder scratch_;
  ProcessRunner runner_;
  std::string cell_;
};

TEST_F(CellTest, EveryWorkloadSaysWhatItStressesAndRuns) {
  const std::vector<Workload> workloads = *CellWorkloads(runner_, cell_);
  EXPECT_GE(workloads.size(), 23u);
  for (const Workload &workload : workloads) {
    EXPECT_FALSE(workload.stresses.empty());
    EXPECT_FALSE(workload.stands_for.empty());
    const json answer = Answer(workload.name, 1, "42");
    ASSERT_TRUE(answer.is_object()) << workload.name;
    EXPECT_GT(answer.at("operations"), 0) << workload.name;
    EXPECT_GT(answer.at("wall_ns"), 0) << workload.name;
    EXPECT_GT(answer.at("live_peak_bytes"), 0) << workload.name;
    EXPECT_GE(answer.at("peak_rss_bytes"), answer.at("end_rss_bytes")) << workload.name;
    EXPECT_EQ(answer.at("trough_rss_bytes") > 0, workload.Family() == "memory") << workload.name;
    EXPECT_THAT(answer.at("malloc").get<std::string>(), HasSubstr("libc"));
  }
}

TEST_F(CellTest, ASeedDecidesTheWork) {
  for (const char *workload :
       {"micro/random_order", "micro/sized_delete", "micro/small_tree", "threaded/server",
        "threaded/producer_consumer", "threaded/one_to_many", "threaded/mixed_lifetimes",
        "memory/phases", "memory/cache_churn", "memory/peak_trough"}) {
    // Some do as many steps whatever the seed, some hold as much at their peak.
    const auto work = [&](const char *seed) {
      const json answer = Answer(workload, 1, seed);
      return std::pair<int64_t, int64_t>(answer.at("operations"), answer.at("live_peak_bytes"));
    };
    const auto first = work("7");
    EXPECT_EQ(first, work("7")) << workload;
    EXPECT_NE(first, work("8")) << workload;
  }
}

TEST_F(CellTest, ThreadsShareOneFixedAmountOfWork) {
  const std::vector<Workload> workloads = *CellWorkloads(runner_, cell_);
  for (const Workload &workload : workloads) {
    if (!workload.threaded) continue;
    const json one = Answer(workload.name, 1, "7");
    for (int threads : {2, 3, 5}) {
      EXPECT_EQ(one.at("operations"), Answer(workload.name, threads, "7").at("operations"))
          << workload.name << " x" << threads;
    }
  }
}

TEST_F(CellTest, ATroughSettlesWhereItIsAskedTo) {
  for (const char *workload : {"memory/peak_trough", "memory/phases", "memory/cache_churn"}) {
    EXPECT_EQ(Answer(workload, 1, "7").at("settled_rss_bytes"), -1) << workload;
    const Ending ending = Run({"--settle", workload, "1", "7"});
    EXPECT_EQ(ending.kind, Ending::Kind::kDone) << ending.message;
    const json settled = json::parse(ending.stdout_text, nullptr, false);
    EXPECT_GT(settled.at("settled_rss_bytes"), 0) << workload;
    // The wait is no work.
    EXPECT_GE(ending.usage.wall_ns - settled.at("wall_ns").get<int64_t>(), 1'500'000'000);
  }
}

TEST_F(CellTest, PhasesSayWhatWasHeldAndResidentAtTheEndOfEach) {
  const json points = Answer("memory/phases", 1, "7").at("memory_points");
  EXPECT_GE(points.size(), 5u);
  for (const json &point : points) {
    EXPECT_GT(point.at(0), 8 << 20);
    EXPECT_GT(point.at(1), point.at(0));
  }
}

TEST_F(CellTest, TheOneThatTimesCallsTimesThemAll) {
  EXPECT_TRUE(Answer("micro/pair", 1, "7").at("latency").is_null());
  cell_ = *runfiles_.Path("benchmarks/cell/cell_latency");
  for (const char *workload : {"micro/aligned", "micro/calloc", "micro/sized_delete",
                               "threaded/server", "threaded/thread_churn"}) {
    for (int threads : {1, 3}) {
      if (threads > 1 && std::string(workload).rfind("threaded/", 0) != 0) continue;
      const json answer = Answer(workload, threads, "7");
      for (const char *call : {"malloc", "free"}) {
        EXPECT_EQ(answer.at("latency").at(call).at("count"), answer.at("operations"))
            << workload << " x" << threads;
      }
      EXPECT_GT(answer.at("latency").at("clock_ns"), 0);
    }
  }
}

TEST_F(CellTest, IsLean) {
  // So that what is resident is the allocator's: a process of libc alone has
  // about 1.5 MiB.
  EXPECT_LE(Answer("micro/pair", 1, "1").at("start_rss_bytes"), 3 << 20);
}

TEST_F(CellTest, TheProbeNamesTheLibraryThatServesMallocAndFree) {
  Command command;
  command.words = {cell_, "--probe"};
  command.preload = *runfiles_.Path("benchmarks/floor/libfloor.so");
  command.wants_stdout = true;
  command.timeout_ms = 10'000;
  const json answer = json::parse(runner_.Run(command)->stdout_text);
  EXPECT_EQ(answer.at("malloc"), command.preload);
  EXPECT_EQ(answer.at("free"), command.preload);
}

TEST_F(CellTest, RefusesWhatItDoesNotKnow) {
  for (const std::vector<std::string> &arguments :
       std::vector<std::vector<std::string>>{{},
                                             {"micro/nonsense", "1", "1"},
                                             {"micro/pair", "2", "1"},
                                             {"threaded/server", "0", "1"},
                                             {"threaded/server", "many", "1"},
                                             {"threaded/server", "1", "-1"},
                                             {"--settle"},
                                             {"--nonsense"}}) {
    const Ending ending = Run(arguments);
    EXPECT_EQ(ending.kind, Ending::Kind::kFailed);
    EXPECT_THAT(ending.message, HasSubstr("exit status 2: cell: "));
  }
}

}  // namespace
}  // namespace loam::matrix
