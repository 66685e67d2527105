// What the service says of a run without reading its file again.

#ifndef LOAM_DASHBOARDS_DOCUMENT_SUMMARY_H_
#define LOAM_DASHBOARDS_DOCUMENT_SUMMARY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "nlohmann/json.hpp"

namespace loam::dashboards {

// One value of a cell, for its history. Ratios are to the run's baseline.
struct Point {
  std::string workload;
  int64_t threads = 1;
  std::string allocator;
  std::string metric;  // "time", "peak_rss", ...
  std::string unit;
  std::string host_name;
  double median = 0;
  std::optional<double> ratio;
  std::optional<double> ratio_low;
  std::optional<double> ratio_high;
};

// All take a document that ParseDocument gave.

absl::Time DateOf(const nlohmann::json &document);

// The context's facts and the names of the allocators, as lists of runs show them;
// what only the service knows (id, received, label, bytes) is not in it.
nlohmann::json SummaryOf(const nlohmann::json &document);

// The values of all cells that were measured.
std::vector<Point> PointsOf(const nlohmann::json &document);

}  // namespace loam::dashboards

#endif  // LOAM_DASHBOARDS_DOCUMENT_SUMMARY_H_
