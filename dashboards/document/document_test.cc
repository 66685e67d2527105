#include "dashboards/document/document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dashboards/document/summary.h"
#include "dashboards/testing/made_up_run.h"

namespace loam::dashboards {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

TEST(DocumentTest, WhatTheMatrixWritesIsOne) {
  const absl::StatusOr<json> document = ParseDocument(MadeUpFile(1));
  ASSERT_TRUE(document.ok()) << document.status();
  EXPECT_EQ(*document, json::parse(MadeUpFile(1)));
}

TEST(DocumentTest, LimitsAreFarFromWhatTheMatrixWrites) {
  json run = json::parse(MadeUpFile(1));
  run["context"]["arguments"] = {std::string(4096, 'x')};
  EXPECT_TRUE(ParseDocument(run.dump()).ok());
  run["context"]["arguments"] = {std::string(4097, 'x')};
  EXPECT_THAT(std::string(ParseDocument(run.dump()).status().message()), HasSubstr("4096"));
}

TEST(DocumentTest, AKeyMayNotBeLongEither) {
  EXPECT_FALSE(ParseDocument("{\"" + std::string(5000, 'k') + "\":1}").ok());
}

TEST(DocumentTest, ManyValuesAreRefusedBeforeTheyAreMade) {
  std::string many = "[1";
  for (int i = 0; i < 4'000'000; i++) many += ",1";
  EXPECT_THAT(std::string(ParseDocument(many + "]").status().message()), HasSubstr("4000000"));
}

TEST(DocumentTest, AnErrorIsOneLineWhateverTheNames) {
  json run = json::parse(MadeUpFile(1));
  run["context"]["baseline_allocator"] = "a\n\x1b[31mb";
  EXPECT_THAT(std::string(ParseDocument(run.dump()).status().message()),
              HasSubstr("not listed: a  [31mb"));
}

TEST(DocumentTest, WhatHasNoNameIsNoMetric) {
  json run = json::parse(MadeUpFile(1));
  const size_t count = PointsOf(run).size();
  for (const char *name : {"", "<b>", "a b"}) run["cells"][0][name] = run["cells"][0]["time"];
  EXPECT_EQ(PointsOf(run).size(), count);
  run["cells"][0]["new_metric_2"] = run["cells"][0]["time"];
  EXPECT_EQ(PointsOf(*ParseDocument(run.dump())).size(), count + 1);
}

TEST(DocumentTest, PointsAreTheMediansOfCellsThatHaveOne) {
  json run = json::parse(MadeUpFile(1));
  run["cells"][0]["time"] = nullptr;
  run["cells"][1]["machine"] = "machine-1";
  const std::vector<Point> points = PointsOf(*ParseDocument(run.dump()));
  size_t with_median = 0;
  for (const json &cell : run.at("cells")) {
    for (const json &value : cell) with_median += value.is_object();
  }
  EXPECT_EQ(points.size(), with_median);
  for (const Point &point : points) {
    const bool moved = point.workload == run["cells"][1]["workload"] &&
                       point.allocator == run["cells"][1]["allocator"] &&
                       point.threads == run["cells"][1]["threads"];
    EXPECT_EQ(point.host_name, moved ? "machine-1" : "machine-0");
  }
}

}  // namespace
}  // namespace loam::dashboards
