// A long history that nobody measured: for tests of load, and nothing else.

#ifndef LOAM_DASHBOARDS_SERVICE_LOAD_SYNTHETIC_H_
#define LOAM_DASHBOARDS_SERVICE_LOAD_SYNTHETIC_H_

#include <string>

#include "absl/status/status.h"
#include "nlohmann/json.hpp"

namespace loam::dashboards {

// As large as a quick run of the matrix: 8 allocators over 51 rows, 408 cells. Another
// for each number.
nlohmann::json SyntheticRun(int number);

// A database with `runs` of them, numbered from 0.
absl::Status MakeHistory(const std::string &path, int runs);

}  // namespace loam::dashboards

#endif  // LOAM_DASHBOARDS_SERVICE_LOAD_SYNTHETIC_H_
