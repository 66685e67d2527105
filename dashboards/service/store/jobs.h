// The jobs: runs that were asked for on the page.

#ifndef LOAM_DASHBOARDS_SERVICE_STORE_JOBS_H_
#define LOAM_DASHBOARDS_SERVICE_STORE_JOBS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "dashboards/service/store/database.h"

namespace loam::dashboards {

// States of a job. Ended: all but the first two; kInterrupted may go on.
inline constexpr char kQueued[] = "queued";
inline constexpr char kRunning[] = "running";
inline constexpr char kDone[] = "done";
inline constexpr char kFailed[] = "failed";
inline constexpr char kCancelled[] = "cancelled";
inline constexpr char kInterrupted[] = "interrupted";

struct Job {
  int64_t number = 0;  // 0: not stored yet
  std::string state = kQueued;
  std::string created;  // RFC 3339, as are the next two
  std::optional<std::string> started;
  std::optional<std::string> ended;
  std::string request;                  // JSON, checked
  std::optional<std::string> trace;     // id
  int64_t resumes = 0;                  // how often it was asked to go on
  std::optional<std::string> progress;  // JSON
  std::string cells = "[]";             // JSON
  std::optional<std::string> run;       // id
  std::optional<std::string> message;

  bool HasEnded() const { return state != kQueued && state != kRunning; }
};

// "2026-01-31T12:00:00Z".
std::string Rfc3339(absl::Time time);

// Stores a new job, and sets its number; or what changed of one that is stored. On
// disk when it returns OK.
absl::Status SaveJob(Database *database, Job *job);

// kNotFound where there is none.
absl::StatusOr<Job> FindJob(Database *database, int64_t number);

// Newest first.
absl::StatusOr<std::vector<Job>> ListJobs(Database *database, int limit);

// In the order in which they were created.
absl::StatusOr<std::vector<Job>> ListJobsInState(Database *database, const std::string &state);

}  // namespace loam::dashboards

#endif  // LOAM_DASHBOARDS_SERVICE_STORE_JOBS_H_
