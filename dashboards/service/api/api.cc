#include "dashboards/service/api/api.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "nlohmann/json.hpp"

namespace loam::dashboards {
namespace {

constexpr char kVersion[] = "1.0";
constexpr absl::string_view kRoot = "/api/v1/";

// The words of a path behind kRoot; none for other paths.
std::vector<std::string> PartsOf(const std::string &path) {
  if (!absl::StartsWith(path, kRoot)) return {};
  return absl::StrSplit(path.substr(kRoot.size()), '/');
}

Reply NotFound() { return Reply::Error(404, "there is nothing at this address"); }

Reply CannotRun() { return Reply::Error(403, "nothing can be run on this server"); }

Reply WrongMethod(const char *allowed) {
  Reply reply = Reply::Error(405, "this address does not take that method");
  reply.headers.emplace_back("Allow", allowed);
  return reply;
}

}  // namespace

Api::Api(const ApiOptions &options, absl::string_view page_html, Database *database, RunsApi *runs,
         TracesApi *traces, std::string traces_folder, JobsApi *jobs)
    : options_(options),
      page_(page_html),
      database_(database),
      runs_(runs),
      traces_(traces),
      traces_folder_(std::move(traces_folder)),
      jobs_(jobs) {}

BodyRule Api::RuleFor(const Request &request, std::optional<Reply> *) {
  constexpr size_t kRequestBytesMax = 64 << 10;
  const std::vector<std::string> parts = PartsOf(request.path);
  if (request.method != "POST" || parts.size() != 1) return {};
  if (parts[0] == "runs") return {options_.run_bytes_max, ""};
  if (parts[0] == "traces") return {options_.trace_bytes_max, traces_folder_};
  if (parts[0] == "jobs") return {kRequestBytesMax, ""};
  return {};
}

Reply Api::Answer(const Request &request) {
  if (request.path == "/" || request.path == "/index.html") {
    return request.IsRead() ? page_.Get(request) : WrongMethod("GET, HEAD");
  }
  const std::vector<std::string> parts = PartsOf(request.path);
  if (parts.empty()) return NotFound();
  if (parts[0] == "runs") return AnswerRuns(request, parts);
  if (parts[0] == "jobs") return AnswerJobs(request, parts);
  if (parts.size() != 1) return NotFound();
  if (parts[0] == "traces") return AnswerTraces(request);
  if (!request.IsRead()) return WrongMethod("GET, HEAD");
  if (parts[0] == "about") return About();
  if (parts[0] == "history") return runs_->History(request);
  if (parts[0] == "cells") return runs_->Cells();
  if (parts[0] == "choices") return jobs_ == nullptr ? CannotRun() : jobs_->Choices();
  return NotFound();
}

Reply Api::AnswerTraces(const Request &request) const {
  if (request.IsRead()) return traces_->List();
  return request.method == "POST" ? traces_->Upload(request) : WrongMethod("GET, HEAD, POST");
}

Reply Api::AnswerJobs(const Request &request, const std::vector<std::string> &parts) const {
  if (jobs_ == nullptr) {
    const bool is_list = parts.size() == 1 && request.IsRead();
    return is_list ? Reply::Json(200, "{\"jobs\":[]}") : CannotRun();
  }
  if (!request.IsRead() && request.method != "POST") return WrongMethod("GET, HEAD, POST");
  return jobs_->Answer(request, parts);
}

Reply Api::AnswerRuns(const Request &request, const std::vector<std::string> &parts) {
  if (parts.size() == 1 && request.method == "POST") return runs_->Upload(request);
  if (!request.IsRead()) return WrongMethod(parts.size() == 1 ? "GET, HEAD, POST" : "GET, HEAD");
  if (parts.size() == 1) return runs_->List(request);
  if (parts.size() == 2) return runs_->File(request, parts[1]);
  if (parts.size() == 3 && parts[2] == "summary") return runs_->Digest(request, parts[1]);
  return NotFound();
}

Reply Api::About() const {
  const absl::StatusOr<int64_t> runs = CountRuns(database_);
  if (!runs.ok()) return Reply::Error(runs.status());
  const nlohmann::json about = {{"schema", "loam-service-v1"},
                                {"version", kVersion},
                                {"runs", *runs},
                                {"can_run", jobs_ != nullptr},
                                {"needs_token", options_.needs_token}};
  return Reply::Json(200, about.dump());
}

}  // namespace loam::dashboards
