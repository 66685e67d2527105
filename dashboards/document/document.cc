#include "dashboards/document/document.h"

#include "dashboards/document/check.h"
#include "dashboards/document/limits.h"

namespace loam::dashboards {

absl::StatusOr<nlohmann::json> ParseDocument(absl::string_view text) {
  absl::Status status = CheckLimits(text);
  if (!status.ok()) return status;
  nlohmann::json document = nlohmann::json::parse(text.begin(), text.end(), nullptr, false);
  status = CheckSchema(document);
  if (status.ok()) status = CheckReferences(document);
  if (!status.ok()) return status;
  return document;
}

}  // namespace loam::dashboards
