// Runs over HTTP: upload, list, file, history.

#ifndef LOAM_DASHBOARDS_SERVICE_API_RUNS_API_H_
#define LOAM_DASHBOARDS_SERVICE_API_RUNS_API_H_

#include <mutex>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "dashboards/service/http/message.h"
#include "dashboards/service/store/database.h"
#include "dashboards/service/store/runs.h"

namespace loam::dashboards {

// Thread-safe.
class RunsApi {
 public:
  explicit RunsApi(Database *database) : database_(database) {}

  Reply Upload(const Request &request);
  Reply List(const Request &request) const;
  Reply File(const Request &request, const std::string &id) const;
  Reply Digest(const Request &request, const std::string &id) const;
  Reply History(const Request &request) const;
  Reply Cells() const;

  // As Upload, for a file that did not come over HTTP. kInvalidArgument for one that
  // is no result file.
  absl::StatusOr<AddedRun> Add(const std::string &text, const std::optional<std::string> &label);

 private:
  Database *database_;
  // A document takes some ten times its length while it is checked: one at a time.
  std::mutex checking_;
};

}  // namespace loam::dashboards

#endif  // LOAM_DASHBOARDS_SERVICE_API_RUNS_API_H_
