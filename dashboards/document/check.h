// The two halves of checking a document that is JSON.

#ifndef LOAM_DASHBOARDS_DOCUMENT_CHECK_H_
#define LOAM_DASHBOARDS_DOCUMENT_CHECK_H_

#include "absl/status/status.h"
#include "nlohmann/json.hpp"

namespace loam::dashboards {

// That it keeps to the schema; names the place that does not.
absl::Status CheckSchema(const nlohmann::json &document);

// What a schema cannot say: names that are referred to are there, none is twice,
// the date is one. The document keeps to the schema.
absl::Status CheckReferences(const nlohmann::json &document);

}  // namespace loam::dashboards

#endif  // LOAM_DASHBOARDS_DOCUMENT_CHECK_H_
