// Any bytes as an upload: the checks before the database, with what is then read of a
// file that passed them. And the same bytes as a request for a run.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "dashboards/document/document.h"
#include "dashboards/document/summary.h"
#include "dashboards/service/jobs/request.h"
#include "nlohmann/json.hpp"

namespace {

using nlohmann::json;

void Require(bool condition) {
  if (!condition) std::abort();
}

// An error is one line of UTF-8, for it goes into JSON.
void CheckMessage(const absl::Status &status) {
  const std::string message(status.message());
  Require(!message.empty() && message.find('\n') == std::string::npos);
  (void)json(message).dump(-1, ' ', false, json::error_handler_t::replace);
}

void TryDocument(absl::string_view text) {
  const absl::StatusOr<json> document = loam::dashboards::ParseDocument(text);
  if (!document.ok()) return CheckMessage(document.status());
  const json summary = loam::dashboards::SummaryOf(*document);
  Require(!summary.dump().empty());
  for (const loam::dashboards::Point &point : loam::dashboards::PointsOf(*document)) {
    Require(point.threads >= 1 && !point.metric.empty());
  }
  (void)loam::dashboards::DateOf(*document);
}

void TryRequest(absl::string_view text) {
  static const json *const choices = new json(json::parse(
      R"({"allocators": [{"name": "glibc", "problem": null}], "suites": ["quick"],
          "workloads": [{"name": "micro/pair", "problem": "x"}], "threads_max": 8,
          "rounds_max": 100})"));
  const auto request = loam::dashboards::ParseRequest(std::string(text), *choices);
  if (!request.ok()) return CheckMessage(request.status());
  const json stored = loam::dashboards::RequestToJson(*request);
  Require(RequestToJson(loam::dashboards::RequestFromJson(stored)) == stored);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
  const absl::string_view text(reinterpret_cast<const char *>(bytes), count);
  TryDocument(text);
  TryRequest(text);
  return 0;
}
