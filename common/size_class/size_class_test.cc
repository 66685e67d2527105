#include "common/size_class/size_class.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>

namespace {

class SizeClassTest : public testing::TestWithParam<unsigned> {
 protected:
  unsigned Class(size_t bytes) const { return loam_size_class(bytes, GetParam()); }
  size_t Floor(unsigned size_class) const { return loam_size_class_floor(size_class, GetParam()); }
  // Classes are numbered from here, the class of the least size allowed.
  unsigned First() const { return Class(size_t{1} << GetParam()); }
};

TEST_P(SizeClassTest, GrowsWithTheSizeWithoutAGap) {
  unsigned last = First();
  for (size_t bytes = size_t{1} << GetParam(); bytes < 70000; bytes++) {
    const unsigned now = Class(bytes);
    ASSERT_TRUE(now == last || now == last + 1) << bytes;
    last = now;
  }
}

TEST_P(SizeClassTest, FloorIsTheLeastSizeOfItsClass) {
  const unsigned most = Class(SIZE_MAX);
  for (unsigned size_class = First(); size_class <= most; size_class++) {
    const size_t floor = Floor(size_class);
    ASSERT_EQ(Class(floor), size_class);
    if (size_class > First()) {
      ASSERT_EQ(Class(floor - 1), size_class - 1);
    }
  }
}

TEST_P(SizeClassTest, APowerOfTwoHasItsStepsInEqualWidth) {
  const size_t steps = size_t{1} << GetParam();
  for (unsigned log2 = GetParam(); log2 < 63; log2++) {
    const size_t power = size_t{1} << log2;
    const unsigned first = Class(power);
    ASSERT_EQ(Floor(first), power);
    ASSERT_EQ(Class(2 * power), first + steps);
    for (unsigned step = 0; step < steps; step++) {
      ASSERT_EQ(Floor(first + step), power + step * (power / steps));
    }
  }
}

TEST_P(SizeClassTest, TheLargestSizeIsInTheLastStep) {
  const unsigned top = Class(size_t{1} << 63);
  EXPECT_EQ(Class(SIZE_MAX), top + (1u << GetParam()) - 1);
}

INSTANTIATE_TEST_SUITE_P(StepBits, SizeClassTest, testing::Range(0u, 6u));

TEST(SizeClassExampleTest, StepBitsZeroIsTheLogarithm) {
  EXPECT_EQ(loam_size_class(1, 0), 0u);
  EXPECT_EQ(loam_size_class(2, 0), 1u);
  EXPECT_EQ(loam_size_class(3, 0), 1u);
  EXPECT_EQ(loam_size_class(4096, 0), 12u);
  EXPECT_EQ(loam_size_class(SIZE_MAX, 0), 63u);
}

TEST(SizeClassExampleTest, StepsOfTheExampleInTheHeader) {
  const unsigned from_64 = loam_size_class(64, 2);
  EXPECT_EQ(loam_size_class(79, 2), from_64);
  EXPECT_EQ(loam_size_class(80, 2), from_64 + 1);
  EXPECT_EQ(loam_size_class(127, 2), from_64 + 3);
  EXPECT_EQ(loam_size_class(128, 2), from_64 + 4);
  EXPECT_EQ(loam_size_class(159, 2), from_64 + 4);
  EXPECT_EQ(loam_size_class(160, 2), from_64 + 5);
}

}  // namespace
