#include "benchmarks/harness/summary.h"

#include <map>
#include <utility>

namespace loam::matrix {
namespace {

using Row = std::pair<size_t, int>;  // workload, threads

std::optional<double> TimePerOperation(const Repetition &repetition) {
  return static_cast<double>(repetition.work_wall_ns) / static_cast<double>(repetition.operations);
}

std::optional<double> CpuTimePerOperation(const Repetition &repetition) {
  return static_cast<double>(repetition.work_cpu_ns) / static_cast<double>(repetition.operations);
}

std::optional<double> PeakRss(const Repetition &repetition) {
  return static_cast<double>(repetition.process.peak_rss_bytes);
}

std::optional<double> TroughRss(const Repetition &repetition) {
  if (!repetition.trough_rss_bytes) return std::nullopt;
  return static_cast<double>(*repetition.trough_rss_bytes);
}

std::optional<double> SettledRss(const Repetition &repetition) {
  if (!repetition.settled_rss_bytes) return std::nullopt;
  return static_cast<double>(*repetition.settled_rss_bytes);
}

// Where there was time to settle, so that what is left is what stays.
std::optional<double> EndRss(const Repetition &repetition) {
  if (!repetition.settled_rss_bytes || !repetition.end_rss_bytes) return std::nullopt;
  return static_cast<double>(*repetition.end_rss_bytes);
}

template <std::optional<CallLatency> Latency::*kCall, double CallLatency::*kQuantile>
std::optional<double> LatencyOf(const Repetition &repetition) {
  if (!repetition.latency || !((*repetition.latency).*kCall)) return std::nullopt;
  return (*((*repetition.latency).*kCall)).*kQuantile;
}

std::vector<double> Values(const Cell &cell, const Metric &metric) {
  std::vector<double> values;
  for (const Repetition &repetition : cell.repetitions) {
    if (const auto value = metric.of(repetition)) values.push_back(*value);
  }
  return values;
}

// The values of both cells in the rounds that both have, side by side.
void PairByRound(const Cell &cell, const Cell &baseline, const Metric &metric,
                 std::vector<double> *measured, std::vector<double> *reference) {
  std::map<int, double> by_round;
  for (const Repetition &repetition : baseline.repetitions) {
    if (const auto value = metric.of(repetition)) by_round[repetition.round] = *value;
  }
  for (const Repetition &repetition : cell.repetitions) {
    const auto value = metric.of(repetition);
    const auto other = by_round.find(repetition.round);
    if (!value || other == by_round.end() || *value <= 0 || other->second <= 0) continue;
    measured->push_back(*value);
    reference->push_back(other->second);
  }
}

std::optional<MetricSummary> SummariseCell(const Cell &cell, const Cell *baseline,
                                           const Metric &metric, uint64_t seed) {
  const std::vector<double> values = Values(cell, metric);
  if (cell.status != CellStatus::kOk || values.empty()) return std::nullopt;
  MetricSummary summary;
  summary.median = statistics::Median(values);
  std::vector<double> measured;
  std::vector<double> reference;
  if (baseline != nullptr && baseline->status == CellStatus::kOk) {
    PairByRound(cell, *baseline, metric, &measured, &reference);
  }
  if (!measured.empty()) summary.ratio = statistics::ComparePaired(measured, reference, seed);
  return summary;
}

// All cells of a metric are judged together.
void JudgeCells(const Matrix &matrix, size_t metric, Summary *summary) {
  std::vector<MetricSummary *> compared;
  std::vector<statistics::Comparison> comparisons;
  for (size_t i = 0; i < matrix.cells.size(); i++) {
    std::optional<MetricSummary> &of_cell = summary->cells[i].metrics[metric];
    if (matrix.cells[i].allocator == matrix.baseline || !of_cell || !of_cell->ratio) continue;
    compared.push_back(&*of_cell);
    comparisons.push_back(*of_cell->ratio);
  }
  const std::vector<statistics::Judgement> judgements = statistics::Judge(comparisons);
  for (size_t i = 0; i < compared.size(); i++) compared[i]->judgement = judgements[i];
}

// By the ratio that the table shows, or by the median where the row has none.
double Rank(const MetricSummary &summary) {
  return summary.ratio ? summary.ratio->ratio : summary.median;
}

void MarkBest(const Matrix &matrix, size_t metric, Summary *summary) {
  std::map<Row, MetricSummary *> best;
  for (size_t i = 0; i < matrix.cells.size(); i++) {
    const Cell &cell = matrix.cells[i];
    std::optional<MetricSummary> &candidate = summary->cells[i].metrics[metric];
    if (!candidate || matrix.allocators[cell.allocator].kind == AllocatorKind::kFloor) continue;
    MetricSummary *&least = best[{cell.workload, cell.threads}];
    if (least == nullptr || Rank(*candidate) < Rank(*least)) least = &*candidate;
  }
  for (const auto &[row, least] : best) least->best = true;
}

std::optional<Geomean> GeomeanOf(const Matrix &matrix, const Summary &summary, size_t machine,
                                 size_t allocator, size_t metric) {
  std::vector<double> ratios;
  for (size_t i = 0; i < matrix.cells.size(); i++) {
    const std::optional<MetricSummary> &cell = summary.cells[i].metrics[metric];
    if (matrix.cells[i].machine != machine || matrix.cells[i].allocator != allocator) continue;
    if (!cell || !cell->ratio) continue;
    ratios.push_back(cell->ratio->ratio);
  }
  if (ratios.empty()) return std::nullopt;
  return Geomean{statistics::GeometricMean(ratios), ratios.size()};
}

}  // namespace

const std::vector<Metric> &Metrics() {
  static const auto *metrics = new std::vector<Metric>{
      {"time", "ns", "Time", TimePerOperation},
      {"peak_rss", "bytes", "Peak RSS", PeakRss},
      {"trough_rss", "bytes", "RSS in the trough, at once after most was freed", TroughRss},
      {"settled_rss", "bytes", "RSS in the trough, settled: 1.5 s later", SettledRss},
      {"end_rss", "bytes", "RSS at the end, after the settled rest was freed too", EndRss},
      {"malloc_p50", "ns", "Latency of malloc, median",
       LatencyOf<&Latency::malloc_calls, &CallLatency::p50_ns>},
      {"malloc_p99_9", "ns", "Latency of malloc, 99.9th percentile",
       LatencyOf<&Latency::malloc_calls, &CallLatency::p99_9_ns>},
      {"free_p50", "ns", "Latency of free, median",
       LatencyOf<&Latency::free_calls, &CallLatency::p50_ns>},
      {"free_p99_9", "ns", "Latency of free, 99.9th percentile",
       LatencyOf<&Latency::free_calls, &CallLatency::p99_9_ns>},
      {"cpu_time", "ns", "CPU time of all threads", CpuTimePerOperation},
  };
  return *metrics;
}

Summary Summarise(const Matrix &matrix, uint64_t seed) {
  std::map<Row, const Cell *> baselines;
  for (const Cell &cell : matrix.cells) {
    if (cell.allocator == matrix.baseline) baselines[{cell.workload, cell.threads}] = &cell;
  }
  Summary summary;
  for (const Cell &cell : matrix.cells) {
    CellSummary &of_cell = summary.cells.emplace_back();
    for (const Metric &metric : Metrics()) {
      const Cell *baseline = baselines[{cell.workload, cell.threads}];
      of_cell.metrics.push_back(SummariseCell(cell, baseline, metric, seed));
    }
  }
  for (size_t metric = 0; metric < Metrics().size(); metric++) {
    JudgeCells(matrix, metric, &summary);
    MarkBest(matrix, metric, &summary);
  }
  for (size_t machine = 0; machine < matrix.machines.size(); machine++) {
    auto &of_machine = summary.geomeans.emplace_back();
    for (size_t allocator = 0; allocator < matrix.allocators.size(); allocator++) {
      auto &of_allocator = of_machine.emplace_back();
      for (size_t metric = 0; metric < Metrics().size(); metric++) {
        of_allocator.push_back(GeomeanOf(matrix, summary, machine, allocator, metric));
      }
    }
  }
  return summary;
}

}  // namespace loam::matrix
