#include "benchmarks/statistics/student.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace loam::statistics {
namespace {

// Values of the usual printed tables.
TEST(StudentQuantileTest, AgreesWithTables) {
  EXPECT_NEAR(StudentQuantile(0.975, 1), 12.7062, 0.0001);
  EXPECT_NEAR(StudentQuantile(0.975, 5), 2.5706, 0.0001);
  EXPECT_NEAR(StudentQuantile(0.975, 30), 2.0423, 0.0001);
  EXPECT_NEAR(StudentQuantile(0.9995, 6), 5.9588, 0.0001);
  EXPECT_NEAR(StudentQuantile(0.8, 24), 0.8569, 0.0001);
  EXPECT_NEAR(StudentQuantile(0.975, 1e9), 1.95996, 0.00001);
}

TEST(StudentQuantileTest, IsSymmetric) {
  EXPECT_DOUBLE_EQ(StudentQuantile(0.1, 7), -StudentQuantile(0.9, 7));
  EXPECT_NEAR(StudentQuantile(0.5, 7), 0, 1e-9);
}

TEST(StudentTwoSidedPTest, HasKnownAnswers) {
  EXPECT_EQ(StudentTwoSidedP(0, 6), 1);
  // With one degree of freedom it is Cauchy's distribution, with two algebraic.
  EXPECT_NEAR(StudentTwoSidedP(1, 1), 0.5, 1e-12);
  EXPECT_NEAR(StudentTwoSidedP(-3, 2), 1 - 3 / std::sqrt(11), 1e-12);
  EXPECT_EQ(StudentTwoSidedP(std::numeric_limits<double>::infinity(), 6), 0);
}

TEST(StudentTwoSidedPTest, GoesFarIntoTheTail) {
  // 2 t^-v f for large t: with v = 2 it is 1 - t / sqrt(t^2 + 2) ~ 1 / t^2.
  EXPECT_NEAR(StudentTwoSidedP(1e6, 2) * 1e12, 1, 1e-3);
}

}  // namespace
}  // namespace loam::statistics
