// A result file that comes from outside: any bytes, until they were checked.

#ifndef LOAM_DASHBOARDS_DOCUMENT_DOCUMENT_H_
#define LOAM_DASHBOARDS_DOCUMENT_DOCUMENT_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"

namespace loam::dashboards {

// The text as JSON that keeps to the schema of result files, in which every name
// that is referred to is there. Else kInvalidArgument, in one line. Any bytes are
// safe. Thread-safe.
absl::StatusOr<nlohmann::json> ParseDocument(absl::string_view text);

}  // namespace loam::dashboards

#endif  // LOAM_DASHBOARDS_DOCUMENT_DOCUMENT_H_
