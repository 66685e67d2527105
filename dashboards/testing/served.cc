#include "dashboards/testing/served.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <cstdlib>
#include <filesystem>

#include "absl/strings/numbers.h"

namespace loam::dashboards {

namespace fs = std::filesystem;

std::string ServeProgram() {
  const char *runfiles = std::getenv("TEST_SRCDIR");
  return std::string(runfiles == nullptr ? "." : runfiles) + "/loam/dashboards/service/serve";
}

std::string TestFolder() {
  const auto *test = ::testing::UnitTest::GetInstance()->current_test_info();
  const fs::path folder =
      fs::path(::testing::TempDir()) / (std::string(test->test_suite_name()) + "." + test->name());
  fs::remove_all(folder);
  fs::create_directories(folder);
  return folder.string();
}

Served::Served(const std::string &data_path, const std::vector<std::string> &more_flags,
               const std::vector<std::string> &environment, const std::function<void()> &before) {
  std::vector<std::string> words = {ServeProgram(), "--data", data_path, "--port", "0"};
  words.insert(words.end(), more_flags.begin(), more_flags.end());
  process_ = std::make_unique<Process>(words, environment, before);
  const std::string line = process_->ReadLine();
  const size_t url = line.find("http://");
  if (url == std::string::npos) {
    ADD_FAILURE() << "the server does not start: " << process_->Stderr();
    return;
  }
  url_ = line.substr(url, line.size() - url - 1);
}

uint16_t Served::port() const {
  int port = 0;
  (void)absl::SimpleAtoi(url_.substr(url_.rfind(':') + 1), &port);
  return static_cast<uint16_t>(port);
}

int Served::Stop() {
  process_->Signal(SIGTERM);
  return process_->Wait();
}

void Served::Kill() {
  process_->Signal(SIGKILL);
  process_->Wait();
}

}  // namespace loam::dashboards
