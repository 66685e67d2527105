// Traces over HTTP: recorded programs, to be replayed by jobs.

#ifndef LOAM_DASHBOARDS_SERVICE_API_TRACES_API_H_
#define LOAM_DASHBOARDS_SERVICE_API_TRACES_API_H_

#include <mutex>
#include <string>
#include <utility>

#include "dashboards/service/http/message.h"
#include "dashboards/service/store/database.h"

namespace loam::dashboards {

// Thread-safe.
class TracesApi {
 public:
  // The files lie in `folder`, made already.
  TracesApi(Database *database, std::string folder)
      : database_(database), folder_(std::move(folder)) {}

  // The body lies in a file of the folder.
  Reply Upload(const Request &request);
  Reply List() const;

  // Where the file of a stored trace lies. Empty if there is none.
  std::string PathOf(const std::string &id) const;

 private:
  Database *database_;
  const std::string folder_;
  std::mutex reading_;  // a trace is in memory while it is read: one at a time
};

// What of a name that somebody gave may be a file's: letters, digits, `_` and `-`,
// and the ending that traces have.
std::string TraceFileName(const std::string &given);

}  // namespace loam::dashboards

#endif  // LOAM_DASHBOARDS_SERVICE_API_TRACES_API_H_
