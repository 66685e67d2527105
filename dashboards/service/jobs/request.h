// What a person may ask a runner for: only what the form offers.

#ifndef LOAM_DASHBOARDS_SERVICE_JOBS_REQUEST_H_
#define LOAM_DASHBOARDS_SERVICE_JOBS_REQUEST_H_

#include <string>

#include "absl/status/statusor.h"
#include "dashboards/service/jobs/runner.h"
#include "nlohmann/json.hpp"

namespace loam::dashboards {

// Reads a request as the page sends it. kInvalidArgument, in one line, for anything
// that `choices` does not offer: no other name, number or field ever reaches a
// command line.
absl::StatusOr<RunRequest> ParseRequest(const std::string &text, const nlohmann::json &choices);

// As it is stored and shown. RequestFromJson takes only what this gave.
nlohmann::json RequestToJson(const RunRequest &request);
RunRequest RequestFromJson(const nlohmann::json &json);

}  // namespace loam::dashboards

#endif  // LOAM_DASHBOARDS_SERVICE_JOBS_REQUEST_H_
