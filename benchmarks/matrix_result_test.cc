// Small but real runs of the matrix, with allocators that are broken: the file
// keeps to its schema, and one bad cell does not spoil the others.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include "benchmarks/testing/run_matrix.h"
#include "benchmarks/testing/schema.h"
#include "nlohmann/json.hpp"

namespace loam::matrix {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

// One run for all tests: broken allocators, over three workloads.
class MatrixResultTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    path_ = (fs::path(::testing::TempDir()) / "matrix_result.json").string();
    said_ = new Said(RunMatrix(
        "--rounds 2 --settled_rounds 1 --latency_rounds 1 --system_call_rounds 1 --timeout_s 20 "
        "--seed 3 --allocators glibc,floor,broken,impostor"
        " --workloads "
        "micro/pair,micro/aligned,micro/realloc_growth,memory/comb,memory/phases"
        ",program/sqlite_rows,trace/gcc_compile"
        " --allocator broken=" +
        LibraryForTests("broken_malloc") +
        " --allocator impostor=" + LibraryForTests("not_malloc") + " --out " + path_));
    result_ = new json(json::parse(ReadText(path_), nullptr, false));
  }

  static json Cell(const std::string &name) {
    for (const json &cell : result_->at("cells")) {
      if (cell.at("name") == name) return cell;
    }
    ADD_FAILURE() << "no cell " << name;
    return json();
  }

  static std::string path_;
  static Said *said_;
  static json *result_;
};

std::string MatrixResultTest::path_;
Said *MatrixResultTest::said_;
json *MatrixResultTest::result_;

TEST_F(MatrixResultTest, EndsWellAndNamesTheFile) {
  EXPECT_EQ(said_->exit_status, 0) << said_->stderr_text;
  EXPECT_THAT(said_->stdout_text, HasSubstr("\n" + path_ + "\n"));
}

TEST_F(MatrixResultTest, KeepsToTheSchema) { EXPECT_TRUE(IsValid(*result_)); }

TEST_F(MatrixResultTest, TheSchemaFindsWhatIsWrong) {
  const std::map<std::string, json> damages = {
      {"/schema", "loam-matrix-v0"},       {"/context/rounds", 0},
      {"/context/commit", "not a hash"},   {"/allocators/0/sha256", "abc"},
      {"/allocators/0/kind", "friend"},    {"/cells/0/status", "fine"},
      {"/cells/0/time/verdict", "maybe"},  {"/benchmarks/0/peak_rss_bytes", nullptr},
      {"/benchmarks/0/real_time", "fast"}, {"/benchmarks", nullptr},
  };
  for (const auto &[place, value] : damages) {
    json damaged = *result_;
    damaged[json::json_pointer(place)] = value;
    EXPECT_FALSE(IsValid(damaged)) << place;
  }
  json short_of_a_field = *result_;
  short_of_a_field["benchmarks"][0].erase("minor_faults");
  EXPECT_FALSE(IsValid(short_of_a_field));
}

TEST_F(MatrixResultTest, HasEveryRepetitionOfTheCellsThatRan) {
  std::map<std::string, int> repetitions;
  for (const json &entry : result_->at("benchmarks")) {
    repetitions[entry.at("name").get<std::string>()]++;
    EXPECT_GT(entry.at("real_time"), 0);
    EXPECT_GT(entry.at("peak_rss_bytes"), 0);
  }
  for (const char *name : {"glibc/micro/pair/threads:1", "floor/micro/pair/threads:1",
                           "broken/micro/pair/threads:1", "glibc/program/sqlite_rows/threads:1"}) {
    EXPECT_EQ(repetitions[name], 2) << name;
    EXPECT_EQ(Cell(name).at("status"), "ok");
  }
}

TEST_F(MatrixResultTest, ShowsTheTroughAtOnceAndSettled) {
  const json cell = Cell("glibc/memory/phases/threads:1");
  for (const char *metric : {"trough_rss", "settled_rss", "end_rss"}) {
    EXPECT_GT(cell.at(metric).at("median"), 0) << metric;
  }
  for (const json &entry : result_->at("benchmarks")) {
    const bool phases = entry.at("workload") == "memory/phases";
    EXPECT_EQ(entry.at("settled_rss_bytes").is_number(), phases && entry.at("round") == 0);
    EXPECT_EQ(entry.at("memory_points").empty(), !phases);
  }
  EXPECT_THAT(said_->stdout_text, HasSubstr("RSS in the trough, settled"));
}

TEST_F(MatrixResultTest, TimesSingleCallsInTheRoundsThatAreAskedTo) {
  for (const json &entry : result_->at("benchmarks")) {
    const bool micro = entry.at("workload").get<std::string>().rfind("micro/", 0) == 0;
    EXPECT_EQ(entry.at("latency").is_object(), micro && entry.at("round") == 0) << entry;
    if (entry.at("latency").is_null()) continue;
    EXPECT_EQ(entry.at("latency").at("malloc").at("count"), entry.at("iterations")) << entry;
    for (const char *call : {"malloc", "free"}) {
      const json latency = entry.at("latency").at(call);
      EXPECT_LE(latency.at("p50_ns"), latency.at("p99_99_ns"));
      EXPECT_LE(latency.at("p99_99_ns"), latency.at("max_ns"));
    }
  }
  EXPECT_GT(Cell("glibc/micro/pair/threads:1").at("malloc_p99_9").at("median"), 0);
  EXPECT_THAT(said_->stdout_text, HasSubstr("Latency of malloc, median"));
}

TEST_F(MatrixResultTest, ReadsMemoryOverTimeAndWhatExplainsTheRest) {
  for (const json &entry : result_->at("benchmarks")) {
    const bool is_trace = entry.at("workload").get<std::string>().rfind("trace/", 0) == 0;
    EXPECT_FALSE(is_trace && entry.at("rss_samples").is_array());
    if (entry.at("rss_samples").is_null()) continue;
    EXPECT_GT(entry.at("rss_samples").at(0).at(1), 0);
    for (const json &counted : {entry.at("cycles"), entry.at("instructions")}) {
      EXPECT_TRUE(counted.is_null() || counted > 0);
    }
  }
  const json phases = Cell("glibc/memory/phases/threads:1");
  EXPECT_GT(phases.at("mean_rss").at("median"), 8 << 20);
  EXPECT_LT(phases.at("mean_rss").at("median"), phases.at("peak_rss").at("median"));
  EXPECT_GT(phases.at("peak_fragmentation").at("median"), 0.9);
  EXPECT_LT(phases.at("peak_fragmentation").at("median"), 5);
  EXPECT_GT(phases.at("end_fragmentation").at("median"), 0.9);
  EXPECT_GT(phases.at("page_faults").at("median"), 1000);
  // One block of a few bytes says nothing of fragmentation.
  EXPECT_TRUE(Cell("glibc/micro/pair/threads:1").at("peak_fragmentation").is_null());
  EXPECT_THAT(said_->stdout_text, Not(HasSubstr("Page faults")));
  EXPECT_THAT(RunMatrix("--all --print " + path_).stdout_text, HasSubstr("Page faults"));
}

TEST_F(MatrixResultTest, CountsSystemCallsInTheRoundsThatAreAskedTo) {
  bool counted = false;
  for (const json &entry : result_->at("benchmarks")) {
    const json &calls = entry.at("system_calls");
    if (calls.is_null()) continue;
    counted = true;
    EXPECT_EQ(entry.at("round"), 0);
    EXPECT_GE(calls.at("mmap"), 1) << entry;
  }
  if (!counted) GTEST_SKIP() << "no strace here";
  EXPECT_GT(Cell("glibc/memory/phases/threads:1").at("system_calls").at("median"), 20);
}

// What compare.py and other readers of Google Benchmark's files look at.
TEST_F(MatrixResultTest, HasGoogleBenchmarksFields) {
  const json &context = result_->at("context");
  for (const char *field : {"date", "host_name", "library_build_type"}) {
    EXPECT_TRUE(context.at(field).is_string()) << field;
  }
  EXPECT_TRUE(context.at("num_cpus").is_number_integer());
  EXPECT_TRUE(context.at("load_avg").is_array());
  ASSERT_FALSE(result_->at("benchmarks").empty());
  for (const json &entry : result_->at("benchmarks")) {
    EXPECT_EQ(entry.at("run_type"), "iteration");
    EXPECT_EQ(entry.at("run_name"), entry.at("name"));
    EXPECT_EQ(entry.at("time_unit"), "ns");
    EXPECT_TRUE(entry.at("iterations").is_number_integer());
    EXPECT_TRUE(entry.at("repetition_index").is_number_integer());
    EXPECT_EQ(entry.at("repetitions"), 2);
    EXPECT_NEAR(entry.at("real_time").get<double>() * entry.at("iterations").get<double>(),
                entry.at("work_wall_ns").get<double>(), 1);
    EXPECT_NEAR(entry.at("cpu_time").get<double>() * entry.at("iterations").get<double>(),
                entry.at("work_cpu_ns").get<double>(), 1);
  }
}

TEST_F(MatrixResultTest, SaysOnWhatItWasMeasured) {
  const json &context = result_->at("context");
  for (const char *field : {"machine", "kernel", "libc", "compiler", "cell_flags", "suite"}) {
    EXPECT_FALSE(context.at(field).get<std::string>().empty()) << field;
  }
  for (const char *field : {"cpu_model", "cpu_governor", "transparent_huge_pages", "commit"}) {
    EXPECT_TRUE(context.contains(field)) << field;
  }
  EXPECT_EQ(context.at("seed"), 3);
  EXPECT_EQ(context.at("rounds"), 2);
  EXPECT_EQ(context.at("arguments").at(0), "--rounds");
}

TEST_F(MatrixResultTest, ACrashIsMarkedAndTheOthersGoOn) {
  const json crashed = Cell("broken/micro/aligned/threads:1");
  EXPECT_EQ(crashed.at("status"), "failed");
  EXPECT_THAT(crashed.at("message").get<std::string>(), HasSubstr("killed by Aborted"));
  EXPECT_TRUE(crashed.at("time").is_null());
  EXPECT_EQ(Cell("glibc/micro/aligned/threads:1").at("status"), "ok");
  EXPECT_THAT(said_->stdout_text, HasSubstr("FAILED"));
}

TEST_F(MatrixResultTest, AHangIsMarked) {
  const json hung = Cell("broken/micro/realloc_growth/threads:1");
  EXPECT_EQ(hung.at("status"), "timed_out");
  EXPECT_THAT(said_->stdout_text, HasSubstr("TIMEOUT"));
}

TEST_F(MatrixResultTest, APreloadThatDoesNotServeMallocIsFoundOut) {
  for (const char *name :
       {"impostor/micro/pair/threads:1", "impostor/program/sqlite_rows/threads:1"}) {
    const json cell = Cell(name);
    EXPECT_EQ(cell.at("status"), "failed");
    EXPECT_THAT(cell.at("message").get<std::string>(), HasSubstr("malloc was served by "));
  }
}

TEST_F(MatrixResultTest, WhatCannotRunIsSkippedWithAReason) {
  const json skipped = Cell("floor/memory/comb/threads:1");
  EXPECT_EQ(skipped.at("status"), "skipped");
  EXPECT_THAT(skipped.at("message").get<std::string>(), HasSubstr("the floor runs"));
}

TEST_F(MatrixResultTest, PrintsTheSameTablesAgain) {
  const Said again = RunMatrix("--print " + path_);
  EXPECT_EQ(again.exit_status, 0);
  const std::string report = fs::path(path_).replace_extension(".html").string();
  EXPECT_EQ(again.stdout_text + "\n" + path_ + "\n" + report + "\n", said_->stdout_text);
  const Said markdown = RunMatrix("--format markdown --print " + path_);
  EXPECT_EQ(markdown.exit_status, 0);
  EXPECT_THAT(markdown.stdout_text, HasSubstr("| | glibc | broken | impostor | floor |"));
}

}  // namespace
}  // namespace loam::matrix
