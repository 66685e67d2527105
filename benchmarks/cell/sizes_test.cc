#include "benchmarks/cell/sizes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace loam::cell {
namespace {

constexpr size_t kDraws = 4096;

std::vector<size_t> Sorted(SizeTable *table) {
  std::vector<size_t> sizes;
  for (size_t i = 0; i < kDraws; i++) sizes.push_back(table->At(i));
  std::sort(sizes.begin(), sizes.end());
  return sizes;
}

TEST(SizeTableTest, LogUniformSizesSpreadEvenlyOverTheDoublings) {
  SizeTable table;
  SizeTable::FillLogUniform(16, 1024, 3, &table);
  const std::vector<size_t> sizes = Sorted(&table);
  EXPECT_GE(sizes.front(), 16u);
  EXPECT_LE(sizes.back(), 1024u);
  // Half of the six doublings lie under 128.
  const auto half = std::lower_bound(sizes.begin(), sizes.end(), 128u) - sizes.begin();
  EXPECT_NEAR(static_cast<double>(half) / kDraws, 0.5, 0.05);
}

TEST(SizeTableTest, HeavyTailedSizesAreMostlySmallAndTheFewLargeHoldMostBytes) {
  SizeTable table;
  SizeTable::FillHeavyTailed(16, 64 * 1024, 3, &table);
  const std::vector<size_t> sizes = Sorted(&table);
  EXPECT_GE(sizes.front(), 16u);
  EXPECT_LE(sizes.back(), 64u * 1024);
  EXPECT_LE(sizes[kDraws / 2], 48u);
  size_t all = 0;
  size_t largest_tenth = 0;
  for (size_t i = 0; i < kDraws; i++) {
    all += sizes[i];
    if (i >= kDraws * 9 / 10) largest_tenth += sizes[i];
  }
  EXPECT_GT(largest_tenth * 2, all);
}

TEST(SizeTableTest, LogNormalSizesHaveTheirMedianAndSpread) {
  SizeTable table;
  SizeTable::FillLogNormal(200, 1.0, 16, 64 * 1024, 3, &table);
  const std::vector<size_t> sizes = Sorted(&table);
  EXPECT_GE(sizes.front(), 16u);
  EXPECT_LE(sizes.back(), 64u * 1024);
  EXPECT_NEAR(static_cast<double>(sizes[kDraws / 2]), 200, 20);
  // A standard deviation up and down: e times as much, and as little.
  EXPECT_NEAR(static_cast<double>(sizes[kDraws * 8413 / 10000]), 200 * 2.718, 60);
  EXPECT_NEAR(static_cast<double>(sizes[kDraws * 1587 / 10000]), 200 / 2.718, 10);
}

TEST(SizeTableTest, ASeedDecidesTheSizes) {
  SizeTable first;
  SizeTable second;
  SizeTable third;
  SizeTable::FillHeavyTailed(16, 4096, 3, &first);
  SizeTable::FillHeavyTailed(16, 4096, 3, &second);
  SizeTable::FillHeavyTailed(16, 4096, 4, &third);
  EXPECT_EQ(Sorted(&first), Sorted(&second));
  EXPECT_NE(Sorted(&first), Sorted(&third));
}

TEST(RandomTest, StaysWithinItsBounds) {
  Random random(1);
  std::vector<bool> seen(7);
  for (int i = 0; i < 1000; i++) {
    const size_t value = random.Below(7);
    ASSERT_LT(value, 7u);
    seen[value] = true;
    const double fraction = random.Fraction();
    ASSERT_GE(fraction, 0);
    ASSERT_LT(fraction, 1);
  }
  EXPECT_EQ(std::count(seen.begin(), seen.end(), true), 7);
}

}  // namespace
}  // namespace loam::cell
