#include "benchmarks/cell/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "benchmarks/cell/random.h"

namespace loam::cell {
namespace {

TEST(HistogramTest, SmallValuesAreExact) {
  Histogram histogram{};
  for (uint64_t value = 0; value < 60; value++) histogram.Add(value);
  EXPECT_EQ(histogram.count(), 60u);
  EXPECT_EQ(histogram.Quantile(0.5), 29u);
  EXPECT_EQ(histogram.Quantile(0.9), 53u);
  EXPECT_EQ(histogram.Quantile(1), 59u);
  EXPECT_EQ(histogram.max(), 59u);
}

TEST(HistogramTest, QuantilesAreThoseOfTheSortedValues) {
  Histogram histogram{};
  std::vector<uint64_t> values;
  Random random(5);
  for (int i = 0; i < 200'000; i++) {
    values.push_back(random.Next() >> (30 + random.Below(30)));
    histogram.Add(values.back());
  }
  std::sort(values.begin(), values.end());
  for (double quantile : {0.001, 0.5, 0.9, 0.99, 0.999, 0.9999}) {
    const auto index =
        static_cast<size_t>(std::ceil(quantile * static_cast<double>(values.size())) - 1);
    const double truth = static_cast<double>(values[index]);
    EXPECT_NEAR(static_cast<double>(histogram.Quantile(quantile)), truth, truth / 64 + 0.5)
        << quantile;
  }
  EXPECT_EQ(histogram.max(), values.back());
}

TEST(HistogramTest, OneOutlierIsTheMaximumAndNothingElse) {
  Histogram histogram{};
  for (int i = 0; i < 9999; i++) histogram.Add(20);
  histogram.Add(123'456'789);
  EXPECT_EQ(histogram.Quantile(0.9999), 20u);
  EXPECT_EQ(histogram.max(), 123'456'789u);
}

TEST(HistogramTest, TakesAnyValueAndNone) {
  Histogram histogram{};
  EXPECT_EQ(histogram.Quantile(0.5), 0u);
  histogram.Add(UINT64_MAX);
  EXPECT_EQ(histogram.count(), 1u);
  EXPECT_EQ(histogram.max(), UINT64_MAX);
}

TEST(HistogramTest, MergesAsIfAllHadGoneIntoOne) {
  Histogram first{};
  Histogram second{};
  Histogram both{};
  for (uint64_t i = 0; i < 5000; i++) {
    (i % 3 == 0 ? first : second).Add(i * i);
    both.Add(i * i);
  }
  first.Merge(second);
  EXPECT_EQ(first.count(), both.count());
  EXPECT_EQ(first.max(), both.max());
  for (double quantile : {0.1, 0.5, 0.999}) {
    EXPECT_EQ(first.Quantile(quantile), both.Quantile(quantile));
  }
}

}  // namespace
}  // namespace loam::cell
