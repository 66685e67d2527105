#include "benchmarks/harness/result_json.h"

#include "absl/strings/str_cat.h"

namespace loam::matrix {
namespace {

using Json = nlohmann::ordered_json;

const char *NameOf(AllocatorKind kind) {
  switch (kind) {
    case AllocatorKind::kSystem:
      return "system";
    case AllocatorKind::kLoam:
      return "loam";
    case AllocatorKind::kPeer:
      return "peer";
    case AllocatorKind::kFloor:
      return "floor";
    case AllocatorKind::kGiven:
      return "given";
  }
  return "unknown";
}

const char *NameOf(CellStatus status) {
  switch (status) {
    case CellStatus::kOk:
      return "ok";
    case CellStatus::kFailed:
      return "failed";
    case CellStatus::kTimedOut:
      return "timed_out";
    case CellStatus::kSkipped:
      return "skipped";
  }
  return "unknown";
}

const char *NameOf(statistics::Verdict verdict) {
  switch (verdict) {
    case statistics::Verdict::kLess:
      return "less";
    case statistics::Verdict::kMore:
      return "more";
    case statistics::Verdict::kCannotTell:
      return "cannot_tell";
  }
  return "unknown";
}

Json OrNull(const std::string &text) { return text.empty() ? Json() : Json(text); }

template <typename T>
Json OrNull(const std::optional<T> &value) {
  return value ? Json(*value) : Json();
}

Json AllocatorJson(const Allocator &allocator) {
  return {{"name", allocator.name},
          {"kind", NameOf(allocator.kind)},
          {"preload", OrNull(allocator.library)},
          {"path", OrNull(allocator.served_by)},
          {"sha256", OrNull(allocator.sha256)},
          {"version", OrNull(allocator.version)},
          {"problem", OrNull(allocator.problem)}};
}

Json WorkloadJson(const Workload &workload) {
  return {{"name", workload.name},
          {"family", workload.Family()},
          {"stresses", workload.stresses},
          {"stands_for", workload.stands_for},
          {"command", workload.program ? Json(workload.program->command) : Json()},
          {"problem", OrNull(workload.problem)}};
}

Json PointsJson(const std::vector<MemoryPoint> &points) {
  Json json = Json::array();
  for (const MemoryPoint &point : points) {
    json.push_back({{"live_bytes", point.live_bytes}, {"rss_bytes", point.rss_bytes}});
  }
  return json;
}

Json SamplesJson(const std::vector<TraceSample> &samples) {
  if (samples.empty()) return nullptr;
  Json json = Json::array();
  for (const TraceSample &sample : samples) {
    json.push_back({sample.operation, sample.live_bytes, sample.rss_bytes});
  }
  return json;
}

Json CallLatencyJson(const std::optional<CallLatency> &call) {
  if (!call) return nullptr;
  return {{"count", call->count},   {"p50_ns", call->p50_ns},     {"p90_ns", call->p90_ns},
          {"p99_ns", call->p99_ns}, {"p99_9_ns", call->p99_9_ns}, {"p99_99_ns", call->p99_99_ns},
          {"max_ns", call->max_ns}};
}

Json LatencyJson(const std::optional<Latency> &latency) {
  if (!latency) return nullptr;
  return {{"clock_ns", latency->clock_ns},
          {"clock_step_ns", latency->clock_step_ns},
          {"malloc", CallLatencyJson(latency->malloc_calls)},
          {"free", CallLatencyJson(latency->free_calls)}};
}

Json RepetitionJson(const Matrix &matrix, const Cell &cell, size_t index) {
  const Repetition &repetition = cell.repetitions[index];
  const Usage &process = repetition.process;
  const double operations = static_cast<double>(repetition.operations);
  const std::string name = CellName(matrix, cell);
  return {
      // Google Benchmark's fields; times are for one operation.
      {"name", name},
      {"run_name", name},
      {"run_type", "iteration"},
      {"repetitions", cell.repetitions.size()},
      {"repetition_index", index},
      {"threads", cell.threads},
      {"iterations", repetition.operations},
      {"real_time", static_cast<double>(repetition.work_wall_ns) / operations},
      {"cpu_time", static_cast<double>(repetition.work_cpu_ns) / operations},
      {"time_unit", "ns"},
      // Ours.
      {"allocator", matrix.allocators[cell.allocator].name},
      {"workload", matrix.workloads[cell.workload].name},
      {"round", repetition.round},
      {"work_wall_ns", repetition.work_wall_ns},
      {"work_cpu_ns", repetition.work_cpu_ns},
      {"process_wall_ns", process.wall_ns},
      {"process_user_ns", process.user_ns},
      {"process_system_ns", process.system_ns},
      {"peak_rss_bytes", process.peak_rss_bytes},
      {"start_rss_bytes", OrNull(repetition.start_rss_bytes)},
      {"end_rss_bytes", OrNull(repetition.end_rss_bytes)},
      {"trough_rss_bytes", OrNull(repetition.trough_rss_bytes)},
      {"trough_live_bytes", OrNull(repetition.trough_live_bytes)},
      {"settled_rss_bytes", OrNull(repetition.settled_rss_bytes)},
      {"memory_points", PointsJson(repetition.memory_points)},
      {"latency", LatencyJson(repetition.latency)},
      {"live_peak_bytes", OrNull(repetition.live_peak_bytes)},
      {"trace_samples", SamplesJson(repetition.trace_samples)},
      {"minor_faults", process.minor_faults},
      {"major_faults", process.major_faults},
      {"voluntary_context_switches", process.voluntary_switches},
      {"involuntary_context_switches", process.involuntary_switches},
  };
}

Json MetricJson(const Metric &metric, const std::optional<MetricSummary> &summary,
                bool is_baseline) {
  if (!summary) return nullptr;
  Json json = {{"median", summary->median}, {"unit", metric.unit},   {"ratio", nullptr},
               {"ratio_low", nullptr},      {"ratio_high", nullptr}, {"verdict", "no_baseline"},
               {"best", summary->best}};
  if (summary->ratio) {
    json["ratio"] = summary->ratio->ratio;
    if (summary->ratio->interval) {
      json["ratio_low"] = summary->ratio->interval->low;
      json["ratio_high"] = summary->ratio->interval->high;
    }
  }
  if (is_baseline) json["verdict"] = "baseline";
  if (summary->judgement) {
    json["verdict"] = NameOf(summary->judgement->verdict);
  }
  if (summary->judgement && summary->ratio->interval) {
    json["p_value"] = summary->ratio->p;
    json["p_value_rank"] = summary->ratio->rank_p;
    json["p_value_adjusted"] = summary->judgement->adjusted_p;
    json["smallest_visible"] = OrNull(summary->judgement->smallest_visible);
  }
  return json;
}

Json CellJson(const Matrix &matrix, size_t index, const Summary &summary) {
  const Cell &cell = matrix.cells[index];
  Json json = {{"name", CellName(matrix, cell)},
               {"allocator", matrix.allocators[cell.allocator].name},
               {"workload", matrix.workloads[cell.workload].name},
               {"threads", cell.threads},
               {"status", NameOf(cell.status)},
               {"message", OrNull(cell.message)},
               {"repetitions", cell.repetitions.size()}};
  for (size_t metric = 0; metric < Metrics().size(); metric++) {
    json[Metrics()[metric].name] = MetricJson(
        Metrics()[metric], summary.cells[index].metrics[metric], cell.allocator == matrix.baseline);
  }
  return json;
}

Json GeomeanJson(const Matrix &matrix, size_t allocator, const Summary &summary) {
  Json json = {{"allocator", matrix.allocators[allocator].name}};
  for (size_t metric = 0; metric < Metrics().size(); metric++) {
    const std::optional<Geomean> &geomean = summary.geomeans[allocator][metric];
    json[Metrics()[metric].name] =
        geomean ? Json{{"ratio", geomean->ratio}, {"cells", geomean->rows}} : Json();
  }
  return json;
}

}  // namespace

std::string CellName(const Matrix &matrix, const Cell &cell) {
  return absl::StrCat(matrix.allocators[cell.allocator].name, "/",
                      matrix.workloads[cell.workload].name, "/threads:", cell.threads);
}

Json ResultJson(const Matrix &matrix, const Summary &summary, const Json &context) {
  Json json;
  json["schema"] = kSchemaId;
  json["context"] = context;
  json["context"]["complete"] = matrix.complete;
  json["context"]["baseline_allocator"] = matrix.allocators[matrix.baseline].name;
  json["allocators"] = Json::array();
  json["workloads"] = Json::array();
  json["cells"] = Json::array();
  json["geomeans"] = Json::array();
  json["benchmarks"] = Json::array();
  for (const Workload &workload : matrix.workloads) {
    json["workloads"].push_back(WorkloadJson(workload));
  }
  for (size_t i = 0; i < matrix.allocators.size(); i++) {
    json["allocators"].push_back(AllocatorJson(matrix.allocators[i]));
    json["geomeans"].push_back(GeomeanJson(matrix, i, summary));
  }
  for (size_t i = 0; i < matrix.cells.size(); i++) {
    json["cells"].push_back(CellJson(matrix, i, summary));
    for (size_t repetition = 0; repetition < matrix.cells[i].repetitions.size(); repetition++) {
      json["benchmarks"].push_back(RepetitionJson(matrix, matrix.cells[i], repetition));
    }
  }
  return json;
}

size_t ExpectedResultBytes(const Matrix &matrix, int rounds) {
  constexpr size_t kFixed = 64 * 1024;
  constexpr size_t kPerCell = 4096;
  constexpr size_t kPerRepetition = 2048;
  constexpr size_t kPerTraceCell = 8 * 1024;  // its samples
  size_t trace_cells = 0;
  for (const Cell &cell : matrix.cells)
    trace_cells += matrix.workloads[cell.workload].trace ? 1 : 0;
  return kFixed + trace_cells * kPerTraceCell +
         matrix.cells.size() * (kPerCell + kPerRepetition * static_cast<size_t>(rounds));
}

}  // namespace loam::matrix
