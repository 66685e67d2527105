#include "benchmarks/harness/result_json.h"

#include "absl/strings/str_cat.h"
#include "benchmarks/harness/names.h"
#include "benchmarks/harness/repetition_json.h"

namespace loam::matrix {
namespace {

using Json = nlohmann::ordered_json;

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
          {"command", workload.program ? Json(workload.program->told) : Json()},
          {"problem", OrNull(workload.problem)}};
}

Json RepetitionEntry(const Matrix &matrix, const Cell &cell, size_t index) {
  const Repetition &repetition = cell.repetitions[index];
  const double operations = static_cast<double>(repetition.operations);
  const std::string name = CellName(matrix, cell);
  Json entry = {
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
  };
  entry.update(RepetitionToJson(repetition));
  return entry;
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
  if (matrix.machines.size() > 1) json["machine"] = matrix.machines[cell.machine];
  for (size_t metric = 0; metric < Metrics().size(); metric++) {
    json[Metrics()[metric].name] = MetricJson(
        Metrics()[metric], summary.cells[index].metrics[metric], cell.allocator == matrix.baseline);
  }
  return json;
}

Json GeomeanJson(const Matrix &matrix, size_t machine, size_t allocator, const Summary &summary) {
  Json json = {{"allocator", matrix.allocators[allocator].name}};
  if (matrix.machines.size() > 1) json["machine"] = matrix.machines[machine];
  for (size_t metric = 0; metric < Metrics().size(); metric++) {
    const std::optional<Geomean> &geomean = summary.geomeans[machine][allocator][metric];
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
  for (const Allocator &allocator : matrix.allocators) {
    json["allocators"].push_back(AllocatorJson(allocator));
  }
  for (size_t machine = 0; machine < summary.geomeans.size(); machine++) {
    for (size_t allocator = 0; allocator < matrix.allocators.size(); allocator++) {
      json["geomeans"].push_back(GeomeanJson(matrix, machine, allocator, summary));
    }
  }
  for (size_t i = 0; i < matrix.cells.size(); i++) {
    json["cells"].push_back(CellJson(matrix, i, summary));
    for (size_t repetition = 0; repetition < matrix.cells[i].repetitions.size(); repetition++) {
      json["benchmarks"].push_back(RepetitionEntry(matrix, matrix.cells[i], repetition));
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
