// What can go wrong around the service: one clear line each, and nothing lost.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "dashboards/testing/client.h"
#include "dashboards/testing/made_up_run.h"
#include "dashboards/testing/served.h"
#include "nlohmann/json.hpp"

namespace loam::dashboards {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;

class FaultsTest : public ::testing::Test {
 protected:
  FaultsTest() : folder_(TestFolder()), data_(folder_ + "/r.db") {}

  void ExpectNoStart(const std::string &because, const std::vector<std::string> &more_flags = {},
                     const std::function<void()> &before = nullptr) const {
    std::vector<std::string> words = {ServeProgram(), "--data", data_, "--port", "0"};
    words.insert(words.end(), more_flags.begin(), more_flags.end());
    Process server(words, {}, before);
    EXPECT_EQ(server.ReadLine(), "");
    EXPECT_EQ(server.Wait(), 2);
    const std::string error = server.Stderr();
    EXPECT_THAT(error, HasSubstr(because));
    EXPECT_EQ(std::count(error.begin(), error.end(), '\n'), 1) << error;
  }

  // Three runs in a database that nobody has open.
  void MakeDatabase() const {
    Served server(data_);
    for (int number : {1, 2, 3}) {
      EXPECT_EQ(Post(server.Url("/api/v1/runs"), MadeUpFile(number)).status, 201);
    }
    EXPECT_EQ(server.Stop(), 0);
  }

  int Total() const {
    Served server(data_);
    return json::parse(Get(server.Url("/api/v1/runs")).body).at("total");
  }

  // Changes the bytes from `offset` on.
  void Overwrite(size_t offset, const std::string &bytes) const {
    std::fstream file(data_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(offset));
    file << bytes;
  }

  std::string folder_;
  std::string data_;
};

TEST_F(FaultsTest, Flags) {
  ExpectNoStart("--nonsense is not a flag", {"--nonsense"});
  ExpectNoStart("\"stray\" is not a flag", {"stray"});
  ExpectNoStart("--port=70000 is not a number", {"--port", "70000"});
  const std::string token = folder_ + "/token";
  std::ofstream(token) << "a token of some length\n";
  ExpectNoStart("is not an address in digits", {"--listen", "localhost", "--token_file", token});
  ExpectNoStart("is open to other machines: set a token", {"--listen", "0.0.0.0"});
  ExpectNoStart("is open to other machines: set a token", {"--listen", "::"});
  ExpectNoStart("cannot read /nonexistent", {"--token_file", "/nonexistent"});
  ExpectNoStart("has no token", {"--token_file", "/dev/null"});
}

TEST_F(FaultsTest, AShortTokenIsNone) {
  const std::string path = folder_ + "/token";
  std::ofstream(path) << "short\n";
  ExpectNoStart("the token is shorter than 16", {"--token_file", path});
}

TEST_F(FaultsTest, APortThatIsTaken) {
  Served first(data_);
  data_ = folder_ + "/other.db";
  ExpectNoStart("cannot listen on 127.0.0.1 port", {"--port", std::to_string(first.port())});
}

TEST_F(FaultsTest, ASecondServerOnTheSameFile) {
  Served first(data_);
  ExpectNoStart("another server uses " + data_);
  EXPECT_EQ(Post(first.Url("/api/v1/runs"), MadeUpFile(1)).status, 201);
}

TEST_F(FaultsTest, PlacesThatCannotBe) {
  data_ = "/proc/r.db";
  ExpectNoStart("/proc/r.db");
  data_ = "/dev/null/r.db";
  ExpectNoStart("cannot make /dev/null");
  data_ = folder_;
  ExpectNoStart(folder_);
}

TEST_F(FaultsTest, AReadOnlyFile) {
  MakeDatabase();
  fs::permissions(data_, fs::perms::owner_read);
  // root may write it nevertheless, unless it gives that up.
  ExpectNoStart("cannot write " + data_ + ": it is read-only", {}, [] {
    for (const int power : {CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH}) {
      prctl(PR_CAPBSET_DROP, static_cast<unsigned long>(power), 0, 0, 0);
    }
  });
  fs::permissions(data_, fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(Total(), 3);
}

TEST_F(FaultsTest, WhatIsNoDatabase) {
  std::ofstream(data_) << std::string(100'000, 'x');
  ExpectNoStart(data_ + " is not a database, or is damaged");
  EXPECT_EQ(fs::file_size(data_), 100'000u);
}

TEST_F(FaultsTest, ADatabaseThatIsDamaged) {
  MakeDatabase();
  Overwrite(4096 * 3 + 100, std::string(4096 * 5, '\x5a'));
  ExpectNoStart("damaged");
  ExpectNoStart("damaged", {"--check"});
}

TEST_F(FaultsTest, ADatabaseThatIsCutOff) {
  MakeDatabase();
  fs::resize_file(data_, fs::file_size(data_) / 2 / 4096 * 4096);
  ExpectNoStart("damaged");
}

TEST_F(FaultsTest, ANewerVersion) {
  MakeDatabase();
  constexpr size_t kOffsetOfVersion = 60;  // the big-endian user_version of SQLite's header
  Overwrite(kOffsetOfVersion, std::string("\0\0\0\x63", 4));
  ExpectNoStart("was written by a newer version of this service (database version 99");
  Overwrite(kOffsetOfVersion, std::string("\0\0\0\x01", 4));
  EXPECT_EQ(Total(), 3);
}

TEST_F(FaultsTest, TheDatabaseOfAnotherProgram) {
  MakeDatabase();
  constexpr size_t kOffsetOfApplication = 68;
  Overwrite(kOffsetOfApplication, "Fire");
  ExpectNoStart("is the database of another program");
}

TEST_F(FaultsTest, CheckSaysThatAFileIsWhole) {
  MakeDatabase();
  Process check({ServeProgram(), "--data", data_, "--check"});
  EXPECT_EQ(check.ReadLine(), data_ + ": whole");
  EXPECT_EQ(check.Wait(), 0);
}

// Uploads until one is refused: its error says why, and nothing of it is there.
void FillUp(const Served &server, const std::string &because) {
  int stored = 0;
  Answer answer;
  for (int number = 1; number <= 1000; number++) {
    answer = Post(server.Url("/api/v1/runs"), MadeUpFile(number));
    if (answer.status != 201) break;
    stored++;
  }
  EXPECT_GT(stored, 0);
  EXPECT_GE(answer.status, 500) << stored;
  EXPECT_THAT(json::parse(answer.body).value("error", ""), HasSubstr(because));
  EXPECT_EQ(json::parse(Get(server.Url("/api/v1/runs?limit=1")).body).at("total"), stored);
}

TEST_F(FaultsTest, AFileThatMayNotGrow) {
  {
    Served server(data_, {}, {}, [] {
      const rlimit limit = {1 << 20, 1 << 20};
      setrlimit(RLIMIT_FSIZE, &limit);
    });
    FillUp(server, "cannot use " + data_);
    EXPECT_EQ(server.Stop(), 0);
  }
  EXPECT_GT(Total(), 0);
}

TEST_F(FaultsTest, AFullDisk) {
  // A file system of its own, which only the server sees.
  const std::string disk = folder_ + "/disk";
  fs::create_directory(disk);
  const auto mount_disk = [&disk] {
    if (unshare(CLONE_NEWNS) != 0 ||
        mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount("disk", disk.c_str(), "tmpfs", 0, "size=2m") != 0) {
      _exit(99);
    }
  };
  Process probe({"/bin/true"}, {}, mount_disk);
  if (probe.Wait() != 0) GTEST_SKIP() << "no file system can be mounted here";
  Served server(disk + "/r.db", {}, {}, mount_disk);
  FillUp(server, "the disk is full");
  EXPECT_EQ(Get(server.Url("/api/v1/about")).status, 200);
  EXPECT_EQ(server.Stop(), 0);
}

}  // namespace
}  // namespace loam::dashboards
