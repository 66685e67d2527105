// Runs that are started over HTTP: the real program starts the real matrix.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "dashboards/testing/client.h"
#include "dashboards/testing/served.h"
#include "nlohmann/json.hpp"

namespace loam::dashboards {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;

constexpr char kShort[] =
    R"({"suite":"quick","allocators":["glibc","floor"],"workloads":["micro/pair"],"rounds":2})";
// Minutes, if nobody ends it.
constexpr char kLong[] =
    R"({"suite":"quick","allocators":["glibc","floor"],"workloads":["micro/pair"],"rounds":200})";

class JobsTest : public ::testing::Test {
 protected:
  JobsTest() : data_(TestFolder() + "/r.db"), server_(std::make_unique<Served>(data_)) {}

  json GetJson(const std::string &path) const {
    return json::parse(Get(server_->Url(path)).body, nullptr, false);
  }

  json Job(const std::string &id) const { return GetJson("/api/v1/jobs/" + id); }

  std::string Start(const std::string &request) const {
    const Answer answer = Post(server_->Url("/api/v1/jobs"), request);
    EXPECT_EQ(answer.status, 201) << answer.body;
    const json job = json::parse(answer.body, nullptr, false);
    return job.is_object() ? job.value("id", "") : "";
  }

  int Act(const std::string &id, const std::string &action) const {
    return Post(server_->Url("/api/v1/jobs/" + id + "/" + action), "").status;
  }

  // Waits for the state, or for any that ends a job; a busy machine is slow.
  json Await(const std::string &id, const std::string &state) const {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::minutes(3);
    json job;
    while (std::chrono::steady_clock::now() < give_up) {
      job = Job(id);
      if (job.value("state", "") == state) return job;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    ADD_FAILURE() << "job " << id << " did not come to be " << state << ": " << job;
    return job;
  }

  // Waits until that many repetitions are done.
  void AwaitRepetitions(const std::string &id, int64_t count) const {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::minutes(3);
    int64_t done = 0;
    while (done < count && std::chrono::steady_clock::now() < give_up) {
      const json progress = Job(id).value("progress", json());
      done = progress.is_object() ? progress.value("done", 0) : 0;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    EXPECT_GE(done, count);
  }

  void Restart() {
    server_.reset();
    server_ = std::make_unique<Served>(data_);
  }

  std::string data_;
  std::unique_ptr<Served> server_;
};

TEST_F(JobsTest, ChoicesAreWhatTheMatrixHas) {
  EXPECT_EQ(GetJson("/api/v1/about").at("can_run"), true);
  const json choices = GetJson("/api/v1/choices");
  EXPECT_EQ(choices.at("allocators").at(0),
            json({{"name", "glibc"},
                  {"kind", "system"},
                  {"problem", nullptr},
                  {"version", choices.at("allocators").at(0).at("version")}}));
  EXPECT_EQ(choices.at("suites"), json({"quick", "full"}));
  EXPECT_GE(choices.at("threads_max"), 16);
  EXPECT_GE(choices.at("workloads").size(), 30u);
}

TEST_F(JobsTest, AJobRunsAndItsResultIsARun) {
  const std::string id = Start(kShort);
  // All events until the end, as a page gets them.
  const Answer events = Get(server_->Url("/api/v1/jobs/" + id + "/events"));
  EXPECT_EQ(events.headers.at("content-type"), "text/event-stream");
  json last;
  int count = 0;
  std::istringstream lines(events.body);
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("data: ", 0) != 0) continue;
    last = json::parse(line.substr(6));
    count++;
  }
  EXPECT_GE(count, 2) << events.body;
  EXPECT_EQ(last, Job(id));
  EXPECT_EQ(last.at("state"), "done") << last;
  ASSERT_EQ(last.at("cells").size(), 2u);
  for (const json &cell : last.at("cells")) {
    EXPECT_EQ(cell.at("status"), "ok");
    EXPECT_EQ(cell.at("repetitions"), 2);
    EXPECT_GT(cell.at("median_ns"), 0);
  }
  const json run = GetJson("/api/v1/runs/" + last.at("run").get<std::string>());
  EXPECT_EQ(run.at("context").at("rounds"), 2);
  EXPECT_EQ(run.at("cells").at(0).at("time").at("median"), last.at("cells").at(0).at("median_ns"));
  EXPECT_TRUE(fs::is_empty(data_ + ".jobs") || !fs::exists(data_ + ".jobs/" + id));
}

TEST_F(JobsTest, OneRunsTheOthersWaitAndCanBeCancelled) {
  const std::string first = Start(kLong);
  const std::string second = Start(kShort);
  const std::string third = Start(kShort);
  AwaitRepetitions(first, 1);
  const json running = Job(first);
  EXPECT_EQ(running.at("state"), "running");
  EXPECT_GT(running.at("cells").at(0).at("repetitions").get<int>() +
                running.at("cells").at(1).at("repetitions").get<int>(),
            0);
  EXPECT_EQ(Job(second).at("state"), "queued");
  EXPECT_EQ(Act(third, "cancel"), 200);
  EXPECT_EQ(Job(third).at("state"), "cancelled");
  EXPECT_EQ(Act(third, "cancel"), 409);
  EXPECT_EQ(Act(third, "resume"), 409);
  EXPECT_EQ(Act(first, "cancel"), 200);
  EXPECT_EQ(Await(first, "cancelled").at("run"), nullptr);
  Await(second, "done");
  const json jobs = GetJson("/api/v1/jobs").at("jobs");
  ASSERT_EQ(jobs.size(), 3u);
  EXPECT_EQ(jobs.at(0).at("id"), third);
}

TEST_F(JobsTest, AKilledServersJobIsInterruptedAndGoesOnWhereItWas) {
  const std::string id = Start(
      R"({"allocators":["glibc","floor"],"workloads":["micro/pair","micro/lifo_batch"],"rounds":12})");
  const std::string waiting = Start(kShort);
  AwaitRepetitions(id, 6);
  server_->Kill();
  Restart();
  // What waited has begun; what ran waits to be asked.
  const json interrupted = Job(id);
  EXPECT_EQ(interrupted.at("state"), "interrupted");
  EXPECT_GE(interrupted.at("progress").at("done"), 6);
  EXPECT_THAT(interrupted.at("message").get<std::string>(), HasSubstr("the server ended"));
  Await(waiting, "done");
  EXPECT_EQ(Act(id, "resume"), 200);
  const json done = Await(id, "done");
  const json run = GetJson("/api/v1/runs/" + done.at("run").get<std::string>());
  EXPECT_EQ(run.at("context").at("resumed"), 1);
  EXPECT_EQ(run.at("benchmarks").size(), 4u * 12);
}

TEST_F(JobsTest, AServerThatIsStoppedInterruptsItsJob) {
  const std::string id = Start(kLong);
  AwaitRepetitions(id, 1);
  EXPECT_EQ(server_->Stop(), 0);
  Restart();
  EXPECT_EQ(Job(id).at("state"), "interrupted");
  EXPECT_EQ(Act(id, "cancel"), 200);
  EXPECT_EQ(Job(id).at("state"), "cancelled");
}

TEST_F(JobsTest, OnlyWhatTheFormOffersIsTaken) {
  for (const auto &[request, because] : std::vector<std::pair<std::string, std::string>>{
           {"", "a JSON object"},
           {R"({"allocators":["evil=/tmp/evil.so"]})", "no allocator called"},
           {R"({"workloads":["--out=/tmp/x"]})", "no workload called"},
           {R"({"suite":"quick --out /tmp/x"})", "no such suite"},
           {R"({"command":"rm"})", "a run has no"},
           {R"({"trace":"0123456789abcdef"})", "no such trace"},
           {R"({"trace":"../../etc/passwd"})", "no such trace"}}) {
    const Answer answer = Post(server_->Url("/api/v1/jobs"), request);
    EXPECT_EQ(answer.status, 400) << request;
    EXPECT_THAT(answer.body, HasSubstr(because)) << request;
  }
  EXPECT_EQ(GetJson("/api/v1/jobs").at("jobs"), json::array());
  EXPECT_EQ(Get(server_->Url("/api/v1/jobs/1")).status, 404);
  EXPECT_EQ(Get(server_->Url("/api/v1/jobs/x")).status, 404);
  EXPECT_EQ(Act("1", "cancel"), 404);
}

TEST_F(JobsTest, ATraceIsTakenOnceAndReplayed) {
  std::ifstream file(std::string(std::getenv("TEST_SRCDIR")) +
                         "/loam/benchmarks/trace/recorded/redis_requests.loamtrace",
                     std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  ASSERT_FALSE(bytes.str().empty());
  const std::string url = server_->Url("/api/v1/traces?name=../My%20Program.loamtrace");
  const Answer added = Post(url, bytes.str());
  ASSERT_EQ(added.status, 201) << added.body;
  const json trace = json::parse(added.body);
  EXPECT_EQ(trace.at("name"), "My_Program");
  EXPECT_GT(trace.at("events"), 0);
  EXPECT_GT(trace.at("threads"), 0);
  EXPECT_GT(trace.at("peak_live_bytes"), 0);
  EXPECT_EQ(Post(url, bytes.str()).status, 200);
  EXPECT_EQ(GetJson("/api/v1/traces").at("traces"), json::array({trace}));
  const std::string id =
      Start(json{{"allocators", {"glibc"}}, {"rounds", 1}, {"trace", trace.at("id")}}.dump());
  const json job = Await(id, "done");
  ASSERT_EQ(job.at("cells").size(), 1u);
  EXPECT_THAT(job.at("cells").at(0).at("workload").get<std::string>(),
              ::testing::StartsWith("trace/my_program_"));
  EXPECT_EQ(job.at("cells").at(0).at("status"), "ok");
}

TEST_F(JobsTest, WhatIsNoTraceIsRefused) {
  for (const std::string &bytes : {std::string(), std::string("loam-trace 1\n{}"),
                                   std::string(10'000, '\x28'), std::string("\x28\xb5\x2f\xfd")}) {
    const Answer answer = Post(server_->Url("/api/v1/traces?name=a"), bytes);
    EXPECT_EQ(answer.status, 400) << answer.body;
  }
  EXPECT_EQ(GetJson("/api/v1/traces").at("traces"), json::array());
  // The answer may be here before the last one's file is gone.
  for (int i = 0; i < 500 && !fs::is_empty(data_ + ".traces"); i++) usleep(10'000);
  EXPECT_TRUE(fs::is_empty(data_ + ".traces"));
}

TEST(NoRunTest, NothingCanBeRunWhereThatIsOff) {
  Served server(TestFolder() + "/r.db", {"--norun"});
  EXPECT_EQ(json::parse(Get(server.Url("/api/v1/about")).body).at("can_run"), false);
  EXPECT_EQ(Post(server.Url("/api/v1/jobs"), kShort).status, 403);
  EXPECT_EQ(Get(server.Url("/api/v1/choices")).status, 403);
  EXPECT_EQ(Get(server.Url("/api/v1/jobs")).body, "{\"jobs\":[]}");
}

}  // namespace
}  // namespace loam::dashboards
