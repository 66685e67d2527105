#include "dashboards/document/summary.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"

namespace loam::dashboards {
namespace {

using nlohmann::json;

std::string TextOrNothing(const json &value) {
  return value.is_string() ? value.get<std::string>() : "";
}

// Metrics are those of the schema, by their form: a later version may add some.
bool IsMetric(const std::string &key, const json &value) {
  const auto may_name = [](unsigned char c) {
    return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '_';
  };
  return !key.empty() && std::all_of(key.begin(), key.end(), may_name) && value.is_object() &&
         value.value("median", json()).is_number() && value.value("unit", json()).is_string();
}

std::optional<double> NumberOrNothing(const json &value) {
  if (!value.is_number()) return std::nullopt;
  return value.get<double>();
}

}  // namespace

absl::Time DateOf(const json &document) {
  absl::Time time;
  std::string error;
  absl::ParseTime(absl::RFC3339_full,
                  document.at("context").at("date").get_ref<const std::string &>(), &time, &error);
  return time;
}

json SummaryOf(const json &document) {
  const json &context = document.at("context");
  json summary;
  for (const char *key :
       {"date", "host_name", "cpu_model", "num_cpus", "kernel", "libc", "compiler", "suite",
        "rounds", "commit", "commit_is_modified", "complete", "baseline_allocator"}) {
    summary[key] = context.at(key);
  }
  json names = json::array();
  for (const json &allocator : document.at("allocators")) names.push_back(allocator.at("name"));
  summary["allocators"] = std::move(names);
  summary["workload_count"] = document.at("workloads").size();
  summary["cell_count"] = document.at("cells").size();
  return summary;
}

std::vector<Point> PointsOf(const json &document) {
  const std::string run_host = TextOrNothing(document.at("context").at("host_name"));
  std::vector<Point> points;
  for (const json &cell : document.at("cells")) {
    Point point;
    point.workload = cell.at("workload");
    point.threads = cell.at("threads");
    point.allocator = cell.at("allocator");
    const std::string machine = TextOrNothing(cell.value("machine", json()));
    point.host_name = machine.empty() ? run_host : machine;
    for (const auto &[key, metric] : cell.items()) {
      if (!IsMetric(key, metric)) continue;
      point.metric = key;
      point.unit = metric.at("unit");
      point.median = metric.at("median");
      point.ratio = NumberOrNothing(metric.value("ratio", json()));
      point.ratio_low = NumberOrNothing(metric.value("ratio_low", json()));
      point.ratio_high = NumberOrNothing(metric.value("ratio_high", json()));
      points.push_back(point);
    }
  }
  return points;
}

}  // namespace loam::dashboards
