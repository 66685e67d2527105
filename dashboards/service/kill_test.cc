// A server that is killed during uploads: every run that it answered for is there,
// whole, and none is half there.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <map>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include "dashboards/testing/client.h"
#include "dashboards/testing/made_up_run.h"
#include "dashboards/testing/served.h"
#include "nlohmann/json.hpp"

namespace loam::dashboards {
namespace {

using nlohmann::json;

constexpr int kUploaders = 3;

// LOAM_LONG_TESTS=1 (bazel test --test_env) kills as often as the acceptance asks.
int Kills() { return std::getenv("LOAM_LONG_TESTS") != nullptr ? 20 : 4; }

class KillTest : public ::testing::Test {
 protected:
  KillTest() : data_(TestFolder() + "/r.db") {}

  // Uploads until the server is gone; notes what it answered for.
  void Upload(const std::string &url) {
    for (;;) {
      const int number = next_++;
      const Answer answer = Post(url, MadeUpFile(number));
      if (answer.status == 0) return;
      ASSERT_TRUE(answer.status == 201 || answer.status == 200) << answer.body;
      const std::lock_guard<std::mutex> lock(mutex_);
      answered_[json::parse(answer.body).at("id")] = number;
    }
  }

  void UploadAndKill(std::chrono::milliseconds after) {
    Served server(data_);
    std::vector<std::thread> uploaders;
    for (int i = 0; i < kUploaders; i++) {
      uploaders.emplace_back([&] { Upload(server.Url("/api/v1/runs")); });
    }
    std::this_thread::sleep_for(after);
    server.Kill();
    for (std::thread &uploader : uploaders) uploader.join();
  }

  void ExpectWhole() {
    Process check({ServeProgram(), "--data", data_, "--check"});
    EXPECT_EQ(check.ReadLine(), data_ + ": whole") << check.Stderr();
    EXPECT_EQ(check.Wait(), 0);
    Served server(data_);
    for (const auto &[id, number] : answered_) {
      EXPECT_EQ(Get(server.Url("/api/v1/runs/" + id)).body, MadeUpFile(number)) << number;
    }
    // Those that were stored but not answered are whole too: file and history.
    const json list = json::parse(Get(server.Url("/api/v1/runs?limit=1000")).body);
    const json history = json::parse(
        Get(server.Url("/api/v1/history?workload=micro/pair&allocator=peer&metric=time")).body);
    EXPECT_EQ(history.at("points").size(), list.at("total"));
    EXPECT_GE(list.at("total"), answered_.size());
    for (const json &run : list.at("runs")) {
      const std::string id = run.at("id");
      if (answered_.count(id) != 0) continue;
      const Answer file = Get(server.Url("/api/v1/runs/" + id));
      EXPECT_EQ(file.body.size(), run.at("bytes"));
      const Answer again = Post(server.Url("/api/v1/runs"), file.body);
      EXPECT_EQ(again.status, 200) << "its bytes are not those of its id";
    }
  }

  std::string data_;
  std::atomic<int> next_{1};
  std::mutex mutex_;
  std::map<std::string, int> answered_;
};

TEST_F(KillTest, WhatWasAnsweredIsThere) {
  (void)MadeUpFile(0);  // before threads: the first takes long
  std::mt19937 random(6);
  for (int kill = 0; kill < Kills(); kill++) {
    UploadAndKill(std::chrono::milliseconds(100 + random() % 500));
    ExpectWhole();
    if (HasFailure()) return;
  }
  EXPECT_GT(answered_.size(), 0u);
  RecordProperty("answered", static_cast<int>(answered_.size()));
  std::printf("%d kills, %zu runs were answered for\n", Kills(), answered_.size());
}

}  // namespace
}  // namespace loam::dashboards
