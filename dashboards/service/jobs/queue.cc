#include "dashboards/service/jobs/queue.h"

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "dashboards/service/jobs/request.h"
#include "nlohmann/json.hpp"

namespace loam::dashboards {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr size_t kQueuedMax = 100;
// How often the journal is looked at, and so how live a page is.
constexpr std::chrono::milliseconds kTick(400);

absl::Status WrongState(const Job &job, const char *what) {
  return absl::FailedPreconditionError(absl::StrCat("a job that is ", job.state, " cannot ", what));
}

absl::StatusOr<std::string> ReadFile(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (file && text << file.rdbuf()) return text.str();
  return absl::NotFoundError("the matrix left no result");
}

// Only says so: the database will have told the next one who asks.
void Complain(const absl::Status &status) {
  if (status.ok()) return;
  std::fprintf(stderr, "serve: %s\n", std::string(status.message()).c_str());
}

void RemoveFolder(const std::string &folder) {
  std::error_code ignored;
  fs::remove_all(folder, ignored);
}

}  // namespace

absl::StatusOr<std::unique_ptr<JobQueue>> JobQueue::Start(Outside outside) {
  std::unique_ptr<JobQueue> queue(new JobQueue(std::move(outside)));
  const absl::Status interrupted = queue->InterruptLeftOvers();
  if (!interrupted.ok()) return interrupted;
  queue->thread_ = std::thread([pointer = queue.get()] { pointer->Main(); });
  return queue;
}

JobQueue::~JobQueue() { Stop(); }

void JobQueue::Stop() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stop_ = true;
    Changed();
  }
  if (thread_.joinable()) thread_.join();
}

void JobQueue::Changed() {
  version_++;
  changed_.notify_all();
}

std::string JobQueue::FolderOf(const Job &job) const {
  return absl::StrCat(outside_.folder, "/", job.number);
}

absl::Status JobQueue::InterruptLeftOvers() {
  absl::StatusOr<std::vector<Job>> jobs = ListJobsInState(outside_.database, kRunning);
  if (!jobs.ok()) return jobs.status();
  for (Job &job : *jobs) {
    const RunView view = outside_.runner->LookAtRest(FolderOf(job));
    job.state = kInterrupted;
    job.ended = Rfc3339(absl::Now());
    job.message = "the server ended while it ran";
    job.progress =
        json{{"done", view.done}, {"total", view.total}, {"seconds_left", nullptr}}.dump();
    job.cells = view.cells.dump();
    const absl::Status saved = SaveJob(outside_.database, &job);
    if (!saved.ok()) return saved;
  }
  return absl::OkStatus();
}

absl::StatusOr<Job> JobQueue::Add(const RunRequest &request) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const absl::StatusOr<std::vector<Job>> queued = ListJobsInState(outside_.database, kQueued);
  if (!queued.ok()) return queued.status();
  if (queued->size() >= kQueuedMax) {
    return absl::UnavailableError(absl::StrCat(kQueuedMax, " jobs are waiting: cancel some"));
  }
  Job job;
  job.created = Rfc3339(absl::Now());
  job.request = RequestToJson(request).dump();
  job.trace = request.trace;
  const absl::Status saved = SaveJob(outside_.database, &job);
  if (!saved.ok()) return saved;
  Changed();
  return job;
}

absl::StatusOr<Job> JobQueue::Find(int64_t number) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (current_ && current_->number == number) return *current_;
  return FindJob(outside_.database, number);
}

absl::StatusOr<std::vector<Job>> JobQueue::List(int limit) {
  const std::lock_guard<std::mutex> lock(mutex_);
  absl::StatusOr<std::vector<Job>> jobs = ListJobs(outside_.database, limit);
  if (!jobs.ok()) return jobs.status();
  for (Job &job : *jobs) {
    if (current_ && current_->number == job.number) job = *current_;
  }
  return jobs;
}

absl::StatusOr<Job> JobQueue::Cancel(int64_t number) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (current_ && current_->number == number) {
    cancel_current_ = true;
    current_->message = "being cancelled";
    Changed();
    return *current_;
  }
  absl::StatusOr<Job> job = FindJob(outside_.database, number);
  if (!job.ok()) return job.status();
  if (job->state != kQueued && job->state != kInterrupted) return WrongState(*job, "be cancelled");
  job->state = kCancelled;
  job->ended = Rfc3339(absl::Now());
  job->message = std::nullopt;
  const absl::Status saved = SaveJob(outside_.database, &*job);
  if (!saved.ok()) return saved;
  RemoveFolder(FolderOf(*job));
  Changed();
  return job;
}

absl::StatusOr<Job> JobQueue::Resume(int64_t number) {
  const std::lock_guard<std::mutex> lock(mutex_);
  absl::StatusOr<Job> job = FindJob(outside_.database, number);
  if (!job.ok()) return job.status();
  if (job->state != kInterrupted) return WrongState(*job, "go on");
  job->state = kQueued;
  job->ended = std::nullopt;
  job->message = std::nullopt;
  job->resumes++;
  const absl::Status saved = SaveJob(outside_.database, &*job);
  if (!saved.ok()) return saved;
  Changed();
  return job;
}

bool JobQueue::WaitForChange(uint64_t *version, absl::Duration time_max) {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait_for(lock, absl::ToChronoMilliseconds(time_max),
                    [&] { return stop_ || version_ != *version; });
  *version = version_;
  return !stop_;
}

void JobQueue::Main() {
  while (Take()) RunCurrent();
}

bool JobQueue::Take() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (!stop_) {
    const absl::StatusOr<std::vector<Job>> queued = ListJobsInState(outside_.database, kQueued);
    Complain(queued.status());
    if (queued.ok() && !queued->empty()) {
      Job job = queued->front();
      job.state = kRunning;
      job.started = Rfc3339(absl::Now());
      const absl::Status saved = SaveJob(outside_.database, &job);
      Complain(saved);
      if (saved.ok()) {
        cancel_current_ = false;
        current_ = std::move(job);
        Changed();
        return true;
      }
    }
    const uint64_t version = version_;
    constexpr std::chrono::seconds kRetry(10);
    changed_.wait_for(lock, kRetry, [&] { return stop_ || version_ != version; });
  }
  return false;
}

// Only this thread changes which job is current_, so it is read without the lock.
absl::StatusOr<std::unique_ptr<Run>> JobQueue::StartCurrent() {
  RunOrder order;
  order.request = RequestFromJson(json::parse(current_->request));
  order.folder = FolderOf(*current_);
  order.resume = current_->resumes > 0;
  if (current_->trace) order.trace_path = outside_.trace_path(*current_->trace);
  std::error_code error;
  fs::create_directories(order.folder, error);
  if (error) {
    return absl::UnavailableError(
        absl::StrCat("cannot make ", order.folder, ": ", error.message()));
  }
  return outside_.runner->Start(order);
}

void JobQueue::RunCurrent() {
  const absl::StatusOr<std::unique_ptr<Run>> run = StartCurrent();
  RunView view;
  if (!run.ok()) {
    view.state = RunView::State::kFailed;
    view.message = std::string(run.status().message());
    return EndCurrent(view);
  }
  const absl::Time start = absl::Now();
  view = (*run)->Look();
  const int64_t done_before = view.done;
  while (view.state == RunView::State::kRunning) {
    ShowProgress(view, done_before, start);
    {
      std::unique_lock<std::mutex> lock(mutex_);
      changed_.wait_for(lock, kTick, [this] { return stop_ || cancel_current_; });
      if (stop_ || cancel_current_) (*run)->Stop();
    }
    // Not to look without a pause at one that is stopping.
    absl::SleepFor(absl::Milliseconds(20));
    view = (*run)->Look();
  }
  EndCurrent(view);
}

void JobQueue::ShowProgress(const RunView &view, int64_t done_before, absl::Time start) {
  json progress = {{"done", view.done}, {"total", view.total}, {"seconds_left", nullptr}};
  const int64_t done = view.done - done_before;
  if (done > 0) {
    const double seconds_each =
        absl::ToDoubleSeconds(absl::Now() - start) / static_cast<double>(done);
    progress["seconds_left"] = seconds_each * static_cast<double>(view.total - view.done);
  }
  const std::string cells = view.cells.dump();
  const std::lock_guard<std::mutex> lock(mutex_);
  const bool is_news = cells != current_->cells || !current_->progress;
  current_->cells = cells;
  if (!is_news) return;
  current_->progress = progress.dump();
  Changed();
}

void JobQueue::EndCurrent(const RunView &view) {
  Job job = *current_;
  job.cells = view.cells.dump();
  if (view.state != RunView::State::kDone) {
    job.progress =
        json{{"done", view.done}, {"total", view.total}, {"seconds_left", nullptr}}.dump();
  }
  job.message = std::nullopt;
  absl::StatusOr<std::string> run = absl::UnknownError("");
  if (view.state == RunView::State::kDone) {
    const absl::StatusOr<std::string> text = ReadFile(view.result_path);
    run = text.ok() ? outside_.store(*text) : text.status();
  }
  std::unique_lock<std::mutex> lock(mutex_);
  job.ended = Rfc3339(absl::Now());
  if (run.ok()) {
    job.state = kDone;
    job.run = *run;
    job.progress = std::nullopt;
  } else if (view.state == RunView::State::kDone) {
    // The result is safe in its folder: going on stores it.
    job.state = kInterrupted;
    job.message = absl::StrCat("its result was not stored: ", run.status().message());
  } else if (view.state == RunView::State::kStopped) {
    job.state = cancel_current_ ? kCancelled : kInterrupted;
    if (!cancel_current_) job.message = "the server ended while it ran";
  } else {
    job.state = kFailed;
    job.message = view.message;
  }
  const absl::Status saved = SaveJob(outside_.database, &job);
  Complain(saved);
  if (saved.ok() && (job.state == kDone || job.state == kCancelled)) RemoveFolder(FolderOf(job));
  current_ = std::nullopt;
  Changed();
}

}  // namespace loam::dashboards
