// Result files for tests, made by the matrix's own writer from values that are made up.

#ifndef LOAM_DASHBOARDS_TESTING_MADE_UP_RUN_H_
#define LOAM_DASHBOARDS_TESTING_MADE_UP_RUN_H_

#include <string>

#include "nlohmann/json.hpp"

namespace loam::dashboards {

// Valid, and another for each number: run N began N minutes into 2026.
nlohmann::ordered_json MadeUpRun(int number);
// The same as the matrix writes it.
std::string MadeUpFile(int number);

}  // namespace loam::dashboards

#endif  // LOAM_DASHBOARDS_TESTING_MADE_UP_RUN_H_
