// Whatever is wrong with the command line: one line on stderr that says so, a
// status that is not 0, no file, and no measuring first.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "benchmarks/testing/run_matrix.h"

namespace loam::matrix {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class MatrixErrorsTest : public ::testing::Test {
 protected:
  MatrixErrorsTest() : folder_(fs::path(::testing::TempDir()) / "matrix_errors") {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }

  void ExpectRefused(const std::string &arguments, const std::string &because) {
    const Said said = RunMatrix("--out " + (folder_ / "out.json").string() + " " + arguments);
    EXPECT_EQ(said.exit_status, 2) << arguments;
    EXPECT_THAT(said.stderr_text, HasSubstr(because)) << arguments;
    EXPECT_EQ(std::count(said.stderr_text.begin(), said.stderr_text.end(), '\n'), 1)
        << arguments << ": " << said.stderr_text;
    EXPECT_THAT(said.stdout_text, IsEmpty()) << arguments;
    EXPECT_EQ(fs::directory_iterator(folder_), fs::directory_iterator()) << arguments;
  }

  fs::path folder_;
};

TEST_F(MatrixErrorsTest, Flags) {
  ExpectRefused("--nonsense", "nonsense");
  ExpectRefused("stray", "\"stray\" is not a flag");
  ExpectRefused("--latency_rounds -2", "--latency_rounds=-2 is not a number from 0 to 10000");
  ExpectRefused("--suite quickest", "--suite=quickest is not quick or full");
  ExpectRefused("--rounds many", "rounds");
  ExpectRefused("--rounds -3", "--rounds=-3 is not a number");
  ExpectRefused("--threads 1,zero", "--threads: \"zero\"");
  ExpectRefused("--threads 0", "--threads: \"0\"");
  ExpectRefused("--timeout_s nan", "--timeout_s");
  ExpectRefused("--seed -1", "seed");
  ExpectRefused("--format html", "--format=html is not terminal or markdown");
  ExpectRefused("--allocator", "--allocator lacks its value");
  ExpectRefused("--resume=maybe", "--resume=maybe cannot be understood");
  ExpectRefused("--shard_count 0", "--shard_count=0 is not a number");
  ExpectRefused("--shard_count 3 --shard_index 3", "--shard_index=3 is not a number from 0 to 2");
  ExpectRefused("--fail_on_regression", "needs compare or --baseline");
  ExpectRefused("--self_check --allocators glibc", "--self_check measures --baseline_allocator");
}

TEST_F(MatrixErrorsTest, NamesThatAreNotThere) {
  ExpectRefused("--workloads micro/pear", "no workload is called \"micro/pear\"");
  ExpectRefused("--allocators glibc,hoard", "no allocator is called \"hoard\"");
  ExpectRefused("--baseline_allocator hoard", "no allocator is called \"hoard\"");
}

TEST_F(MatrixErrorsTest, Libraries) {
  ExpectRefused("--allocator mine=/nonexistent/lib.so", "there is no such library");
  ExpectRefused("--allocator mine", "is not NAME=/path/to/library.so");
  ExpectRefused("--allocator glibc=" + LibraryForTests("broken_malloc"),
                "two allocators are called");
}

TEST_F(MatrixErrorsTest, PlacesThatCannotBeWritten) {
  // The last --out counts.
  ExpectRefused("--out /dev/full", "/dev/full: it is not a regular file");
  ExpectRefused("--out /nonexistent/out.json", "No such file or directory");
  ExpectRefused("--out " + folder_.string(), "it is not a regular file");
  ExpectRefused("--out /proc/out.json", "cannot write /proc/out.json");
}

TEST_F(MatrixErrorsTest, ResumeNeedsToKnowWhich) {
  const Said said = RunMatrix("--resume");
  EXPECT_EQ(said.exit_status, 2);
  EXPECT_THAT(said.stderr_text, HasSubstr("--resume needs --out"));
}

TEST_F(MatrixErrorsTest, Commands) {
  ExpectRefused("compare /dev/null", "usage: matrix compare BEFORE.json AFTER.json");
  ExpectRefused("compare /dev/null /dev/null", "/dev/null: not a result file");
  ExpectRefused("merge out.json", "usage: matrix merge");
  ExpectRefused("merge out.json /nonexistent.json", "cannot read /nonexistent.json");
  ExpectRefused("tables", "usage: matrix tables");
  ExpectRefused("tables /nonexistent.md", "cannot read /nonexistent.md");
}

TEST_F(MatrixErrorsTest, FilesThatAreNoResults) {
  ExpectRefused("--baseline /nonexistent.json", "cannot read /nonexistent.json");
  ExpectRefused("--print /nonexistent.json", "cannot read /nonexistent.json");
  ExpectRefused("--print /dev/null", "not a result file");
  ExpectRefused("--print /proc/cpuinfo", "not a result file");
}

TEST_F(MatrixErrorsTest, HelpIsNoError) {
  const Said said = RunMatrix("--help");
  EXPECT_EQ(said.exit_status, 0);
  EXPECT_THAT(said.stderr_text, IsEmpty());
  for (const char *flag : {"--suite", "--allocators", "--workloads", "--threads", "--rounds",
                           "--out", "--baseline_allocator", "--seed", "--list", "--allocator",
                           "--resume", "--baseline", "--self_check", "--shard_index"}) {
    EXPECT_THAT(said.stdout_text, HasSubstr(std::string("  ") + flag));
  }
}

TEST_F(MatrixErrorsTest, AListOfEverythingIsNoError) {
  const Said said = RunMatrix("--list --allocator mine=" + LibraryForTests("broken_malloc"));
  EXPECT_EQ(said.exit_status, 0);
  for (const char *name : {"  glibc ", "  floor ", "  mine ", "  micro/pair", "  threaded/server",
                           "  memory/comb", "  program/python_objects"}) {
    EXPECT_THAT(said.stdout_text, HasSubstr(name));
  }
}

}  // namespace
}  // namespace loam::matrix
