// The tables, and how a file of an earlier version becomes one of this.

#ifndef LOAM_DASHBOARDS_SERVICE_STORE_MIGRATIONS_H_
#define LOAM_DASHBOARDS_SERVICE_STORE_MIGRATIONS_H_

#include <string>

#include "absl/status/status.h"
#include "dashboards/service/store/sql.h"

namespace loam::dashboards {

// Makes the tables of an empty file, or brings them up to this version. An error
// for a file of a newer version or of another program, which is left as it is.
absl::Status Migrate(const std::string &path, Connection *writer);

}  // namespace loam::dashboards

#endif  // LOAM_DASHBOARDS_SERVICE_STORE_MIGRATIONS_H_
