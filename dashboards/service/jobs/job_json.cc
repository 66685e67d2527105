#include "dashboards/service/jobs/job_json.h"

#include <string>

#include "absl/strings/str_cat.h"

namespace loam::dashboards {
namespace {

using nlohmann::json;

json OrNull(const std::optional<std::string> &text) { return text ? json(*text) : json(); }

}  // namespace

json JobToJson(const Job &job) {
  return {{"id", absl::StrCat(job.number)},
          {"state", job.state},
          {"created", job.created},
          {"started", OrNull(job.started)},
          {"ended", OrNull(job.ended)},
          {"request", json::parse(job.request)},
          {"progress", job.progress ? json::parse(*job.progress) : json()},
          {"cells", json::parse(job.cells)},
          {"run", OrNull(job.run)},
          {"message", OrNull(job.message)},
          {"trace", OrNull(job.trace)}};
}

}  // namespace loam::dashboards
