#include "benchmarks/harness/self_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "benchmarks/harness/results/made_up_result.h"

namespace loam::matrix {
namespace {

using ::testing::HasSubstr;

// Both allocators of the made-up result, the second as fast as the first.
Matrix Like(int rounds) {
  Matrix matrix = MadeUpResult(rounds).matrix;
  for (size_t i = 1; i < matrix.cells.size(); i += 2) {
    matrix.cells[i].repetitions = matrix.cells[i - 1].repetitions;
  }
  return matrix;
}

TEST(CheckSelfTest, PassesWhereNothingIsFound) {
  const SelfCheck check = CheckSelf(Summarise(Like(7), 1));
  EXPECT_EQ(check.compared, 9u);  // three rows with time, peak RSS and CPU time
  EXPECT_EQ(check.found, 0u);
  EXPECT_EQ(check.allowed, 1u);
  EXPECT_TRUE(check.Passed());
}

TEST(CheckSelfTest, FailsWhereMoreThanOneIsFound) {
  const SelfCheck check = CheckSelf(Summarise(MadeUpResult().matrix, 1));
  EXPECT_EQ(check.found, 6u);  // the second takes half the time
  EXPECT_FALSE(check.Passed());
  EXPECT_THAT(check.Describe(), HasSubstr("6 of 9 comparisons"));
  EXPECT_THAT(check.Describe(), HasSubstr("66.7 %"));
}

TEST(CheckSelfTest, AllowsOneInAHundred) {
  SelfCheck check;
  check.compared = 300;
  check.allowed = 3;
  check.found = 3;
  EXPECT_TRUE(check.Passed());
  check.found = 4;
  EXPECT_FALSE(check.Passed());
}

TEST(CheckSelfTest, FailsWhereNothingCouldBeCompared) {
  const SelfCheck check = CheckSelf(Summarise(Like(5), 1));
  EXPECT_EQ(check.compared, 0u);
  EXPECT_FALSE(check.Passed());
  EXPECT_THAT(check.Describe(), HasSubstr("compared nothing"));
}

}  // namespace
}  // namespace loam::matrix
