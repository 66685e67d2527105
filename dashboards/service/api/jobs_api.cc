#include "dashboards/service/api/jobs_api.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "dashboards/service/api/values.h"
#include "dashboards/service/jobs/job_json.h"
#include "dashboards/service/jobs/request.h"
#include "nlohmann/json.hpp"

namespace loam::dashboards {
namespace {

using nlohmann::json;

constexpr int64_t kJobsOfAPage = 50;
constexpr int64_t kJobsOfAPageMax = 200;
// Each holds a connection and its thread.
constexpr int kWatchersMax = 64;
// A comment as often keeps what is between us and the page from closing.
constexpr absl::Duration kHeartbeat = absl::Seconds(10);

Reply JobOrError(int status, const absl::StatusOr<Job> &job) {
  return job.ok() ? Reply::Json(status, JobToJson(*job).dump()) : Reply::Error(job.status());
}

// Counts while it lives.
class Watcher {
 public:
  explicit Watcher(std::shared_ptr<std::atomic<int>> count) : count_(std::move(count)) {
    is_one_too_many_ = ++*count_ > kWatchersMax;
  }
  Watcher(const Watcher &) = delete;
  Watcher &operator=(const Watcher &) = delete;
  ~Watcher() { --*count_; }
  bool IsOneTooMany() const { return is_one_too_many_; }

 private:
  std::shared_ptr<std::atomic<int>> count_;
  bool is_one_too_many_ = false;
};

// The job as events, from now until it ends.
class JobStream {
 public:
  JobStream(JobQueue *queue, int64_t number, std::shared_ptr<Watcher> watcher)
      : queue_(queue), number_(number), watcher_(std::move(watcher)) {}

  std::optional<std::string> Next() {
    if (is_over_) return std::nullopt;
    if (!sent_.empty() && !queue_->WaitForChange(&version_, kHeartbeat)) return std::nullopt;
    const absl::StatusOr<Job> job = queue_->Find(number_);
    if (!job.ok()) return std::nullopt;
    is_over_ = job->HasEnded();
    std::string text = JobToJson(*job).dump();
    if (text == sent_) return ": still here\n\n";
    sent_ = std::move(text);
    return absl::StrCat("event: job\ndata: ", sent_, "\n\n");
  }

 private:
  JobQueue *queue_;
  int64_t number_;
  std::shared_ptr<Watcher> watcher_;
  uint64_t version_ = 0;
  std::string sent_;
  bool is_over_ = false;
};

}  // namespace

Reply JobsApi::Choices() const {
  const absl::StatusOr<json> choices = runner_->Choices();
  return choices.ok() ? Reply::Json(200, choices->dump()) : Reply::Error(choices.status());
}

Reply JobsApi::Start(const Request &request) const {
  const absl::StatusOr<json> choices = runner_->Choices();
  if (!choices.ok()) return Reply::Error(choices.status());
  const absl::StatusOr<RunRequest> wanted = ParseRequest(request.body, *choices);
  if (!wanted.ok()) return Reply::Error(wanted.status());
  if (wanted->trace && traces_->PathOf(*wanted->trace).empty()) {
    return Reply::Error(400, "there is no such trace");
  }
  return JobOrError(201, queue_->Add(*wanted));
}

Reply JobsApi::List(const Request &request) const {
  const absl::StatusOr<int64_t> limit =
      NumberIn(request, "limit", kJobsOfAPage, 1, kJobsOfAPageMax);
  if (!limit.ok()) return Reply::Error(limit.status());
  const absl::StatusOr<std::vector<Job>> jobs = queue_->List(static_cast<int>(*limit));
  if (!jobs.ok()) return Reply::Error(jobs.status());
  json list = json::array();
  for (const Job &job : *jobs) list.push_back(JobToJson(job));
  return Reply::Json(200, json{{"jobs", std::move(list)}}.dump());
}

Reply JobsApi::Events(int64_t number) {
  const absl::StatusOr<Job> job = queue_->Find(number);
  if (!job.ok()) return Reply::Error(job.status());
  auto watcher = std::make_shared<Watcher>(watchers_);
  if (watcher->IsOneTooMany()) return Reply::Error(503, "too many pages watch jobs");
  auto stream = std::make_shared<JobStream>(queue_, number, std::move(watcher));
  Reply reply;
  reply.content_type = "text/event-stream";
  reply.headers = {{"Cache-Control", "no-store"}};
  reply.stream = [stream] { return stream->Next(); };
  return reply;
}

Reply JobsApi::Answer(const Request &request, const std::vector<std::string> &parts) {
  const bool is_read = request.IsRead();
  if (parts.size() == 1) return is_read ? List(request) : Start(request);
  int64_t number = 0;
  if (!absl::SimpleAtoi(parts[1], &number)) return Reply::Error(404, "there is no such job");
  const std::string action = parts.size() == 3 ? parts[2] : "";
  if (parts.size() == 2 && is_read) return JobOrError(200, queue_->Find(number));
  if (action == "events" && request.method == "GET") return Events(number);
  if (action == "cancel" && !is_read) return JobOrError(200, queue_->Cancel(number));
  if (action == "resume" && !is_read) return JobOrError(200, queue_->Resume(number));
  return Reply::Error(404, "there is nothing at this address");
}

}  // namespace loam::dashboards
