// How a cell's metric went from run to run. Reads tables only, never a file.

#ifndef LOAM_DASHBOARDS_SERVICE_STORE_HISTORY_H_
#define LOAM_DASHBOARDS_SERVICE_STORE_HISTORY_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "dashboards/service/store/database.h"

namespace loam::dashboards {

struct HistoryQuery {
  std::string workload;
  int64_t threads = 1;
  std::string allocator;
  std::string metric;
  std::string host_name;  // empty: of all
};

// {"points": [...]}, oldest first, empty where there is no such cell. JSON.
absl::StatusOr<std::string> ReadHistory(Database *database, const HistoryQuery &query);

// All that a history can be asked for. JSON.
absl::StatusOr<std::string> ListCells(Database *database);

}  // namespace loam::dashboards

#endif  // LOAM_DASHBOARDS_SERVICE_STORE_HISTORY_H_
