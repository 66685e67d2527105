// A job as the service shows it.

#ifndef LOAM_DASHBOARDS_SERVICE_JOBS_JOB_JSON_H_
#define LOAM_DASHBOARDS_SERVICE_JOBS_JOB_JSON_H_

#include "dashboards/service/store/jobs.h"
#include "nlohmann/json.hpp"

namespace loam::dashboards {

nlohmann::json JobToJson(const Job &job);

}  // namespace loam::dashboards

#endif  // LOAM_DASHBOARDS_SERVICE_JOBS_JOB_JSON_H_
