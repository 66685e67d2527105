#include "dashboards/service/store/history.h"

#include <map>
#include <set>
#include <utility>

#include "nlohmann/json.hpp"

namespace loam::dashboards {
namespace {

using nlohmann::json;

template <typename T>
json OrNull(const std::optional<T> &value) {
  return value ? json(*value) : json();
}

absl::StatusOr<json> ReadColumn(Connection *reader, const char *sql) {
  json values = json::array();
  Statement list(reader, sql);
  for (;;) {
    const absl::StatusOr<bool> row = list.Step();
    if (!row.ok()) return row.status();
    if (!*row) return values;
    values.push_back(list.Text(0));
  }
}

// In the order in which they came into the database, which is that of the tables.
absl::StatusOr<json> ReadWorkloads(Connection *reader) {
  json workloads = json::array();
  Statement list(reader,
                 "SELECT workload, threads FROM series GROUP BY workload, threads"
                 " ORDER BY min(min(series)) OVER (PARTITION BY workload), threads");
  for (;;) {
    const absl::StatusOr<bool> row = list.Step();
    if (!row.ok()) return row.status();
    if (!*row) return workloads;
    const std::string name = list.Text(0);
    if (workloads.empty() || workloads.back().at("name") != name) {
      workloads.push_back({{"name", name}, {"threads", json::array()}});
    }
    workloads.back().at("threads").push_back(list.Number(1));
  }
}

}  // namespace

absl::StatusOr<std::string> ReadHistory(Database *database, const HistoryQuery &query) {
  const Database::Lease reader = database->Read();
  Statement list(reader.get(),
                 "SELECT runs.id, runs.date, runs.commit_id, runs.label, points.median,"
                 "  points.ratio, points.ratio_low, points.ratio_high, series.unit, hosts.name"
                 " FROM series JOIN points USING (series) JOIN runs ON runs.number = points.run"
                 "  JOIN hosts USING (host)"
                 " WHERE series.workload = ? AND series.threads = ? AND series.allocator = ?"
                 "  AND series.metric = ? AND (? = '' OR hosts.name = ?)"
                 " ORDER BY runs.date_us, runs.number");
  list.Bind(query.workload).Bind(query.threads).Bind(query.allocator).Bind(query.metric);
  list.Bind(query.host_name).Bind(query.host_name);
  json points = json::array();
  for (;;) {
    const absl::StatusOr<bool> row = list.Step();
    if (!row.ok()) return row.status();
    if (!*row) break;
    points.push_back({{"run", list.Text(0)},
                      {"date", list.Text(1)},
                      {"commit", OrNull(list.OptionalText(2))},
                      {"label", OrNull(list.OptionalText(3))},
                      {"median", list.Real(4)},
                      {"ratio", OrNull(list.OptionalReal(5))},
                      {"ratio_low", OrNull(list.OptionalReal(6))},
                      {"ratio_high", OrNull(list.OptionalReal(7))},
                      {"unit", list.Text(8)},
                      {"host_name", list.Text(9)}});
  }
  return json{{"points", std::move(points)}}.dump();
}

absl::StatusOr<std::string> ListCells(Database *database) {
  const Database::Lease reader = database->Read();
  json cells;
  absl::StatusOr<json> workloads = ReadWorkloads(reader.get());
  if (!workloads.ok()) return workloads.status();
  cells["workloads"] = *std::move(workloads);
  for (const auto &[key, sql] :
       {std::pair("allocators", "SELECT allocator FROM series GROUP BY 1 ORDER BY min(series)"),
        std::pair("metrics", "SELECT metric FROM series GROUP BY 1 ORDER BY min(series)"),
        std::pair("hosts", "SELECT name FROM hosts ORDER BY host")}) {
    absl::StatusOr<json> names = ReadColumn(reader.get(), sql);
    if (!names.ok()) return names.status();
    cells[key] = *std::move(names);
  }
  return cells.dump();
}

}  // namespace loam::dashboards
