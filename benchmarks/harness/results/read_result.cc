#include "benchmarks/harness/results/read_result.h"

#include <fstream>
#include <map>
#include <stdexcept>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "benchmarks/harness/names.h"
#include "benchmarks/harness/repetition_json.h"
#include "benchmarks/harness/result_json.h"

namespace loam::matrix {
namespace {

using Json = nlohmann::ordered_json;
using Indices = std::map<std::string, size_t>;

std::string TextOrNothing(const Json &json) {
  return json.is_null() ? "" : json.get<std::string>();
}

// Of the value, or an exception: all that is wrong with a file ends as one.
template <typename T>
T OrThrow(const absl::StatusOr<T> &value) {
  if (!value.ok()) throw std::invalid_argument(std::string(value.status().message()));
  return *value;
}

Allocator ReadAllocator(const Json &json) {
  Allocator allocator;
  allocator.name = json.at("name");
  allocator.kind = OrThrow(AllocatorKindNamed(json.at("kind")));
  allocator.library = TextOrNothing(json.at("preload"));
  allocator.served_by = TextOrNothing(json.at("path"));
  allocator.version = TextOrNothing(json.at("version"));
  allocator.sha256 = TextOrNothing(json.at("sha256"));
  allocator.problem = TextOrNothing(json.at("problem"));
  return allocator;
}

Workload ReadWorkload(const Json &json) {
  Workload workload;
  workload.name = json.at("name");
  workload.stresses = json.at("stresses");
  workload.stands_for = json.at("stands_for");
  workload.problem = TextOrNothing(json.at("problem"));
  if (!json.at("command").is_null()) {
    workload.program = Program();
    json.at("command").get_to(workload.program->told);
  }
  return workload;
}

Cell ReadCell(const Json &json, const Indices &allocators, const Indices &workloads,
              const Indices &machines) {
  Cell cell;
  cell.allocator = allocators.at(json.at("allocator"));
  cell.workload = workloads.at(json.at("workload"));
  cell.threads = json.at("threads");
  cell.status = OrThrow(CellStatusNamed(json.at("status")));
  cell.message = TextOrNothing(json.at("message"));
  if (json.contains("machine")) cell.machine = machines.at(json.at("machine"));
  return cell;
}

Result ReadChecked(const Json &json) {
  Result result;
  Matrix &matrix = result.matrix;
  result.context = json.at("context");
  Indices allocators;
  for (const Json &entry : json.at("allocators")) {
    allocators[entry.at("name")] = matrix.allocators.size();
    matrix.allocators.push_back(ReadAllocator(entry));
  }
  Indices workloads;
  for (const Json &entry : json.at("workloads")) {
    workloads[entry.at("name")] = matrix.workloads.size();
    matrix.workloads.push_back(ReadWorkload(entry));
  }
  matrix.machines = {TextOrNothing(result.context.at("host_name"))};
  if (result.context.contains("machines")) {
    matrix.machines.clear();
    for (const Json &machine : result.context.at("machines")) {
      matrix.machines.push_back(machine.at("host_name"));
    }
  }
  Indices machines;
  for (size_t i = 0; i < matrix.machines.size(); i++) machines[matrix.machines[i]] = i;
  Indices cells;
  for (const Json &entry : json.at("cells")) {
    cells[entry.at("name")] = matrix.cells.size();
    matrix.cells.push_back(ReadCell(entry, allocators, workloads, machines));
  }
  for (const Json &entry : json.at("benchmarks")) {
    matrix.cells[cells.at(entry.at("name"))].repetitions.push_back(RepetitionFromJson(entry));
  }
  matrix.baseline = allocators.at(result.context.at("baseline_allocator"));
  matrix.complete = result.context.at("complete");
  return result;
}

}  // namespace

absl::StatusOr<Json> ReadJson(const std::string &path) {
  std::ifstream file(path);
  if (!file) return absl::NotFoundError(absl::StrCat("cannot read ", path));
  return Json::parse(file, nullptr, false);
}

absl::StatusOr<Result> ParseResult(const Json &json) {
  if (!json.is_object() || json.value("schema", Json()) != kSchemaId) {
    return absl::InvalidArgumentError(absl::StrCat("not a result file of schema ", kSchemaId));
  }
  try {
    return ReadChecked(json);
  } catch (const std::exception &error) {
    return absl::InvalidArgumentError(absl::StrCat("a damaged result file: ", error.what()));
  }
}

absl::StatusOr<Result> ReadResult(const std::string &path) {
  const absl::StatusOr<Json> json = ReadJson(path);
  if (!json.ok()) return json.status();
  absl::StatusOr<Result> result = ParseResult(*json);
  if (result.ok()) return result;
  return absl::InvalidArgumentError(absl::StrCat(path, ": ", result.status().message()));
}

}  // namespace loam::matrix
