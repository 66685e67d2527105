#include "dashboards/service/api/api.h"

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

Reply WrongMethod(const char *allowed) {
  Reply reply = Reply::Error(405, "this address does not take that method");
  reply.headers.emplace_back("Allow", allowed);
  return reply;
}

}  // namespace

Api::Api(const ApiOptions &options, absl::string_view page_html, Database *database)
    : options_(options), page_(page_html), database_(database), runs_(database) {}

BodyRule Api::RuleFor(const Request &request, std::optional<Reply> *) {
  const std::vector<std::string> parts = PartsOf(request.path);
  if (request.method == "POST" && parts == std::vector<std::string>{"runs"}) {
    return {options_.run_bytes_max, ""};
  }
  return {};
}

Reply Api::Answer(const Request &request) {
  if (request.path == "/" || request.path == "/index.html") {
    return request.IsRead() ? page_.Get(request) : WrongMethod("GET, HEAD");
  }
  const std::vector<std::string> parts = PartsOf(request.path);
  if (parts.empty()) return NotFound();
  if (parts[0] == "runs") return AnswerRuns(request, parts);
  if (parts.size() != 1) return NotFound();
  if (!request.IsRead()) return WrongMethod("GET, HEAD");
  if (parts[0] == "about") return About();
  if (parts[0] == "history") return runs_.History(request);
  if (parts[0] == "cells") return runs_.Cells();
  return NotFound();
}

Reply Api::AnswerRuns(const Request &request, const std::vector<std::string> &parts) {
  if (parts.size() == 1 && request.method == "POST") return runs_.Upload(request);
  if (!request.IsRead()) return WrongMethod(parts.size() == 1 ? "GET, HEAD, POST" : "GET, HEAD");
  if (parts.size() == 1) return runs_.List(request);
  if (parts.size() == 2) return runs_.File(request, parts[1]);
  if (parts.size() == 3 && parts[2] == "summary") return runs_.Digest(request, parts[1]);
  return NotFound();
}

Reply Api::About() const {
  const absl::StatusOr<int64_t> runs = CountRuns(database_);
  if (!runs.ok()) return Reply::Error(runs.status());
  const nlohmann::json about = {{"schema", "loam-service-v1"},
                                {"version", kVersion},
                                {"runs", *runs},
                                {"can_run", false},
                                {"needs_token", options_.needs_token}};
  return Reply::Json(200, about.dump());
}

}  // namespace loam::dashboards
