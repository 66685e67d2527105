#include "benchmarks/harness/results/merge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "benchmarks/harness/plan.h"
#include "benchmarks/harness/result_json.h"
#include "benchmarks/harness/results/made_up_result.h"
#include "benchmarks/harness/table.h"

namespace loam::matrix {
namespace {

using Json = nlohmann::ordered_json;
using ::testing::HasSubstr;

const std::vector<std::string> kNames = {"a.json", "b.json", "c.json"};

Json Written(const Result &result) {
  return ResultJson(result.matrix, Summarise(result.matrix, 1), result.context);
}

// A shard of the made-up run, by way of its file.
Result Shard(int index, int count) {
  Result result = MadeUpResult();
  KeepShard(index, count, &result.matrix.cells);
  result.context["shard_index"] = index;
  result.context["shard_count"] = count;
  return *ParseResult(Written(result));
}

std::string WhyNot(const std::vector<Result> &shards) {
  return std::string(MergeShards(shards, kNames).status().message());
}

TEST(MergeShardsTest, GivesWhatOneRunWouldHaveGiven) {
  for (int count : {1, 2, 3}) {
    std::vector<Result> shards;
    for (int i = 0; i < count; i++) shards.insert(shards.begin(), Shard(i, count));
    const absl::StatusOr<Result> merged = MergeShards(shards, kNames);
    ASSERT_TRUE(merged.ok()) << merged.status();
    EXPECT_EQ(Written(*merged), Written(MadeUpResult()));
  }
}

TEST(MergeShardsTest, RowsOfDifferentMachinesStayApart) {
  std::vector<Result> shards = {Shard(0, 2), Shard(1, 2)};
  shards[1].context["host_name"] = "machine-1";
  shards[1].context["cpu_model"] = "Another processor";
  shards[1].matrix.machines = {"machine-1"};
  const Json merged = Written(*ParseResult(Written(*MergeShards(shards, kNames))));
  EXPECT_EQ(merged.at("context").at("machines").size(), 2u);
  for (const Json &cell : merged.at("cells")) {
    const bool second_row = cell.at("workload") == "threaded/server" && cell.at("threads") == 1;
    EXPECT_EQ(cell.at("machine"), second_row ? "machine-1" : "machine-0");
  }
  ASSERT_EQ(merged.at("geomeans").size(), 4u);
  EXPECT_EQ(merged.at("geomeans")[1].at("machine"), "machine-0");
  EXPECT_EQ(merged.at("geomeans")[1].at("time").at("cells"), 2);
  EXPECT_EQ(merged.at("geomeans")[3].at("machine"), "machine-1");
  EXPECT_EQ(merged.at("geomeans")[3].at("time").at("cells"), 1);
  const Report report = *ReadReport(merged);
  ASSERT_EQ(report.tables.size(), 6u);
  EXPECT_EQ(report.tables[0].title, "Time, on machine-0 (A processor, 2 processors)");
  EXPECT_EQ(report.tables[0].rows.size(), 2u);
  EXPECT_EQ(report.tables[1].title, "Time, on machine-1 (Another processor, 2 processors)");
  EXPECT_EQ(report.tables[1].rows.size(), 1u);
  EXPECT_EQ(report.tables[1].geomean.cells.size(), 2u);
}

TEST(MergeShardsTest, SaysWhichShardIsMissingOrThereTwice) {
  EXPECT_EQ(WhyNot({Shard(0, 3), Shard(2, 3)}), "shard 1 of 3 is missing");
  EXPECT_EQ(WhyNot({Shard(0, 2), Shard(0, 2)}), "b.json is shard 0 of 2, which is there already");
}

TEST(MergeShardsTest, RefusesShardsOfAnotherRun) {
  std::vector<Result> shards = {Shard(0, 2), Shard(1, 2)};
  shards[1].context["seed"] = 5;
  EXPECT_EQ(WhyNot(shards),
            "b.json is no shard of the run that a.json is of: its seed is 5, not 1");
  shards = {Shard(0, 2), Shard(1, 2)};
  shards[1].matrix.allocators[1].sha256 = std::string(64, 'd');
  EXPECT_THAT(WhyNot(shards), HasSubstr("its allocator peer is \"dddd"));
  shards = {Shard(0, 2), Shard(1, 2)};
  shards[1].matrix.allocators.pop_back();
  EXPECT_THAT(WhyNot(shards), HasSubstr("its allocator peer is null"));
}

TEST(MergeShardsTest, OneThatWasInterruptedMakesAllIncomplete) {
  std::vector<Result> shards = {Shard(0, 2), Shard(1, 2)};
  shards[1].matrix.complete = false;
  EXPECT_FALSE(MergeShards(shards, kNames)->matrix.complete);
}

}  // namespace
}  // namespace loam::matrix
