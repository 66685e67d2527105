// Values that come in a request's query.

#ifndef LOAM_DASHBOARDS_SERVICE_API_VALUES_H_
#define LOAM_DASHBOARDS_SERVICE_API_VALUES_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "dashboards/service/http/message.h"

namespace loam::dashboards {

// `otherwise` where the query has none; an error that names it where it is no
// number from `least` to `most`.
absl::StatusOr<int64_t> NumberIn(const Request &request, const std::string &name, int64_t otherwise,
                                 int64_t least, int64_t most);

// A line that a person gave for a name: none where the query has none or it is
// empty; an error for one that is long, no UTF-8, or has control characters.
absl::StatusOr<std::optional<std::string>> LineIn(const Request &request, const std::string &name);

}  // namespace loam::dashboards

#endif  // LOAM_DASHBOARDS_SERVICE_API_VALUES_H_
