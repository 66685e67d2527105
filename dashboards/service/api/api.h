// Every address of the service, and what it answers.

#ifndef LOAM_DASHBOARDS_SERVICE_API_API_H_
#define LOAM_DASHBOARDS_SERVICE_API_API_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "dashboards/service/api/jobs_api.h"
#include "dashboards/service/api/page.h"
#include "dashboards/service/api/runs_api.h"
#include "dashboards/service/api/traces_api.h"
#include "dashboards/service/http/message.h"

namespace loam::dashboards {

struct ApiOptions {
  size_t run_bytes_max = size_t{64} << 20;
  size_t trace_bytes_max = size_t{256} << 20;
  bool needs_token = false;  // what the page is told
};

// Thread-safe.
class Api : public Handler {
 public:
  // `jobs` may be null: then nothing can be run here. The pointers must live as long.
  Api(const ApiOptions &options, absl::string_view page_html, Database *database, RunsApi *runs,
      TracesApi *traces, std::string traces_folder, JobsApi *jobs);

  BodyRule RuleFor(const Request &request, std::optional<Reply> *refusal) override;
  Reply Answer(const Request &request) override;

 private:
  Reply About() const;
  Reply AnswerTraces(const Request &request) const;
  Reply AnswerJobs(const Request &request, const std::vector<std::string> &parts) const;
  Reply AnswerRuns(const Request &request, const std::vector<std::string> &parts);

  const ApiOptions options_;
  const Page page_;
  Database *const database_;
  RunsApi *const runs_;
  TracesApi *const traces_;
  const std::string traces_folder_;
  JobsApi *const jobs_;
};

}  // namespace loam::dashboards

#endif  // LOAM_DASHBOARDS_SERVICE_API_API_H_
