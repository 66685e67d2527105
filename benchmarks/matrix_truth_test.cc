// What is planted is found, and what the instrument says of memory is true.
//
// That it finds 3 % takes a quiet machine and more rounds than a test should
// run; README.md has the command. Here the plants are large.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <vector>

#include "absl/strings/str_cat.h"
#include "benchmarks/harness/machine.h"
#include "benchmarks/harness/process.h"
#include "benchmarks/harness/runfiles.h"
#include "benchmarks/harness/scratch_folder.h"
#include "benchmarks/statistics/statistics.h"
#include "benchmarks/testing/run_matrix.h"
#include "nlohmann/json.hpp"

namespace loam::matrix {
namespace {

using nlohmann::json;

constexpr int64_t kMebibyte = 1 << 20;
constexpr int64_t kGibibyte = 1 << 30;

// Compares a plant with the same library without it.
json RunPlanted(const std::string &plant, const std::string &workload, const std::string &flags) {
  const std::string out = absl::StrCat(::testing::TempDir(), "/planted_", plant, ".json");
  std::remove(out.c_str());
  const Said said = RunMatrix(absl::StrCat(
      "--threads 1 --timeout_s 600 --baseline_allocator plain --allocators plain",
      " --allocator plain=", LibraryForTests("planted_0"), " --allocator plant=",
      LibraryForTests("planted_" + plant), " --workloads ", workload, " --out ", out, " ", flags));
  EXPECT_EQ(said.exit_status, 0) << said.stderr_text;
  const json result = json::parse(ReadText(out), nullptr, false);
  for (const json &cell : result.at("cells")) {
    if (cell.at("allocator") == "plant") return cell;
  }
  return json();
}

TEST(MatrixTruthTest, AMallocThatTakesTwiceAsLongIsSlower) {
  // A machine that pauses our processes may hide even that, now and then.
  constexpr int kAttempts = 4;
  json time;
  for (int seed = 1; seed <= kAttempts; seed++) {
    time = RunPlanted("100", "micro/aligned", absl::StrCat("--rounds 15 --seed ", seed)).at("time");
    if (time.at("verdict") == "more") break;
  }
  EXPECT_EQ(time.at("verdict"), "more") << time;
  // malloc is most of this cell's time.
  EXPECT_GE(time.at("ratio"), 1.3);
  EXPECT_LE(time.at("ratio"), 3);
}

TEST(MatrixTruthTest, ALeakShowsInPeakRss) {
  const json cell = RunPlanted("leak", "micro/lifo_batch", "--rounds 6");
  EXPECT_EQ(cell.at("peak_rss").at("verdict"), "more");
  EXPECT_GE(cell.at("peak_rss").at("ratio"), 2);
}

// The peak of a process that holds so many bytes, in one repetition.
int64_t PeakHolding(int64_t bytes) {
  const Runfiles runfiles = *Runfiles::Find("");
  const ScratchFolder scratch = *ScratchFolder::Make();
  const ProcessRunner runner(*runfiles.Path("benchmarks/launcher/launcher"), scratch.path());
  Command command;
  command.words = {*runfiles.Path("benchmarks/testing/holder"), std::to_string(bytes)};
  command.timeout_ms = 600'000;
  const absl::StatusOr<Ending> ending = runner.Run(command);
  EXPECT_TRUE(ending.ok() && ending->kind == Ending::Kind::kDone);
  return ending.ok() ? ending->usage.peak_rss_bytes : 0;
}

// Linux counts pages for each processor and adds them up by the 32, so a process
// that moved to another in the wrong moment may look 124 KiB too small: as the
// matrix does, this takes the median of some repetitions, side by side.
double MedianPeakOver(int64_t bytes) {
  constexpr int kRepetitions = 31;
  std::vector<double> over;
  for (int i = 0; i < kRepetitions; i++) {
    over.push_back(static_cast<double>(PeakHolding(bytes) - PeakHolding(0)));
  }
  return statistics::Median(over);
}

// Whether that much can be held without harm.
bool HasMemory(int64_t bytes) {
  const auto available = Field(ReadText("/proc/meminfo"), "MemAvailable");
  return !available.is_null() &&
         std::atoll(available.get<std::string>().c_str()) * 1024 > 2 * bytes;
}

TEST(PeakRssTest, OfAMebibyteIsRightToFivePercent) {
  // Beside what the process takes when it holds nothing.
  EXPECT_NEAR(MedianPeakOver(kMebibyte) / kMebibyte, 1, 0.05);
}

TEST(PeakRssTest, OfAGibibyteIsRightToOnePercent) {
  if (!HasMemory(kGibibyte)) GTEST_SKIP() << "less than 2 GiB of memory are free";
  EXPECT_NEAR(static_cast<double>(PeakHolding(kGibibyte)) / kGibibyte, 1, 0.01);
}

}  // namespace
}  // namespace loam::matrix
