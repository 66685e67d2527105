#include "dashboards/service/api/traces_api.h"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "benchmarks/harness/sha256.h"
#include "benchmarks/trace/analysis/summary.h"
#include "benchmarks/trace/format/trace_reader.h"
#include "dashboards/service/api/values.h"
#include "dashboards/service/store/traces.h"
#include "nlohmann/json.hpp"

namespace loam::dashboards {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr size_t kIdDigits = 16;
constexpr char kEnding[] = ".loamtrace";

absl::StatusOr<json> ReadFacts(const std::string &path) {
  absl::StatusOr<trace::TraceReader> reader = trace::TraceReader::Open(path);
  if (!reader.ok()) return absl::InvalidArgumentError("this is not a trace of loam-trace");
  if (reader->event_count() == 0) return absl::InvalidArgumentError("the trace has no events");
  const trace::Summary summary = trace::Summarise(&*reader, 1);
  const std::string &damage = reader->damage();
  return json{{"events", summary.events},
              {"threads", summary.threads.size()},
              {"peak_live_bytes", summary.peak_live_bytes},
              {"blocks", summary.blocks},
              {"bytes", reader->file_bytes()},
              {"damage", damage.empty() ? json() : json(damage)}};
}

// The file is at `to`, on disk, when this returns OK.
absl::Status MoveInto(const std::string &from, const std::string &to) {
  const std::string folder = fs::path(to).parent_path().string();
  std::error_code error;
  fs::create_directories(folder, error);
  if (!error) fs::rename(from, to, error);
  if (error)
    return absl::UnavailableError(absl::StrCat("cannot keep the trace: ", error.message()));
  for (const std::string &changed : {folder, fs::path(folder).parent_path().string()}) {
    const int file = open(changed.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool synced = file >= 0 && fsync(file) == 0;
    if (file >= 0) close(file);
    if (!synced) return absl::UnavailableError("cannot keep the trace: its folder is not synced");
  }
  return absl::OkStatus();
}

}  // namespace

std::string TraceFileName(const std::string &given) {
  constexpr size_t kBytesMax = 60;
  std::string name(absl::StripSuffix(fs::path(given).filename().string(), kEnding));
  for (char &c : name) {
    const bool fits = absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-';
    if (!fits) c = '_';
  }
  name = name.substr(0, kBytesMax);
  return absl::StrCat(name.empty() ? "trace" : name, kEnding);
}

Reply TracesApi::Upload(const Request &request) {
  const absl::StatusOr<std::optional<std::string>> name = LineIn(request, "name");
  if (!name.ok()) return Reply::Error(name.status());
  const absl::StatusOr<std::string> sha256 = matrix::Sha256OfFile(request.body_file);
  if (!sha256.ok()) return Reply::Error(sha256.status());
  const std::string id = sha256->substr(0, kIdDigits);
  const std::lock_guard<std::mutex> lock(reading_);
  const absl::StatusOr<std::string> known = FindTrace(database_, id);
  if (known.ok()) return Reply::Json(200, *known);
  absl::StatusOr<json> facts = ReadFacts(request.body_file);
  if (!facts.ok()) return Reply::Error(facts.status());
  // With some of the id, for a workload is called like its file: two recordings of a
  // program are two workloads, and none is called like one that is shipped.
  const std::string stem(absl::StripSuffix(TraceFileName(name->value_or("")), kEnding));
  const std::string file_name = absl::StrCat(stem, "-", id.substr(0, 6), kEnding);
  (*facts)["id"] = id;
  (*facts)["name"] = stem;
  (*facts)["file"] = file_name;
  const absl::Status moved =
      MoveInto(request.body_file, absl::StrCat(folder_, "/", id, "/", file_name));
  if (!moved.ok()) return Reply::Error(moved);
  const std::string text = facts->dump();
  const absl::StatusOr<bool> added = AddTrace(database_, id, text);
  if (!added.ok()) return Reply::Error(added.status());
  return Reply::Json(201, text);
}

Reply TracesApi::List() const {
  absl::StatusOr<std::string> list = ListTraces(database_);
  return list.ok() ? Reply::Json(200, *std::move(list)) : Reply::Error(list.status());
}

std::string TracesApi::PathOf(const std::string &id) const {
  const absl::StatusOr<std::string> facts = FindTrace(database_, id);
  if (!facts.ok()) return "";
  return absl::StrCat(folder_, "/", id, "/", json::parse(*facts).at("file").get<std::string>());
}

}  // namespace loam::dashboards
