// Two results, cell by cell: what became better, what worse, and what cannot be
// told.
//
// The two runs were apart in time, and a machine is not always as fast. Where
// both have the same library as the baseline, each value is therefore first
// divided by the baseline's of its own round; what slowed down both falls out.

#ifndef LOAM_BENCHMARKS_HARNESS_COMPARE_COMPARE_H_
#define LOAM_BENCHMARKS_HARNESS_COMPARE_COMPARE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "benchmarks/harness/results/read_result.h"
#include "benchmarks/statistics/comparison.h"

namespace loam::matrix {

struct CellDifference {
  std::string cell;  // "jemalloc/micro/pair/threads:1"
  statistics::Comparison comparison;
  statistics::Judgement judgement;
};

struct MetricDifferences {
  std::string title;                  // as Metric::title
  std::vector<CellDifference> cells;  // in the order of the second result
  size_t Count(statistics::Verdict verdict) const;
};

struct Differences {
  std::vector<MetricDifferences> metrics;  // those that any cell has
  std::vector<std::string> broken;         // ran before, and fail now: "CELL: why"
  std::vector<std::string> notes;          // what else to know, a line each

  // Whether anything is worse or broken.
  bool HasRegression() const;
};

// An error in one line if nothing can be said: different machines, different
// work.
absl::Status CheckComparable(const nlohmann::ordered_json &before,
                             const nlohmann::ordered_json &after);

// What `after` has that `before` has too, judged together for each metric.
absl::StatusOr<Differences> Compare(const Result &before, const Result &after);

// For a terminal: the cells that differ, or all of them, and the counts.
std::string RenderDifferences(const Differences &differences, bool all);

}  // namespace loam::matrix

#endif  // LOAM_BENCHMARKS_HARNESS_COMPARE_COMPARE_H_
