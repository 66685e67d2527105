// Small but real runs of the matrix, with allocators that are broken: the file
// keeps to its schema, and one bad cell does not spoil the others.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <map>

#include "benchmarks/harness/runfiles.h"
#include "benchmarks/testing/run_matrix.h"
#include "nlohmann/json.hpp"
#include "valijson/adapters/nlohmann_json_adapter.hpp"
#include "valijson/schema.hpp"
#include "valijson/schema_parser.hpp"
#include "valijson/validator.hpp"

namespace loam::matrix {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;

std::string Library(const std::string &name) {
  return *Runfiles::Find("")->Path("benchmarks/testing/lib" + name + ".so");
}

// Whether `result` keeps to the schema; what is wrong is printed.
bool IsValid(const json &result) {
  const json schema_json =
      json::parse(ReadText(*Runfiles::Find("")->Path("benchmarks/schema/matrix-v1.schema.json")));
  valijson::Schema schema;
  valijson::SchemaParser(valijson::SchemaParser::kDraft7)
      .populateSchema(valijson::adapters::NlohmannJsonAdapter(schema_json), schema);
  valijson::ValidationResults problems;
  valijson::Validator validator;
  const bool valid =
      validator.validate(schema, valijson::adapters::NlohmannJsonAdapter(result), &problems);
  valijson::ValidationResults::Error problem;
  while (problems.popError(problem)) {
    std::string where;
    for (const std::string &part : problem.context) where += part;
    std::printf("%s: %s\n", where.c_str(), problem.description.c_str());
  }
  return valid;
}

// One run for all tests: broken allocators, over three workloads.
class MatrixResultTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    path_ = (fs::path(::testing::TempDir()) / "matrix_result.json").string();
    said_ = new Said(
        RunMatrix("--rounds 2 --latency_rounds 1 --timeout_s 20 --seed 3 --allocators "
                  "glibc,floor,broken,impostor"
                  " --workloads "
                  "micro/pair,micro/aligned,micro/realloc_growth,memory/comb,memory/phases"
                  ",program/sqlite_rows,trace/gcc_compile"
                  " --allocator broken=" +
                  Library("broken_malloc") + " --allocator impostor=" + Library("not_malloc") +
                  " --out " + path_));
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
    EXPECT_EQ(entry.at("settled_rss_bytes").is_number(), phases);
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
  EXPECT_EQ(again.stdout_text + "\n" + path_ + "\n", said_->stdout_text);
  const Said markdown = RunMatrix("--format markdown --print " + path_);
  EXPECT_EQ(markdown.exit_status, 0);
  EXPECT_THAT(markdown.stdout_text, HasSubstr("| | glibc | broken | impostor | floor |"));
}

TEST(MatrixInterruptTest, KeepsWhatWasMeasuredUntilThen) {
  const std::string path = (fs::path(::testing::TempDir()) / "interrupted.json").string();
  // The matrix is told to stop after two seconds of a run that takes hours.
  const Said said = RunMatrix("--rounds 10000 --allocators glibc --workloads micro/pair --out " +
                              path + " & sleep 2; kill -INT $!; wait $!");
  EXPECT_EQ(said.exit_status, 1);
  const json result = json::parse(ReadText(path), nullptr, false);
  ASSERT_TRUE(result.is_object());
  EXPECT_TRUE(IsValid(result));
  EXPECT_EQ(result.at("context").at("complete"), false);
}

}  // namespace
}  // namespace loam::matrix
