#include "benchmarks/harness/results/read_result.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "benchmarks/harness/result_json.h"
#include "benchmarks/harness/results/made_up_result.h"

namespace loam::matrix {
namespace {

using Json = nlohmann::ordered_json;
using ::testing::HasSubstr;

Json Written(const Result &result) {
  return ResultJson(result.matrix, Summarise(result.matrix, 1), result.context);
}

TEST(ParseResultTest, ComesBackAsItWas) {
  Result result = MadeUpResult();
  result.matrix.cells[1].status = CellStatus::kFailed;
  result.matrix.cells[1].message = "killed by Aborted";
  result.matrix.complete = false;
  const Json written = Written(result);
  EXPECT_EQ(Written(*ParseResult(written)), written);
}

TEST(ParseResultTest, SeveralMachinesComeBackToo) {
  Result result = MadeUpResult();
  result.matrix.machines = {"machine-0", "machine-1"};
  result.matrix.cells[4].machine = result.matrix.cells[5].machine = 1;
  result.context["machines"] = {{{"host_name", "machine-0"}}, {{"host_name", "machine-1"}}};
  const Json written = Written(result);
  EXPECT_EQ(written.at("geomeans").size(), 4u);
  EXPECT_EQ(Written(*ParseResult(written)), written);
}

TEST(ParseResultTest, WhatIsNoResultIsAnError) {
  EXPECT_FALSE(ParseResult(Json::parse("nonsense", nullptr, false)).ok());
  EXPECT_FALSE(ParseResult(Json::parse("{\"schema\":7}")).ok());
  Json damaged = Written(MadeUpResult());
  damaged["cells"][0]["status"] = "fine";
  EXPECT_THAT(std::string(ParseResult(damaged).status().message()),
              HasSubstr("a damaged result file: \"fine\" is unknown"));
  Json stranger = Written(MadeUpResult());
  stranger["benchmarks"][0]["name"] = "unheard/of";
  EXPECT_FALSE(ParseResult(stranger).ok());
}

TEST(ReadResultTest, ErrorsNameTheFile) {
  EXPECT_EQ(ReadResult("/nonexistent.json").status().message(), "cannot read /nonexistent.json");
  EXPECT_THAT(std::string(ReadResult("/dev/null").status().message()),
              HasSubstr("/dev/null: not a result file"));
}

}  // namespace
}  // namespace loam::matrix
