// Shards that are merged give what one run gives, and results are compared with
// what went before, all by the program's commands.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "absl/strings/str_cat.h"
#include "benchmarks/testing/run_matrix.h"
#include "benchmarks/testing/schema.h"
#include "nlohmann/json.hpp"

namespace loam::matrix {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;

constexpr char kPlan[] =
    "--rounds 6 --threads 1,2 --allocators glibc,floor"
    " --workloads micro/pair,micro/lifo_batch,threaded/server --out ";

// What does not depend on how fast things went.
std::vector<std::string> Skeleton(const json &result) {
  std::vector<std::string> lines;
  for (const json &cell : result.at("cells")) {
    lines.push_back(absl::StrCat(cell.at("name").get<std::string>(), " ",
                                 cell.at("status").get<std::string>()));
  }
  for (const json &entry : result.at("benchmarks")) {
    lines.push_back(absl::StrCat(entry.at("name").get<std::string>(), " ",
                                 entry.at("round").get<int>(), " ",
                                 entry.at("iterations").get<int64_t>()));
  }
  return lines;
}

// One whole run and its three shards, for all tests.
class MatrixShardsTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = ::testing::TempDir() + "/matrix_shards/";
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    ASSERT_EQ(RunMatrix(kPlan + folder_ + "whole.json").exit_status, 0);
    for (int shard = 0; shard < 3; shard++) {
      const Said said = RunMatrix(
          absl::StrCat(kPlan, folder_, shard, ".json --shard_count 3", " --shard_index ", shard));
      ASSERT_EQ(said.exit_status, 0) << said.stderr_text;
    }
  }

  static json Read(const std::string &name) {
    return json::parse(ReadText(folder_ + name), nullptr, false);
  }

  static void Write(const std::string &name, const json &result) {
    std::ofstream(folder_ + name) << result;
  }

  // "compare A B" and the like, with names in the folder.
  static Said Command(const std::string &command, const std::vector<std::string> &names,
                      const std::string &flags = "") {
    std::string words = command;
    for (const std::string &name : names) absl::StrAppend(&words, " ", folder_, name);
    return RunMatrix(words + " " + flags);
  }

  static std::string folder_;
};

std::string MatrixShardsTest::folder_;

TEST_F(MatrixShardsTest, MergedTheyAreOneRun) {
  const Said said = Command("merge", {"merged.json", "2.json", "0.json", "1.json"});
  ASSERT_EQ(said.exit_status, 0) << said.stderr_text;
  const json merged = Read("merged.json");
  EXPECT_TRUE(IsValid(merged));
  EXPECT_EQ(Skeleton(merged), Skeleton(Read("whole.json")));
  EXPECT_EQ(RunMatrix("--print " + folder_ + "merged.json").exit_status, 0);
}

TEST_F(MatrixShardsTest, EachIsValidAndHasAThird) {
  std::set<std::string> cells;
  for (const char *name : {"0.json", "1.json", "2.json"}) {
    const json shard = Read(name);
    EXPECT_TRUE(IsValid(shard));
    for (const json &cell : shard.at("cells")) {
      EXPECT_TRUE(cells.insert(cell.at("name").get<std::string>()).second) << cell.at("name");
    }
  }
  EXPECT_EQ(cells.size(), Read("whole.json").at("cells").size());
}

TEST_F(MatrixShardsTest, AMissingShardIsSaidAndNothingIsWritten) {
  const Said said = Command("merge", {"partial.json", "2.json", "0.json"});
  EXPECT_EQ(said.exit_status, 2);
  EXPECT_EQ(said.stderr_text, "matrix: shard 1 of 3 is missing\n");
  EXPECT_FALSE(fs::exists(folder_ + "partial.json"));
}

TEST_F(MatrixShardsTest, RowsOfAnotherMachineHaveTheirOwnTable) {
  json moved = Read("1.json");
  moved["context"]["host_name"] = "machine-0123456789ab";
  Write("moved.json", moved);
  const Said said = Command("merge", {"two.json", "0.json", "moved.json", "2.json"});
  ASSERT_EQ(said.exit_status, 0) << said.stderr_text;
  EXPECT_TRUE(IsValid(Read("two.json")));
  const Said tables = RunMatrix("--print " + folder_ + "two.json");
  EXPECT_THAT(tables.stdout_text, HasSubstr("Time, on machine-0123456789ab ("));
}

TEST_F(MatrixShardsTest, ASummaryHasTheSameTables) {
  ASSERT_EQ(Command("merge", {"summary.json", "whole.json"}, "--summary_only").exit_status, 0);
  EXPECT_TRUE(IsValid(Read("summary.json")));
  EXPECT_LT(fs::file_size(folder_ + "summary.json"), fs::file_size(folder_ + "whole.json") / 2);
  EXPECT_EQ(RunMatrix("--print " + folder_ + "summary.json").stdout_text,
            RunMatrix("--print " + folder_ + "whole.json").stdout_text);
}

// The floor's cells, `factor` times as slow.
json Slowed(json result, double factor) {
  for (json &entry : result["benchmarks"]) {
    if (entry.at("allocator") != "floor") continue;
    entry["work_wall_ns"] = static_cast<int64_t>(entry.at("work_wall_ns").get<double>() * factor);
  }
  return result;
}

TEST_F(MatrixShardsTest, CompareExitsWithOneForARegressionThatIsAskedFor) {
  Write("slow.json", Slowed(Read("whole.json"), 20));
  const Said slower = Command("compare", {"whole.json", "slow.json"}, "--fail_on_regression");
  EXPECT_EQ(slower.exit_status, 1);
  EXPECT_THAT(slower.stdout_text, HasSubstr("WORSE        floor/micro/pair/threads:1"));
  EXPECT_EQ(Command("compare", {"whole.json", "slow.json"}).exit_status, 0);
  const Said faster = Command("compare", {"slow.json", "whole.json"}, "--fail_on_regression");
  EXPECT_EQ(faster.exit_status, 0);
  EXPECT_THAT(faster.stdout_text, HasSubstr("better       floor/micro/pair/threads:1"));
  const Said same = Command("compare", {"whole.json", "whole.json"}, "--fail_on_regression");
  EXPECT_EQ(same.exit_status, 0);
}

TEST_F(MatrixShardsTest, CompareRefusesAnotherMachine) {
  json moved = Read("whole.json");
  moved["context"]["host_name"] = "machine-0123456789ab";
  Write("elsewhere.json", moved);
  const Said said = Command("compare", {"whole.json", "elsewhere.json"});
  EXPECT_EQ(said.exit_status, 2);
  EXPECT_THAT(said.stderr_text, HasSubstr("different machines"));
}

TEST_F(MatrixShardsTest, ABaselineIsComparedWithAtTheEnd) {
  // What is measured now is far faster than that.
  Write("slow.json", Slowed(Read("whole.json"), 20));
  const Said said =
      RunMatrix(absl::StrCat(kPlan, folder_, "now.json --fail_on_regression --baseline ", folder_,
                             "slow.json --workloads micro/lifo_batch"));
  EXPECT_THAT(said.stdout_text, HasSubstr("better       floor/micro/lifo_batch/threads:1"));
  EXPECT_NE(said.exit_status, 2) << said.stderr_text;
  EXPECT_TRUE(fs::exists(folder_ + "now.json"));
}

}  // namespace
}  // namespace loam::matrix
