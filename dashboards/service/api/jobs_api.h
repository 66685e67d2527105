// Jobs over HTTP: what can be run, start, watch, cancel, go on.

#ifndef LOAM_DASHBOARDS_SERVICE_API_JOBS_API_H_
#define LOAM_DASHBOARDS_SERVICE_API_JOBS_API_H_

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "dashboards/service/api/traces_api.h"
#include "dashboards/service/http/message.h"
#include "dashboards/service/jobs/queue.h"
#include "dashboards/service/jobs/runner.h"

namespace loam::dashboards {

// Thread-safe.
class JobsApi {
 public:
  JobsApi(Runner *runner, JobQueue *queue, const TracesApi *traces)
      : runner_(runner), queue_(queue), traces_(traces) {}

  Reply Choices() const;
  // `parts` are the words of the path, the first of them "jobs".
  Reply Answer(const Request &request, const std::vector<std::string> &parts);

 private:
  Reply Start(const Request &request) const;
  Reply List(const Request &request) const;
  Reply Events(int64_t number);

  Runner *runner_;
  JobQueue *queue_;
  const TracesApi *traces_;
  std::shared_ptr<std::atomic<int>> watchers_ = std::make_shared<std::atomic<int>>(0);
};

}  // namespace loam::dashboards

#endif  // LOAM_DASHBOARDS_SERVICE_API_JOBS_API_H_
