#include "dashboards/service/api/runs_api.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "dashboards/document/document.h"
#include "dashboards/service/api/page.h"
#include "dashboards/service/api/values.h"
#include "dashboards/service/store/compress.h"
#include "dashboards/service/store/history.h"
#include "nlohmann/json.hpp"

namespace loam::dashboards {
namespace {

constexpr int64_t kRunsOfAPage = 100;
constexpr int64_t kRunsOfAPageMax = 1000;

Reply JsonOrError(absl::StatusOr<std::string> json) {
  return json.ok() ? Reply::Json(200, *std::move(json)) : Reply::Error(json.status());
}

// A text that never changes under its id, compressed as the client likes it.
Reply Immutable(const Request &request, const absl::StatusOr<StoredText> &stored) {
  if (!stored.ok()) return Reply::Error(stored.status());
  const std::string etag = absl::StrCat("\"", stored->id, "\"");
  Reply reply = Reply::Json(200, "");
  reply.headers = {{"ETag", etag},
                   {"Cache-Control", "private, max-age=31536000, immutable"},
                   {"Vary", "Accept-Encoding"}};
  if (HasAlready(request, etag)) {
    reply.status = 304;
    return reply;
  }
  absl::StatusOr<std::string> body = stored->zstd;
  if (Accepts(request, "zstd")) {
    reply.headers.emplace_back("Content-Encoding", "zstd");
  } else {
    body = FromZstd(stored->zstd, stored->bytes);
    if (body.ok() && Accepts(request, "gzip")) {
      body = ToGzip(*body);
      reply.headers.emplace_back("Content-Encoding", "gzip");
    }
  }
  if (!body.ok()) return Reply::Error(body.status());
  reply.body = std::make_shared<const std::string>(*std::move(body));
  return reply;
}

}  // namespace

absl::StatusOr<AddedRun> RunsApi::Add(const std::string &text,
                                      const std::optional<std::string> &label) {
  const std::lock_guard<std::mutex> lock(checking_);
  const absl::StatusOr<nlohmann::json> document = ParseDocument(text);
  if (!document.ok()) return document.status();
  return AddRun(database_, text, *document, label, absl::Now());
}

Reply RunsApi::Upload(const Request &request) {
  const absl::StatusOr<std::optional<std::string>> label = LineIn(request, "label");
  if (!label.ok()) return Reply::Error(label.status());
  const absl::StatusOr<AddedRun> added = Add(request.body, *label);
  if (!added.ok()) return Reply::Error(added.status());
  const nlohmann::json answer = {{"id", added->id}, {"new", added->is_new}};
  Reply reply = Reply::Json(added->is_new ? 201 : 200, answer.dump());
  reply.headers.emplace_back("Location", absl::StrCat("/api/v1/runs/", added->id));
  return reply;
}

Reply RunsApi::List(const Request &request) const {
  const absl::StatusOr<int64_t> limit =
      NumberIn(request, "limit", kRunsOfAPage, 1, kRunsOfAPageMax);
  if (!limit.ok()) return Reply::Error(limit.status());
  return JsonOrError(ListRuns(database_, static_cast<int>(*limit), request.Query("before")));
}

Reply RunsApi::File(const Request &request, const std::string &id) const {
  return Immutable(request, FindFile(database_, id));
}

Reply RunsApi::Digest(const Request &request, const std::string &id) const {
  return Immutable(request, FindDigest(database_, id));
}

Reply RunsApi::History(const Request &request) const {
  for (const char *name : {"workload", "allocator", "metric"}) {
    if (request.Query(name).empty()) return Reply::Error(400, absl::StrCat(name, " is missing"));
  }
  constexpr int64_t kThreadsMax = 1 << 20;
  const absl::StatusOr<int64_t> threads = NumberIn(request, "threads", 1, 1, kThreadsMax);
  if (!threads.ok()) return Reply::Error(threads.status());
  return JsonOrError(
      ReadHistory(database_, {request.Query("workload"), *threads, request.Query("allocator"),
                              request.Query("metric"), request.Query("host")}));
}

Reply RunsApi::Cells() const { return JsonOrError(ListCells(database_)); }

}  // namespace loam::dashboards
