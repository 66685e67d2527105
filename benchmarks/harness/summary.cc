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

std::optional<double> AsNumber(const std::optional<int64_t> &value) {
  return value ? std::optional<double>(static_cast<double>(*value)) : std::nullopt;
}

// Where the process did not wait for its trough to settle, which would be most
// of its time.
std::optional<double> MeanRss(const Repetition &repetition) {
  if (repetition.settled_rss_bytes) return std::nullopt;
  return AsNumber(repetition.process.mean_rss_bytes);
}

// Resident bytes for each live one. What was resident before the work is no
// fragmentation and left out; where not even two MiB were live at the peak, pages
// that the kernel counts late are too large a part.
std::optional<double> Fragmentation(const Repetition &repetition, int64_t rss_bytes,
                                    const std::optional<int64_t> &live_bytes) {
  constexpr int64_t kLeastPeak = 2 << 20;
  if (repetition.live_peak_bytes.value_or(0) < kLeastPeak) return std::nullopt;
  if (live_bytes.value_or(0) <= 0 || !repetition.start_rss_bytes) return std::nullopt;
  return static_cast<double>(rss_bytes - *repetition.start_rss_bytes) /
         static_cast<double>(*live_bytes);
}

std::optional<double> PeakFragmentation(const Repetition &repetition) {
  return Fragmentation(repetition, repetition.process.peak_rss_bytes, repetition.live_peak_bytes);
}

std::optional<double> EndFragmentation(const Repetition &repetition) {
  if (!repetition.trough_rss_bytes) return std::nullopt;
  return Fragmentation(repetition, *repetition.trough_rss_bytes, repetition.trough_live_bytes);
}

std::optional<double> PageFaults(const Repetition &repetition) {
  return static_cast<double>(repetition.process.minor_faults + repetition.process.major_faults);
}

std::optional<double> ContextSwitches(const Repetition &repetition) {
  return static_cast<double>(repetition.process.voluntary_switches +
                             repetition.process.involuntary_switches);
}

std::optional<double> SystemCalls(const Repetition &repetition) {
  if (!repetition.system_calls) return std::nullopt;
  int64_t sum = 0;
  for (const auto &[name, calls] : *repetition.system_calls) sum += calls;
  return static_cast<double>(sum);
}

std::optional<double> Cycles(const Repetition &repetition) {
  return AsNumber(repetition.process.cycles);
}

std::optional<double> Instructions(const Repetition &repetition) {
  return AsNumber(repetition.process.instructions);
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
      {"mean_rss", "bytes", "RSS over time, mean", MeanRss},
      {"peak_fragmentation", "ratio", "Fragmentation at the peak: resident / live bytes",
       PeakFragmentation},
      {"end_fragmentation", "ratio", "Fragmentation in the trough: resident / live bytes",
       EndFragmentation},
      {"page_faults", "count", "Page faults", PageFaults, true},
      {"context_switches", "count", "Context switches", ContextSwitches, true},
      {"system_calls", "count", "System calls", SystemCalls, true},
      {"cycles", "count", "Processor cycles in user mode", Cycles, true},
      {"instructions", "count", "Instructions in user mode", Instructions, true},
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
