#include "dashboards/service/jobs/request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace loam::dashboards {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const json &Choices() {
  static const json *const choices = new json(json::parse(R"({
    "allocators": [{"name": "glibc", "problem": null}, {"name": "hoard", "problem": "not installed"}],
    "workloads": [{"name": "micro/pair", "problem": null}],
    "suites": ["quick", "full"], "threads_max": 8, "rounds_max": 100})"));
  return *choices;
}

std::string Refusal(const std::string &text) {
  return std::string(ParseRequest(text, Choices()).status().message());
}

TEST(RequestTest, WhatIsOffered) {
  const absl::StatusOr<RunRequest> request = ParseRequest(
      R"({"suite": "full", "allocators": ["glibc", "glibc"], "workloads": ["micro/pair"],
          "threads": [1, 8], "rounds": 3, "trace": null})",
      Choices());
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ(request->suite, "full");
  EXPECT_THAT(request->allocators, ElementsAre("glibc"));
  EXPECT_THAT(request->threads, ElementsAre(1, 8));
  EXPECT_EQ(request->rounds, 3);
  EXPECT_EQ(request->trace, std::nullopt);
  EXPECT_EQ(RequestToJson(RequestFromJson(RequestToJson(*request))), RequestToJson(*request));
  EXPECT_TRUE(ParseRequest("{}", Choices()).ok());
}

TEST(RequestTest, NothingElse) {
  EXPECT_THAT(Refusal("[]"), HasSubstr("a JSON object"));
  EXPECT_THAT(Refusal("{"), HasSubstr("a JSON object"));
  EXPECT_THAT(Refusal("{\"threads\":" + std::string(100'000, '[')), HasSubstr("a JSON object"));
  EXPECT_THAT(Refusal(R"({"suite": "quickest"})"), HasSubstr("no such suite"));
  EXPECT_THAT(Refusal(R"({"allocators": "glibc"})"), HasSubstr("allocators is not a list"));
  EXPECT_THAT(Refusal(R"({"allocators": [1]})"), HasSubstr("what is no name"));
  EXPECT_THAT(Refusal(R"({"allocators": ["*"]})"), HasSubstr("no allocator called \"*\""));
  EXPECT_THAT(Refusal(R"({"allocators": ["hoard"]})"), HasSubstr("cannot run here: not installed"));
  EXPECT_THAT(Refusal(R"({"workloads": ["micro/pair,micro/x"]})"), HasSubstr("no workload called"));
  EXPECT_THAT(Refusal(R"({"workloads": ["--out=/etc/passwd"]})"), HasSubstr("no workload called"));
  EXPECT_THAT(Refusal(R"({"threads": [9]})"), HasSubstr("threads is not a number from 1 to 8"));
  EXPECT_THAT(Refusal(R"({"threads": [1.5]})"), HasSubstr("threads is not a number"));
  EXPECT_THAT(Refusal(R"({"rounds": 18446744073709551615})"), HasSubstr("rounds is not a number"));
  EXPECT_THAT(Refusal(R"({"rounds": "3"})"), HasSubstr("rounds is not a number"));
  EXPECT_THAT(Refusal(R"({"trace": 5})"), HasSubstr("trace is no id"));
  EXPECT_THAT(Refusal(R"({"allocator": "a=/tmp/evil.so"})"), HasSubstr("a run has no"));
  EXPECT_THAT(Refusal(R"({"arguments": ["--allocator"]})"), HasSubstr("a run has no"));
}

}  // namespace
}  // namespace loam::dashboards
