// Upload, list, read, history: over HTTP, at the real program.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dashboards/testing/client.h"
#include "dashboards/testing/made_up_run.h"
#include "dashboards/testing/served.h"
#include "nlohmann/json.hpp"

namespace loam::dashboards {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

class RunsTest : public ::testing::Test {
 protected:
  RunsTest() : folder_(TestFolder()), server_(folder_ + "/r.db") {}

  json GetJson(const std::string &path) const {
    const Answer answer = Get(server_.Url(path));
    EXPECT_EQ(answer.status, 200) << path << ": " << answer.body;
    return json::parse(answer.body, nullptr, false);
  }

  std::string Upload(int number, const std::string &query = "") const {
    const Answer answer = Post(server_.Url("/api/v1/runs" + query), MadeUpFile(number));
    EXPECT_EQ(answer.status, 201) << answer.body;
    return json::parse(answer.body).at("id");
  }

  std::string folder_;
  Served server_;
};

TEST_F(RunsTest, AnEmptyServiceAnswers) {
  EXPECT_EQ(GetJson("/api/v1/runs"), json::parse(R"({"runs":[],"total":0,"next":null})"));
  EXPECT_EQ(GetJson("/api/v1/cells").at("workloads"), json::array());
  EXPECT_EQ(GetJson("/api/v1/about").at("runs"), 0);
}

TEST_F(RunsTest, AFileComesBackByteForByteInEveryEncoding) {
  const std::string file = MadeUpFile(1);
  const std::string id = Upload(1);
  const Answer plain = Get(server_.Url("/api/v1/runs/" + id));
  EXPECT_EQ(plain.body, file);
  EXPECT_EQ(plain.headers.at("content-type"), "application/json");
  EXPECT_EQ(plain.headers.at("x-content-type-options"), "nosniff");
  EXPECT_EQ(plain.headers.at("etag"), "\"" + id + "\"");
  EXPECT_EQ(plain.headers.count("content-encoding"), 0u);
  const Answer gzip = Get(server_.Url("/api/v1/runs/" + id), {"Accept-Encoding: gzip"});
  EXPECT_EQ(gzip.headers.at("content-encoding"), "gzip");
  EXPECT_LT(gzip.body.size(), file.size() / 2);
  EXPECT_EQ(gzip.body.substr(0, 2), "\x1f\x8b");
  const Answer zstd = Get(server_.Url("/api/v1/runs/" + id), {"Accept-Encoding: gzip, zstd"});
  EXPECT_EQ(zstd.headers.at("content-encoding"), "zstd");
  EXPECT_EQ(zstd.body.substr(0, 4), "\x28\xb5\x2f\xfd");
  EXPECT_EQ(Get(server_.Url("/api/v1/runs/" + id), {"If-None-Match: \"" + id + "\""}).status, 304);
  EXPECT_EQ(Get(server_.Url("/api/v1/runs/" + id.substr(0, 8))).body, file);
}

TEST_F(RunsTest, TheSummaryIsTheFileWithoutRepetitions) {
  const json summary = GetJson("/api/v1/runs/" + Upload(1) + "/summary");
  json whole = json::parse(MadeUpFile(1));
  whole.erase("benchmarks");
  EXPECT_EQ(summary, whole);
}

TEST_F(RunsTest, TheSameFileTwiceIsOneRun) {
  const std::string id = Upload(1);
  const Answer again = Post(server_.Url("/api/v1/runs"), MadeUpFile(1));
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(json::parse(again.body), json({{"id", id}, {"new", false}}));
  EXPECT_EQ(GetJson("/api/v1/runs").at("total"), 1);
}

TEST_F(RunsTest, AListIsNewestFirstAndGoesOn) {
  // By when they ran, not by when they came.
  for (int number : {3, 1, 5, 2, 4}) Upload(number, "?label=run%20" + std::to_string(number));
  std::vector<std::string> labels;
  std::string before;
  do {
    const json page = GetJson("/api/v1/runs?limit=2&before=" + before);
    EXPECT_EQ(page.at("total"), 5);
    for (const json &run : page.at("runs")) labels.push_back(run.at("label"));
    before = page.at("next").is_null() ? "" : page.at("next").get<std::string>();
  } while (!before.empty() && labels.size() < 10);
  EXPECT_THAT(labels, ::testing::ElementsAre("run 5", "run 4", "run 3", "run 2", "run 1"));
}

TEST_F(RunsTest, AListSaysWhatTheFileSays) {
  const std::string id = Upload(7);
  const json run = GetJson("/api/v1/runs").at("runs").at(0);
  const json file = json::parse(MadeUpFile(7));
  for (const char *key :
       {"date", "host_name", "cpu_model", "num_cpus", "kernel", "libc", "compiler", "suite",
        "rounds", "commit", "commit_is_modified", "complete", "baseline_allocator"}) {
    EXPECT_EQ(run.at(key), file.at("context").at(key)) << key;
  }
  EXPECT_EQ(run.at("id"), id);
  EXPECT_EQ(run.at("label"), nullptr);
  EXPECT_EQ(run.at("allocators"), json({"glibc", "peer"}));
  EXPECT_EQ(run.at("workload_count"), 2);
  EXPECT_EQ(run.at("cell_count"), 6);
  EXPECT_EQ(run.at("bytes"), MadeUpFile(7).size());
}

TEST_F(RunsTest, AHistoryHasEveryRunOldestFirstWithTheFilesValues) {
  for (int number : {2, 3, 1}) Upload(number, "?label=" + std::to_string(number));
  const json points =
      GetJson("/api/v1/history?workload=threaded/server&threads=2&allocator=peer&metric=time")
          .at("points");
  ASSERT_EQ(points.size(), 3u);
  const json file = json::parse(MadeUpFile(1));
  json time;
  for (const json &cell : file.at("cells")) {
    if (cell.at("name") == "peer/threaded/server/threads:2") time = cell.at("time");
  }
  for (size_t i = 0; i < points.size(); i++) {
    EXPECT_EQ(points[i].at("label"), std::to_string(i + 1));
    for (const char *key : {"median", "unit", "ratio", "ratio_low", "ratio_high"}) {
      EXPECT_EQ(points[i].at(key), time.at(key)) << key;
    }
    EXPECT_EQ(points[i].at("host_name"), "machine-0");
  }
  const std::string elsewhere =
      "/api/v1/history?workload=micro/pair&allocator=peer&metric=time&host=machine-1";
  EXPECT_EQ(GetJson(elsewhere).at("points"), json::array());
  EXPECT_EQ(GetJson("/api/v1/history?workload=micro/none&allocator=peer&metric=time").at("points"),
            json::array());
}

TEST_F(RunsTest, TheCellsAreAllThatAHistoryCanBeAskedFor) {
  Upload(1);
  const json cells = GetJson("/api/v1/cells");
  EXPECT_EQ(cells.at("workloads"), json::parse(R"([{"name":"micro/pair","threads":[1]},
                            {"name":"threaded/server","threads":[1,2]}])"));
  EXPECT_EQ(cells.at("allocators"), json({"glibc", "peer"}));
  EXPECT_EQ(cells.at("hosts"), json({"machine-0"}));
  for (const json &metric : cells.at("metrics")) {
    const std::string path =
        "/api/v1/history?workload=micro/pair&allocator=peer&metric=" + metric.get<std::string>();
    EXPECT_EQ(GetJson(path).at("points").size(), 1u) << metric;
  }
}

TEST_F(RunsTest, ThePageIsServedUnderAStrictPolicy) {
  const Answer page = Get(server_.Url("/"));
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.headers.at("content-type"), "text/html; charset=utf-8");
  const std::string policy = page.headers.at("content-security-policy");
  EXPECT_THAT(policy, HasSubstr("default-src 'none'"));
  EXPECT_THAT(policy, HasSubstr("frame-ancestors 'none'"));
  const std::string scripts = policy.substr(policy.find("script-src"));
  EXPECT_EQ(scripts.substr(0, scripts.find(';')).find("unsafe"), std::string::npos) << policy;
}

TEST_F(RunsTest, WhatWasStoredIsThereAfterAStart) {
  const std::string id = Upload(1);
  EXPECT_EQ(server_.Stop(), 0);
  Served again(folder_ + "/r.db");
  EXPECT_EQ(Get(again.Url("/api/v1/runs/" + id)).body, MadeUpFile(1));
}

}  // namespace
}  // namespace loam::dashboards
