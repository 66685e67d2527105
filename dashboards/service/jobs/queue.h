// One run at a time; the others wait, also over a restart.
//
//   queued -> running -> done | failed
//   queued | running | interrupted -> cancelled
//   running -> interrupted (the server ended) -> queued (asked to go on)

#ifndef LOAM_DASHBOARDS_SERVICE_JOBS_QUEUE_H_
#define LOAM_DASHBOARDS_SERVICE_JOBS_QUEUE_H_

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "dashboards/service/jobs/runner.h"
#include "dashboards/service/store/database.h"
#include "dashboards/service/store/jobs.h"

namespace loam::dashboards {

// Thread-safe; has a thread of its own.
class JobQueue {
 public:
  // What the queue needs of the rest of the service.
  struct Outside {
    Database *database;
    Runner *runner;
    std::string folder;  // each job has one in it; made already
    // Stores a result file, and gives its run's id.
    std::function<absl::StatusOr<std::string>(const std::string &text)> store;
    // Where the file of a trace lies.
    std::function<std::string(const std::string &trace)> trace_path;
  };

  // Jobs that were running when the last server ended are interrupted from now on.
  static absl::StatusOr<std::unique_ptr<JobQueue>> Start(Outside outside);
  JobQueue(const JobQueue &) = delete;
  JobQueue &operator=(const JobQueue &) = delete;
  ~JobQueue();

  absl::StatusOr<Job> Add(const RunRequest &request);
  absl::StatusOr<Job> Find(int64_t number);
  absl::StatusOr<std::vector<Job>> List(int limit);
  // kFailedPrecondition for a job whose state does not allow it.
  absl::StatusOr<Job> Cancel(int64_t number);
  absl::StatusOr<Job> Resume(int64_t number);

  // Waits until anything changed since `version`, which it brings up to date, but
  // no longer than `time_max`. False once the queue stops.
  bool WaitForChange(uint64_t *version, absl::Duration time_max);

  // Interrupts what runs; nothing changes any more when it returns.
  void Stop();

 private:
  explicit JobQueue(Outside outside) : outside_(std::move(outside)) {}

  absl::Status InterruptLeftOvers();
  void Main();
  // Takes the next queued job, now in current_; false where there is none.
  bool Take();
  void RunCurrent();
  absl::StatusOr<std::unique_ptr<Run>> StartCurrent();
  void ShowProgress(const RunView &view, int64_t done_before, absl::Time start);
  void EndCurrent(const RunView &view);
  std::string FolderOf(const Job &job) const;
  void Changed();  // with mutex_ held

  Outside outside_;
  std::mutex mutex_;  // of what follows, and of every change of a job's state
  std::condition_variable changed_;
  uint64_t version_ = 1;
  bool stop_ = false;
  bool cancel_current_ = false;
  std::optional<Job> current_;  // what runs, fresher than in the database
  std::thread thread_;
};

}  // namespace loam::dashboards

#endif  // LOAM_DASHBOARDS_SERVICE_JOBS_QUEUE_H_
