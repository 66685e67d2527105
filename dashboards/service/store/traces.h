// Recorded programs that were uploaded, to be replayed by jobs.

#ifndef LOAM_DASHBOARDS_SERVICE_STORE_TRACES_H_
#define LOAM_DASHBOARDS_SERVICE_STORE_TRACES_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "dashboards/service/store/database.h"

namespace loam::dashboards {

// `facts` is the trace as the service tells of it: a JSON object. The first that
// comes with an id is kept. On disk when it returns OK; false if it was there.
absl::StatusOr<bool> AddTrace(Database *database, const std::string &id, const std::string &facts);

// The facts. kNotFound where there is none.
absl::StatusOr<std::string> FindTrace(Database *database, const std::string &id);

// {"traces": [...]}, newest first. JSON.
absl::StatusOr<std::string> ListTraces(Database *database);

}  // namespace loam::dashboards

#endif  // LOAM_DASHBOARDS_SERVICE_STORE_TRACES_H_
