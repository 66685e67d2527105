// What the repetitions of a cell come to, and how the cell relates to the
// baseline's.

#ifndef LOAM_BENCHMARKS_HARNESS_SUMMARY_H_
#define LOAM_BENCHMARKS_HARNESS_SUMMARY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "benchmarks/harness/model.h"
#include "benchmarks/statistics/comparison.h"

namespace loam::matrix {

// A quantity that is compared; less of it is better.
struct Metric {
  const char *name;   // its key in the result file
  const char *unit;   // "ns", "bytes", "count" or "ratio"
  const char *title;  // above its table
  // Of one repetition, or nothing where it was not measured.
  std::optional<double> (*of)(const Repetition &repetition);
  // Explains the others rather than matters by itself: shown when asked for.
  bool is_detail = false;
};

// Time per operation, peak RSS, RSS in the trough and at the end, latencies, CPU
// time per operation, memory over time, and what explains them. Some are younger
// than the schema: a file may lack them.
const std::vector<Metric> &Metrics();

struct MetricSummary {
  double median = 0;
  // Against the baseline, over the rounds that both have; none when there are none.
  std::optional<statistics::Comparison> ratio;
  // What that says, next to all others of the same metric. None without a
  // ratio, and for the baseline.
  std::optional<statistics::Judgement> judgement;
  bool best = false;  // the least of its row, the floor left out
};

struct CellSummary {
  std::vector<std::optional<MetricSummary>> metrics;  // as Metrics()
};

struct Geomean {
  double ratio = 1;
  size_t rows = 0;  // of how many cells
};

struct Summary {
  std::vector<CellSummary> cells;  // as matrix.cells
  // [machine][allocator][metric]: ratios of different machines are not mixed.
  std::vector<std::vector<std::vector<std::optional<Geomean>>>> geomeans;
};

// Only cells that are ok are summarised; those of a failed one are empty.
Summary Summarise(const Matrix &matrix, uint64_t seed);

}  // namespace loam::matrix

#endif  // LOAM_BENCHMARKS_HARNESS_SUMMARY_H_
