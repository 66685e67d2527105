// Who measures. The matrix on this machine is one; a cluster's scheduler may be
// another: nothing else here knows the difference.

#ifndef LOAM_DASHBOARDS_SERVICE_JOBS_RUNNER_H_
#define LOAM_DASHBOARDS_SERVICE_JOBS_RUNNER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "nlohmann/json.hpp"

namespace loam::dashboards {

// What one run is to measure: names that the runner's choices have.
struct RunRequest {
  std::string suite = "quick";
  std::vector<std::string> allocators;  // none: all that there are
  std::vector<std::string> workloads;   // none: all, or the trace alone
  std::vector<int> threads;             // none: as the suite says
  int rounds = 0;                       // 0: as the suite says
  std::optional<std::string> trace;     // an id
};

struct RunOrder {
  RunRequest request;
  std::string trace_path;  // or empty
  std::string folder;      // for the run's files; the runner's alone, made already
  bool resume = false;     // go on with what lies there
};

// How far a run is.
struct RunView {
  enum class State { kRunning, kDone, kFailed, kStopped };
  State state = State::kRunning;
  std::string message;      // why it failed, one line
  std::string result_path;  // once it is done
  int64_t done = 0;         // repetitions
  int64_t total = 0;
  nlohmann::json cells = nlohmann::json::array();  // as a job shows them
};

// A run that was started. One thread.
class Run {
 public:
  // Stops it, if it still runs.
  virtual ~Run() = default;
  virtual RunView Look() = 0;
  // Asks it to end soon; what it measured stays in its folder. Look tells when.
  virtual void Stop() = 0;
};

class Runner {
 public:
  virtual ~Runner() = default;
  // What there is to choose from: {"allocators": [...], "workloads": [...], "suites",
  // "threads_max", "rounds_max"}. Thread-safe.
  virtual absl::StatusOr<nlohmann::json> Choices() = 0;
  virtual absl::StatusOr<std::unique_ptr<Run>> Start(const RunOrder &order) = 0;
  // What a run that nobody watched has left in its folder.
  virtual RunView LookAtRest(const std::string &folder) = 0;
};

}  // namespace loam::dashboards

#endif  // LOAM_DASHBOARDS_SERVICE_JOBS_RUNNER_H_
