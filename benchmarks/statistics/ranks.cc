#include "benchmarks/statistics/ranks.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace loam::statistics {
namespace {

constexpr size_t kMostForExact = 50;

// Twice the rank of each value, from 2 on: whole also where equal values share
// the mean of their ranks.
std::vector<size_t> DoubledRanks(const std::vector<double> &values) {
  std::vector<double> sorted = values;
  std::sort(sorted.begin(), sorted.end());
  std::vector<size_t> ranks;
  for (double value : values) {
    const auto equal = std::equal_range(sorted.begin(), sorted.end(), value);
    ranks.push_back(static_cast<size_t>(equal.first - sorted.begin()) + 1 +
                    static_cast<size_t>(equal.second - sorted.begin()));
  }
  return ranks;
}

// Two-sided, of `ways[sum]` ways to get each sum.
double TailOf(const std::vector<double> &ways, size_t sum) {
  double all = 0;
  double below = 0;
  double above = 0;
  for (size_t i = 0; i < ways.size(); i++) {
    all += ways[i];
    if (i <= sum) below += ways[i];
    if (i >= sum) above += ways[i];
  }
  return std::min(1.0, 2 * std::min(below, above) / all);
}

// Sums are doubled ranks: neighbours are 1 apart at least, half of which is
// the correction for continuity.
double NormalTail(double sum, double mean, double variance) {
  if (variance <= 0) return 1;
  const double distance = std::max(0.0, std::fabs(sum - mean) - 0.5);
  return std::erfc(distance / std::sqrt(2 * variance));
}

size_t Sum(const std::vector<size_t> &values) {
  size_t sum = 0;
  for (size_t value : values) sum += value;
  return sum;
}

}  // namespace

double SignedRankP(const std::vector<double> &values) {
  std::vector<double> sizes;
  std::vector<bool> positive;
  for (double value : values) {
    if (value == 0) continue;
    sizes.push_back(std::fabs(value));
    positive.push_back(value > 0);
  }
  const std::vector<size_t> ranks = DoubledRanks(sizes);
  size_t sum = 0;
  double squares = 0;
  for (size_t i = 0; i < ranks.size(); i++) {
    if (positive[i]) sum += ranks[i];
    squares += static_cast<double>(ranks[i] * ranks[i]);
  }
  const size_t most = Sum(ranks);
  if (ranks.size() > kMostForExact) {
    return NormalTail(static_cast<double>(sum), static_cast<double>(most) / 2, squares / 4);
  }
  // Each rank is in the sum or is not.
  std::vector<double> ways(most + 1, 0);
  ways[0] = 1;
  for (size_t rank : ranks) {
    for (size_t i = most; i >= rank; i--) ways[i] += ways[i - rank];
  }
  return TailOf(ways, sum);
}

double RankSumP(const std::vector<double> &left, const std::vector<double> &right) {
  std::vector<double> all = left;
  all.insert(all.end(), right.begin(), right.end());
  const std::vector<size_t> ranks = DoubledRanks(all);
  size_t sum = 0;
  for (size_t i = 0; i < left.size(); i++) sum += ranks[i];
  const size_t most = Sum(ranks);
  if (all.size() > kMostForExact) {
    const double n = static_cast<double>(all.size());
    const double share = static_cast<double>(left.size()) / n;
    const double mean = static_cast<double>(most) / n;
    double squares = 0;
    for (size_t rank : ranks) squares += std::pow(static_cast<double>(rank) - mean, 2);
    const double variance = share * static_cast<double>(right.size()) * squares / (n - 1);
    return NormalTail(static_cast<double>(sum), static_cast<double>(most) * share, variance);
  }
  // ways[count][sum]: to choose so many ranks with that sum.
  std::vector<std::vector<double>> ways(left.size() + 1, std::vector<double>(most + 1, 0));
  ways[0][0] = 1;
  for (size_t rank : ranks) {
    for (size_t count = left.size(); count > 0; count--) {
      for (size_t i = most; i >= rank; i--) ways[count][i] += ways[count - 1][i - rank];
    }
  }
  return TailOf(ways[left.size()], sum);
}

}  // namespace loam::statistics
