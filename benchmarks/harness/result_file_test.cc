#include "benchmarks/harness/result_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace loam::matrix {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class ResultFileTest : public ::testing::Test {
 protected:
  ResultFileTest() : folder_(fs::path(::testing::TempDir()) / "result_file_test") {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    path_ = (folder_ / "result.json").string();
  }

  std::string Read() {
    std::ifstream file(path_);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }

  size_t FilesInFolder() {
    return static_cast<size_t>(
        std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }

  fs::path folder_;
  std::string path_;
};

TEST_F(ResultFileTest, IsNotThereUntilItIsWhole) {
  absl::StatusOr<ResultFile> file = ResultFile::Open(path_, 100);
  ASSERT_TRUE(file.ok());
  EXPECT_FALSE(fs::exists(path_));
  ASSERT_TRUE(file->Write("{}\n").ok());
  EXPECT_EQ(Read(), "{}\n");
  EXPECT_EQ(FilesInFolder(), 1u);
}

TEST_F(ResultFileTest, MayGrowBeyondWhatWasExpected) {
  absl::StatusOr<ResultFile> file = ResultFile::Open(path_, 10);
  ASSERT_TRUE(file->Write(std::string(5000, 'x')).ok());
  EXPECT_EQ(Read().size(), 5000u);
}

TEST_F(ResultFileTest, LeavesTheOldFileAloneUntilThen) {
  std::ofstream(path_) << "old";
  {
    absl::StatusOr<ResultFile> file = ResultFile::Open(path_, 100);
    ASSERT_TRUE(file.ok());
    EXPECT_EQ(Read(), "old");
  }
  EXPECT_EQ(Read(), "old");
  EXPECT_EQ(FilesInFolder(), 1u);
}

TEST_F(ResultFileTest, HasOneWriterAtATime) {
  const absl::StatusOr<ResultFile> first = ResultFile::Open(path_, 100);
  ASSERT_TRUE(first.ok());
  EXPECT_THAT(std::string(ResultFile::Open(path_, 100).status().message()),
              HasSubstr("another run is writing"));
}

TEST_F(ResultFileTest, WhatAKillLeftBehindIsNoHindrance) {
  std::ofstream(path_ + ".part") << std::string(9000, 'x');
  absl::StatusOr<ResultFile> file = ResultFile::Open(path_, 100);
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(file->Write("new").ok());
  EXPECT_EQ(Read(), "new");
  EXPECT_EQ(FilesInFolder(), 1u);
}

TEST_F(ResultFileTest, WritesThroughASymbolicLink) {
  const fs::path target = folder_ / "target.json";
  std::ofstream(target) << "old";
  fs::create_symlink(target, path_);
  absl::StatusOr<ResultFile> file = ResultFile::Open(path_, 100);
  ASSERT_TRUE(file->Write("new").ok());
  EXPECT_TRUE(fs::is_symlink(path_));
  EXPECT_EQ(Read(), "new");
}

TEST_F(ResultFileTest, RefusesADeviceAFolderAndAMissingFolder) {
  const absl::StatusOr<ResultFile> device = ResultFile::Open("/dev/full", 100);
  EXPECT_THAT(std::string(device.status().message()), HasSubstr("not a regular file"));
  EXPECT_FALSE(ResultFile::Open(folder_.string(), 100).ok());
  const absl::StatusOr<ResultFile> nowhere =
      ResultFile::Open((folder_ / "missing" / "result.json").string(), 100);
  EXPECT_THAT(std::string(nowhere.status().message()), HasSubstr("No such file or directory"));
}

TEST_F(ResultFileTest, RefusesAPlaceWithoutRoomAndLeavesNothing) {
  // A limit on the size of files stands in for a full disk.
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit small = before;
  small.rlim_cur = 4096;
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const bool opened = ResultFile::Open(path_, 1 << 20).ok();
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_FALSE(opened);
  EXPECT_EQ(FilesInFolder(), 0u);
}

}  // namespace
}  // namespace loam::matrix
