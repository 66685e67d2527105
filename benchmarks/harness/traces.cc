#include "benchmarks/harness/traces.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "benchmarks/trace/format/trace_reader.h"
#include "benchmarks/trace/replay/compile.h"
#include "nlohmann/json.hpp"

namespace loam::matrix {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int kMostThreads = 1024;  // as the cell takes

absl::StatusOr<Workload> GivenWorkload(const std::string &path) {
  const absl::StatusOr<trace::TraceReader> reader = trace::TraceReader::Open(path);
  if (!reader.ok()) return reader.status();
  Workload workload;
  workload.name = TraceName(path);
  workload.stresses = absl::StrCat("what a program did: ", reader->event_count(), " events of ",
                                   reader->thread_count(), " threads");
  workload.stands_for = path;
  workload.trace = Trace{path, 1, {}};
  return workload;
}

absl::Status Add(Workload workload, std::vector<Workload> *workloads) {
  const bool taken = std::any_of(workloads->begin(), workloads->end(), [&](const Workload &other) {
    return other.name == workload.name;
  });
  if (taken) {
    return absl::AlreadyExistsError(
        absl::StrCat("there are two workloads ", workload.name, ": rename ", workload.trace->path));
  }
  workloads->push_back(std::move(workload));
  return absl::OkStatus();
}

}  // namespace

std::string TraceName(const std::string &path) {
  const std::string file = fs::path(path).filename().string();
  std::string name(absl::StripSuffix(file, ".loamtrace"));
  absl::AsciiStrToLower(&name);
  for (char &c : name) c = absl::ascii_isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return absl::StrCat("trace/", name.empty() ? "_" : name);
}

absl::Status AddTraceWorkloads(const std::string &table_path, const std::vector<std::string> &given,
                               std::vector<Workload> *workloads) {
  std::ifstream file(table_path);
  const json table = json::parse(file, nullptr, false);
  if (!table.is_object()) {
    return absl::InvalidArgumentError(absl::StrCat(table_path, " is not a table of traces"));
  }
  for (const json &entry : table.at("traces")) {
    const fs::path path = fs::path(table_path).parent_path() / entry.at("file").get<std::string>();
    Workload workload;
    workload.name = TraceName(path);
    workload.stresses = entry.at("stresses");
    workload.stands_for = entry.at("stands_for");
    workload.trace = Trace{path.string(), 1, {}};
    const absl::Status added = Add(std::move(workload), workloads);
    if (!added.ok()) return added;
  }
  for (const std::string &path : given) {
    absl::StatusOr<Workload> workload = GivenWorkload(path);
    if (!workload.ok()) return workload.status();
    const absl::Status added = Add(*std::move(workload), workloads);
    if (!added.ok()) return added;
  }
  return absl::OkStatus();
}

absl::Status PrepareTraces(const Runfiles &runfiles, const std::string &folder,
                           std::vector<Workload> *workloads) {
  const absl::StatusOr<std::string> replay = runfiles.Path("benchmarks/trace/replay/replay");
  if (!replay.ok()) return replay.status();
  for (size_t i = 0; i < workloads->size(); i++) {
    Workload &workload = (*workloads)[i];
    if (!workload.trace) continue;
    const std::string plan = absl::StrCat(folder, "/trace-", i, ".plan");
    const absl::StatusOr<trace::CompiledTrace> compiled =
        trace::CompileTrace(workload.trace->path, plan);
    if (!compiled.ok()) return compiled.status();
    workload.trace->command = {*replay, plan};
    workload.trace->threads = static_cast<int>(compiled->lanes);
    if (workload.trace->threads > kMostThreads) {
      workload.problem = absl::StrCat("has more than ", kMostThreads, " threads at a time");
    }
  }
  return absl::OkStatus();
}

}  // namespace loam::matrix
