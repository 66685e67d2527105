// A long history and many readers. Short unless LOAM_LONG_TESTS is set (bazel test
// --test_env=LOAM_LONG_TESTS=1 --test_output=all): then 10,000 runs and 200 readers.

#include <gtest/gtest.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "dashboards/service/load/readers.h"
#include "dashboards/service/load/synthetic.h"
#include "dashboards/testing/client.h"
#include "dashboards/testing/served.h"
#include "nlohmann/json.hpp"

namespace loam::dashboards {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

bool IsLong() { return std::getenv("LOAM_LONG_TESTS") != nullptr; }

constexpr char kHistory[] =
    "/api/v1/history?workload=micro/work_7&threads=1&allocator=allocator_3&metric=time";

class LoadTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    data_ = new std::string(::testing::TempDir() + "/load/r.db");
    std::filesystem::remove_all(::testing::TempDir() + "/load");
    const auto start = Clock::now();
    const absl::Status made = MakeHistory(*data_, Runs());
    ASSERT_TRUE(made.ok()) << made;
    const std::chrono::duration<double> took = Clock::now() - start;
    std::printf("%d runs were made in %.0f s\n", Runs(), took.count());
    server_ = new Served(*data_, {"--norun"});
  }

  static void TearDownTestSuite() {
    delete server_;
    delete data_;
  }

  static int Runs() { return IsLong() ? 10'000 : 150; }

  static std::string *data_;
  static Served *server_;
};

std::string *LoadTest::data_ = nullptr;
Served *LoadTest::server_ = nullptr;

// One client, request by request: what the server takes for each.
TEST_F(LoadTest, ListAndHistoryAreQuick) {
  constexpr double kMostMs = 300;
  constexpr auto kDuration = std::chrono::seconds(2);
  EXPECT_EQ(json::parse(Get(server_->Url(kHistory)).body).at("points").size(),
            static_cast<size_t>(Runs()));
  for (const char *path : {"/api/v1/about", "/api/v1/runs", "/api/v1/runs?limit=1000",
                           "/api/v1/cells", kHistory, "/"}) {
    const ReadFigures figures =
        ReadAll({server_->Url(path)}, 1, kDuration, std::chrono::milliseconds(0));
    std::printf("%-90s %6zu requests  median %7.2f ms  p99 %7.2f ms\n", path,
                figures.latencies_ms.size(), figures.Quantile(0.5), figures.Quantile(0.99));
    EXPECT_EQ(figures.errors, 0) << figures.first_error;
    // The median, for other programs run on this machine too.
    EXPECT_LT(figures.Quantile(0.5), kMostMs) << path;
  }
}

TEST_F(LoadTest, ManyReadWhileOneUploads) {
  const int readers = IsLong() ? 200 : 40;
  const auto duration = std::chrono::seconds(IsLong() ? 60 : 3);
  std::atomic<bool> stop = false;
  int uploads = 0;
  std::thread writer([&] {
    for (int number = 20'000; !stop; number++) {
      const Answer answer = Post(server_->Url("/api/v1/runs"), SyntheticRun(number).dump());
      EXPECT_EQ(answer.status, 201) << answer.body;
      uploads++;
    }
  });
  const json list = json::parse(Get(server_->Url("/api/v1/runs?limit=5")).body);
  std::vector<std::string> urls = {server_->Url("/api/v1/about"), server_->Url("/api/v1/runs"),
                                   server_->Url(kHistory), server_->Url("/api/v1/cells"),
                                   server_->Url("/")};
  for (const json &run : list.at("runs")) {
    urls.push_back(server_->Url("/api/v1/runs/" + run.at("id").get<std::string>() + "/summary"));
  }
  // People look at what they got before they ask again.
  const ReadFigures figures = ReadAll(urls, readers, duration, std::chrono::milliseconds(1000));
  stop = true;
  writer.join();
  std::printf("%d readers: %zu requests, p50 %.1f ms, p99 %.1f ms, longest %.1f ms; %d uploads\n",
              readers, figures.latencies_ms.size(), figures.Quantile(0.5), figures.Quantile(0.99),
              figures.Quantile(1), uploads);
  EXPECT_EQ(figures.errors, 0) << figures.first_error;
  EXPECT_GE(figures.latencies_ms.size(), static_cast<size_t>(readers));
  EXPECT_GT(uploads, 0);
}

}  // namespace
}  // namespace loam::dashboards
