#include "benchmarks/harness/journal/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "benchmarks/harness/repetition_json.h"
#include "benchmarks/harness/results/made_up_result.h"

namespace loam::matrix {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr size_t kExpectedBytes = 1 << 16;

class JournalTest : public ::testing::Test {
 protected:
  JournalTest() : path_((fs::path(::testing::TempDir()) / "journal_test.journal").string()) {
    fs::remove(path_);
  }

  // A matrix with cells, and nothing measured.
  static Matrix Planned() {
    Matrix matrix = MadeUpResult().matrix;
    for (Cell &cell : matrix.cells) cell.repetitions.clear();
    return matrix;
  }

  absl::StatusOr<Journal> Open(bool resume, Matrix *matrix) {
    context_ = {{"date", "now"}};
    return Journal::Open(path_, resume, plan_, kExpectedBytes, matrix, &context_);
  }

  static absl::Status Measure(int round, Cell *cell, const Matrix &matrix, Journal *journal) {
    Repetition repetition;
    repetition.round = round;
    repetition.work_wall_ns = 100 + round;
    cell->repetitions.push_back(repetition);
    return journal->Record(matrix, *cell);
  }

  // Two repetitions of the first cell, and a failure of the second.
  void WriteSome() {
    Matrix matrix = Planned();
    absl::StatusOr<Journal> journal = Open(false, &matrix);
    ASSERT_TRUE(journal.ok()) << journal.status();
    ASSERT_TRUE(Measure(0, &matrix.cells[0], matrix, &*journal).ok());
    ASSERT_TRUE(Measure(1, &matrix.cells[0], matrix, &*journal).ok());
    matrix.cells[1].status = CellStatus::kTimedOut;
    matrix.cells[1].message = "too \"slow\"\n";
    ASSERT_TRUE(journal->Record(matrix, matrix.cells[1]).ok());
  }

  std::string Text() {
    std::ifstream file(path_);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }

  std::string WhyNot(bool resume) {
    Matrix matrix = Planned();
    return std::string(Open(resume, &matrix).status().message());
  }

  std::string path_;
  Json plan_ = {{"seed", 1}, {"rounds", 7}, {"cells", {"a", "b"}}};
  Json context_;
};

TEST_F(JournalTest, WhatWasRecordedComesBack) {
  WriteSome();
  Matrix matrix = Planned();
  ASSERT_TRUE(Open(true, &matrix).ok());
  ASSERT_EQ(matrix.cells[0].repetitions.size(), 2u);
  EXPECT_EQ(matrix.cells[0].repetitions[1].round, 1);
  EXPECT_EQ(matrix.cells[0].repetitions[1].work_wall_ns, 101);
  EXPECT_EQ(matrix.cells[1].status, CellStatus::kTimedOut);
  EXPECT_EQ(matrix.cells[1].message, "too \"slow\"\n");
  EXPECT_TRUE(matrix.cells[2].repetitions.empty());
  EXPECT_EQ(context_, Json({{"date", "now"}, {"resumed", 1}}));
}

TEST_F(JournalTest, WhereverItIsCutTheWholeLinesComeBack) {
  WriteSome();
  const std::string whole = Text();
  for (size_t length = 0; length <= whole.size(); length += 3) {
    std::ofstream(path_, std::ios::trunc) << whole.substr(0, length);
    const auto lines =
        std::count(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length), '\n');
    Matrix matrix = Planned();
    absl::StatusOr<Journal> journal = Open(true, &matrix);
    ASSERT_TRUE(journal.ok()) << length << ": " << journal.status();
    const size_t expected = lines < 2 ? 0 : lines == 2 ? 1 : 2;
    ASSERT_EQ(matrix.cells[0].repetitions.size(), expected) << length;
    ASSERT_EQ(matrix.cells[1].status == CellStatus::kOk, lines < 4) << length;
    // And what is written then does not grow together with the rest.
    ASSERT_TRUE(Measure(5, &matrix.cells[2], matrix, &*journal).ok());
    { const Journal closed = *std::move(journal); }
    Matrix again = Planned();
    ASSERT_TRUE(Open(true, &again).ok()) << length;
    ASSERT_EQ(again.cells[2].repetitions.size(), 1u) << length;
  }
}

TEST_F(JournalTest, ANewRunDoesNotWriteOverAnOldOne) {
  WriteSome();
  const std::string before = Text();
  EXPECT_THAT(WhyNot(false), HasSubstr("has what an earlier run measured"));
  EXPECT_EQ(Text(), before);
}

TEST_F(JournalTest, OneWithoutRepetitionsIsBegunAnew) {
  Matrix matrix = Planned();
  ASSERT_TRUE(Open(false, &matrix).ok());
  plan_["rounds"] = 25;
  EXPECT_TRUE(Open(false, &matrix).ok());
}

TEST_F(JournalTest, AnotherPlanIsRefusedAndLeftAlone) {
  WriteSome();
  const std::string before = Text();
  plan_["rounds"] = 25;
  EXPECT_THAT(WhyNot(true), HasSubstr("another plan (rounds: 7 there, 25 here)"));
  plan_["rounds"] = 7;
  plan_["cells"] = {"a", "c"};
  EXPECT_THAT(WhyNot(true), HasSubstr("another plan (its cells are others)"));
  EXPECT_EQ(Text(), before);
}

TEST_F(JournalTest, DamageInTheMiddleIsAnErrorWithALine) {
  WriteSome();
  std::string text = Text();
  text[text.find('\n') + 1] = 'x';
  std::ofstream(path_, std::ios::trunc) << text;
  EXPECT_THAT(WhyNot(true), StartsWith(path_ + ":2: a damaged journal"));
}

TEST_F(JournalTest, ARepetitionTwiceIsDamage) {
  WriteSome();
  const std::string text = Text();
  const size_t second = text.find('\n') + 1;
  std::ofstream(path_, std::ios::app) << text.substr(second, text.find('\n', second) + 1 - second);
  EXPECT_THAT(WhyNot(true), HasSubstr("a repetition twice"));
}

TEST_F(JournalTest, TwoProcessesCannotHaveOne) {
  Matrix matrix = Planned();
  const absl::StatusOr<Journal> first = Open(false, &matrix);
  ASSERT_TRUE(first.ok());
  EXPECT_THAT(WhyNot(true), HasSubstr("another run is writing"));
}

TEST_F(JournalTest, AFullDiskLeavesWholeLines) {
  Matrix matrix = Planned();
  absl::StatusOr<Journal> journal = Open(false, &matrix);
  ASSERT_TRUE(journal.ok());
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit small = before;
  small.rlim_cur = 2000;  // stands in for a full disk
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  absl::Status status;
  int written = 0;
  for (; status.ok() && written < 100; written++) {
    status = Measure(written, &matrix.cells[0], matrix, &*journal);
  }
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_THAT(std::string(status.message()), StartsWith("cannot write " + path_));
  { const Journal closed = *std::move(journal); }
  EXPECT_EQ(Text().back(), '\n');
  Matrix again = Planned();
  ASSERT_TRUE(Open(true, &again).ok());
  EXPECT_EQ(again.cells[0].repetitions.size(), static_cast<size_t>(written) - 1);
  EXPECT_GT(written, 1);
}

}  // namespace
}  // namespace loam::matrix
