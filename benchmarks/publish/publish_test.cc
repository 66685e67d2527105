// A run that ends with a report, and in the service: as a user does it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "benchmarks/publish/upload.h"
#include "benchmarks/testing/run_matrix.h"
#include "dashboards/testing/client.h"
#include "dashboards/testing/served.h"
#include "nlohmann/json.hpp"

namespace loam::matrix {
namespace {

namespace fs = std::filesystem;
using dashboards::Get;
using dashboards::Served;
using dashboards::TestFolder;
using nlohmann::json;
using ::testing::EndsWith;
using ::testing::HasSubstr;

constexpr char kPlan[] = "--rounds 2 --allocators glibc,floor --workloads micro/pair";

class PublishTest : public ::testing::Test {
 protected:
  PublishTest() : folder_(TestFolder()), out_(folder_ + "/out.json") {}

  Said Run(const std::string &more, const std::string &before = "") const {
    return RunMatrix(std::string(kPlan) + " --out " + out_ + " " + more, before);
  }

  std::string folder_;
  std::string out_;
};

TEST_F(PublishTest, ARunEndsWithItsReport) {
  const Said said = Run("");
  ASSERT_EQ(said.exit_status, 0) << said.stderr_text;
  EXPECT_THAT(said.stdout_text, EndsWith("\n" + folder_ + "/out.html\n"));
  const std::string report = ReadText(folder_ + "/out.html");
  const std::string open = "id=\"loam-data\">";
  const size_t begin = report.find(open) + open.size();
  const json data = json::parse(report.substr(begin, report.find("</script", begin) - begin));
  EXPECT_EQ(data.at("runs").at(0), json::parse(ReadText(out_)));
}

TEST_F(PublishTest, NoReportIsWrittenWhereNoneIsWanted) {
  ASSERT_EQ(Run("--noreport").exit_status, 0);
  EXPECT_TRUE(fs::exists(out_));
  EXPECT_FALSE(fs::exists(folder_ + "/out.html"));
}

TEST_F(PublishTest, ARunGoesToTheService) {
  Served server(folder_ + "/r.db", {}, {"LOAM_TOKEN=a token of some length"});
  const Said said =
      Run("--label 'a < b' --upload " + server.Url("/"), "LOAM_TOKEN='a token of some length' ");
  ASSERT_EQ(said.exit_status, 0) << said.stderr_text;
  const json list = json::parse(Get(server.Url("/api/v1/runs")).body);
  ASSERT_EQ(list.at("total"), 1);
  EXPECT_EQ(list.at("runs").at(0).at("label"), "a < b");
  const std::string id = list.at("runs").at(0).at("id");
  EXPECT_THAT(said.stdout_text, HasSubstr("\n" + server.Url("/#/matrix?run=" + id) + "\n"));
  EXPECT_EQ(Get(server.Url("/api/v1/runs/" + id)).body, ReadText(out_));
  EXPECT_EQ(ReadText(out_).find("a token of some length"), std::string::npos);
  // A run that has ended can be sent again, or later.
  const Said again =
      Run("--resume --upload " + server.Url(""), "LOAM_TOKEN='a token of some length' ");
  EXPECT_EQ(again.exit_status, 0) << again.stderr_text;
  EXPECT_EQ(json::parse(Get(server.Url("/api/v1/runs")).body).at("total"), 1);
  const Said wrong = Run("--resume --upload " + server.Url(""), "LOAM_TOKEN='another one' ");
  EXPECT_EQ(wrong.exit_status, 2);
  EXPECT_THAT(wrong.stderr_text, HasSubstr(out_ + " was not uploaded: the token is wrong"));
}

TEST_F(PublishTest, AnUploadThatFailsLosesNothing) {
  const Said said = Run("--upload http://127.0.0.1:1");
  EXPECT_EQ(said.exit_status, 2);
  EXPECT_THAT(said.stderr_text, HasSubstr(out_ + " was not uploaded: "));
  EXPECT_TRUE(fs::exists(out_));
  EXPECT_TRUE(fs::exists(folder_ + "/out.html"));
}

TEST_F(PublishTest, WhatCannotBeIsSaidBeforeAnythingIsMeasured) {
  for (const auto &[flags, because] : std::vector<std::pair<std::string, std::string>>{
           {"--upload ftp://a", "is not the address of a service"},
           {"--upload http://", "is not the address of a service"},
           {"--upload http://a --token_file /nonexistent", "cannot read /nonexistent"},
           {"--out " + folder_ + "/out.html", "--out is the JSON file"}}) {
    const Said said = Run(flags);
    EXPECT_EQ(said.exit_status, 2) << flags;
    EXPECT_THAT(said.stderr_text, HasSubstr(because));
    EXPECT_EQ(std::count(said.stderr_text.begin(), said.stderr_text.end(), '\n'), 1);
    EXPECT_TRUE(fs::is_empty(folder_)) << flags;
  }
}

TEST_F(PublishTest, TheListIsThereForPrograms) {
  const Said said = RunMatrix("--list --json");
  ASSERT_EQ(said.exit_status, 0) << said.stderr_text;
  const json list = json::parse(said.stdout_text);
  EXPECT_EQ(list.at("allocators").at(0).at("name"), "glibc");
  EXPECT_EQ(list.at("allocators").at(0).at("kind"), "system");
  EXPECT_EQ(list.at("allocators").at(0).at("problem"), nullptr);
  bool has_server = false;
  for (const json &workload : list.at("workloads")) {
    has_server = has_server || (workload.at("name") == "threaded/server" &&
                                workload.at("family") == "threaded" && workload.at("threaded"));
  }
  EXPECT_TRUE(has_server);
}

}  // namespace
}  // namespace loam::matrix
