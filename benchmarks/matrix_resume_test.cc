// A run that is killed, interrupted or out of disk loses nothing that it
// measured, and what goes on with it measures nothing twice.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "benchmarks/testing/run_matrix.h"
#include "benchmarks/testing/schema.h"
#include "nlohmann/json.hpp"

namespace loam::matrix {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

// Four quick cells, often.
constexpr int kRounds = 8;
constexpr size_t kCells = 4;
constexpr char kPlan[] =
    "--noreport --rounds 8 --allocators glibc,floor --workloads micro/pair,micro/lifo_batch";

using Measured = std::map<std::pair<std::string, int>, int64_t>;  // cell, round: wall ns

class MatrixResumeTest : public ::testing::Test {
 protected:
  MatrixResumeTest() : folder_(fs::path(::testing::TempDir()) / "matrix_resume") {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    out_ = (folder_ / "out.json").string();
    journal_ = out_ + ".journal";
  }

  // All whole lines of the journal; one twice fails the test.
  Measured ReadJournal() const {
    Measured measured;
    std::ifstream file(journal_);
    for (std::string line; std::getline(file, line) && !file.eof();) {
      const json entry = json::parse(line, nullptr, false);
      if (!entry.is_object() || !entry.contains("repetition")) continue;
      const json &repetition = entry.at("repetition");
      EXPECT_TRUE(measured
                      .emplace(std::pair(entry.at("cell").get<std::string>(),
                                         repetition.at("round").get<int>()),
                               repetition.at("work_wall_ns").get<int64_t>())
                      .second)
          << "twice: " << line;
    }
    return measured;
  }

  Measured ReadOut() const {
    Measured measured;
    const json result = json::parse(ReadText(out_), nullptr, false);
    EXPECT_TRUE(IsValid(result));
    for (const json &entry : result.at("benchmarks")) {
      EXPECT_TRUE(
          measured
              .emplace(std::pair(entry.at("name").get<std::string>(), entry.at("round").get<int>()),
                       entry.at("work_wall_ns").get<int64_t>())
              .second)
          << "twice: " << entry;
    }
    return measured;
  }

  Said Run(const std::string &more, const std::string &then = "") const {
    return RunMatrix(absl::StrCat(kPlan, " --out ", out_, " ", more, then));
  }

  size_t Length() const { return ReadText(journal_).size(); }

  // Shell code behind a command: kills it when the journal is that long, at some
  // moment of its next repetition.
  std::string KillOnceItHas(size_t bytes) const {
    return absl::StrCat(" & matrix=$!; while kill -0 $matrix && [ $(cat ", journal_,
                        " | wc -c) -lt ", bytes,
                        " ]; do sleep 0.01; done; sleep 0.0$(date +%N | cut -c 1-3);"
                        " kill -KILL $matrix; wait $matrix");
  }

  size_t FilesInFolder() const {
    return static_cast<size_t>(
        std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }

  fs::path folder_;
  std::string out_;
  std::string journal_;
};

// Everything in `part` is in `whole`, and the same.
void ExpectKept(const Measured &part, const Measured &whole) {
  for (const auto &[repetition, wall_ns] : part) {
    const auto found = whole.find(repetition);
    ASSERT_NE(found, whole.end()) << repetition.first << " round " << repetition.second;
    EXPECT_EQ(found->second, wall_ns) << repetition.first << " round " << repetition.second;
  }
}

TEST_F(MatrixResumeTest, AfterAKillAtAnyMomentNothingIsLostOrMeasuredTwice) {
  constexpr int kKills = 10;
  std::mt19937 random(20);
  std::set<size_t> lengths;
  Measured before;
  int kills = 0;
  for (int run = 0; run < kKills + 10; run++) {
    const Said said = kills < kKills ? Run("--resume", KillOnceItHas(Length() + random() % 1500))
                                     : Run("--resume");
    if (said.exit_status == 0) break;
    ASSERT_EQ(said.exit_status, 128 + 9) << said.stderr_text;
    kills++;
    const Measured now = ReadJournal();
    ExpectKept(before, now);
    before = now;
    lengths.insert(now.size());
  }
  EXPECT_GE(kills, kKills / 2);  // a slow shell may come too late for some
  EXPECT_GE(lengths.size(), 3u);
  const Measured whole = ReadOut();
  ExpectKept(before, whole);
  EXPECT_EQ(whole.size(), kCells * kRounds);
  EXPECT_EQ(FilesInFolder(), 1u);
}

TEST_F(MatrixResumeTest, AnInterruptEndsAtOnceWithWhatThereIs) {
  // Each repetition of this cell hangs for hours: only a signal ends it.
  const std::string library = LibraryForTests("broken_malloc");
  const auto start = std::chrono::steady_clock::now();
  const Said said = RunMatrix(
      "--rounds 2 --timeout_s 36000 --allocators glibc --workloads micro/pair,micro/realloc_growth"
      " --allocator broken=" +
      library + " --out " + out_ + " & sleep 4; kill -INT $!; wait $!");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::hours(1));
  EXPECT_EQ(said.exit_status, 1);
  EXPECT_THAT(said.stderr_text, HasSubstr("--resume --out " + out_));
  const json result = json::parse(ReadText(out_), nullptr, false);
  ASSERT_TRUE(result.is_object());
  EXPECT_TRUE(IsValid(result));
  EXPECT_EQ(result.at("context").at("complete"), false);
  for (const json &cell : result.at("cells")) EXPECT_EQ(cell.at("status"), "ok") << cell;
  EXPECT_EQ(ReadOut(), ReadJournal());
  EXPECT_EQ(CountProcessesUnder(library), 0);
}

TEST_F(MatrixResumeTest, AnInterruptedRunGoesOn) {
  const Said stopped = Run("--rounds 400", " & sleep 2; kill -TERM $!; wait $!");
  ASSERT_EQ(stopped.exit_status, 1) << stopped.stderr_text;
  const Measured before = ReadJournal();
  const Said resumed = Run("--resume --rounds 400", " & sleep 2; kill -TERM $!; wait $!");
  ASSERT_EQ(resumed.exit_status, 1) << resumed.stderr_text;
  ExpectKept(before, ReadOut());
  EXPECT_EQ(ReadOut(), ReadJournal());
}

TEST_F(MatrixResumeTest, AJournalIsNotWrittenOverAndNotMixedWithAnotherPlan) {
  ASSERT_EQ(Run("", KillOnceItHas(3000)).exit_status, 128 + 9);
  const std::string before = ReadText(journal_);
  const Said over = Run("");
  EXPECT_EQ(over.exit_status, 2);
  EXPECT_THAT(over.stderr_text, HasSubstr("has what an earlier run measured"));
  const Said other = Run("--resume --rounds 9");
  EXPECT_EQ(other.exit_status, 2);
  EXPECT_THAT(other.stderr_text, HasSubstr("another plan (rounds: 8 there, 9 here)"));
  const Said timed = Run("--resume --latency_rounds 1");
  EXPECT_EQ(timed.exit_status, 2);
  EXPECT_THAT(timed.stderr_text, HasSubstr("another plan (latency_rounds: 0 there, 1 here)"));
  EXPECT_EQ(ReadText(journal_), before);
}

TEST_F(MatrixResumeTest, AWholeRunHasNothingToResume) {
  ASSERT_EQ(Run("--rounds 1").exit_status, 0);
  const std::string before = ReadText(out_);
  const Said again = Run("--rounds 1 --resume");
  EXPECT_EQ(again.exit_status, 0);
  EXPECT_THAT(again.stderr_text, HasSubstr("nothing left to measure"));
  EXPECT_EQ(ReadText(out_), before);
}

TEST_F(MatrixResumeTest, AFullDiskIsOneClearErrorAndWhatIsThereIsWhole) {
  // The limit on files stands in for the disk: it lets the plan in, hardly more.
  const Said said = RunMatrix(absl::StrCat(kPlan, " --out ", out_), "ulimit -f 40; ");
  EXPECT_EQ(said.exit_status, 2);
  EXPECT_THAT(said.stderr_text, HasSubstr("cannot write " + out_));
  EXPECT_EQ(std::count(said.stderr_text.begin(), said.stderr_text.end(), '\n'), 1)
      << said.stderr_text;
  EXPECT_FALSE(fs::exists(out_));
  EXPECT_EQ(FilesInFolder(), 0u);
}

}  // namespace
}  // namespace loam::matrix
