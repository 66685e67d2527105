// Rank tests: they assume nothing of how noise is distributed, so an outlier of
// any size counts as one value.

#ifndef LOAM_BENCHMARKS_STATISTICS_RANKS_H_
#define LOAM_BENCHMARKS_STATISTICS_RANKS_H_

#include <vector>

namespace loam::statistics {

// Wilcoxon's signed-rank test, two-sided: the chance of values as lopsided
// around 0 if each sign were tossed. Exact up to 50 values, ties and all, by
// the normal distribution beyond; zeros are left out. n values can never give
// less than 2 / 2^n.
double SignedRankP(const std::vector<double> &values);

// The Mann-Whitney test, two-sided: the chance that two samples as separate
// come of one distribution. Exact up to 50 values in all, by the normal
// distribution beyond. Neither is empty.
double RankSumP(const std::vector<double> &left, const std::vector<double> &right);

}  // namespace loam::statistics

#endif  // LOAM_BENCHMARKS_STATISTICS_RANKS_H_
