#include "dashboards/document/check.h"

#include <algorithm>
#include <set>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "dashboards/document/matrix_schema.h"
#include "valijson/adapters/nlohmann_json_adapter.hpp"
#include "valijson/schema.hpp"
#include "valijson/schema_parser.hpp"
#include "valijson/validator.hpp"

namespace loam::dashboards {
namespace {

using nlohmann::json;
using valijson::adapters::NlohmannJsonAdapter;

constexpr char kSchemaId[] = "loam-matrix-v1";
constexpr int64_t kThreadsMax = 1 << 20;

// One line, whatever the file has in its names.
absl::Status Invalid(absl::string_view what, absl::string_view name = "") {
  constexpr size_t kNameBytesShown = 100;
  const bool whole = name.size() <= kNameBytesShown;
  std::string line = absl::StrCat(what, name.empty() ? "" : ": ", name.substr(0, kNameBytesShown),
                                  whole ? "" : "...");
  const auto is_control = [](unsigned char c) { return absl::ascii_iscntrl(c); };
  std::replace_if(line.begin(), line.end(), is_control, ' ');
  return absl::InvalidArgumentError(line);
}

// Read once, and never torn down: threads may still be checking at exit.
const valijson::Schema &MatrixSchemaRules() {
  static const valijson::Schema *const rules = [] {
    const absl::string_view text = MatrixSchema();
    const json parsed = json::parse(text.begin(), text.end());
    auto *schema = new valijson::Schema;
    valijson::SchemaParser(valijson::SchemaParser::kDraft7)
        .populateSchema(NlohmannJsonAdapter(parsed), *schema);
    return schema;
  }();
  return *rules;
}

// "context.date" of {"<root>", "[context]", "[date]"}.
std::string PlaceOf(const valijson::ValidationResults::Error &error) {
  std::string place;
  for (const std::string &part : error.context) {
    if (part.size() < 2 || part.front() != '[') continue;
    absl::StrAppend(&place, place.empty() ? "" : ".", part.substr(1, part.size() - 2));
  }
  return place.empty() ? "the file" : place;
}

// The names of a list's entries, in `names`; an error for one that is there twice.
absl::Status CollectNames(const json &list, const char *what, std::set<std::string> *names) {
  for (const json &entry : list) {
    const std::string &name = entry.at("name").get_ref<const std::string &>();
    if (!names->insert(name).second)
      return Invalid(absl::StrCat("two ", what, "s are called"), name);
  }
  return absl::OkStatus();
}

absl::Status CheckCell(const json &cell, const std::set<std::string> &allocators,
                       const std::set<std::string> &workloads) {
  const std::string &name = cell.at("name").get_ref<const std::string &>();
  if (allocators.count(cell.at("allocator")) == 0) {
    return Invalid("a cell of an allocator that is not listed", name);
  }
  if (workloads.count(cell.at("workload")) == 0) {
    return Invalid("a cell of a workload that is not listed", name);
  }
  // As a double, for a number that fits no integer is one.
  if (cell.at("threads").get<double>() > kThreadsMax) return Invalid("too many threads", name);
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckSchema(const json &document) {
  if (!document.is_object() || document.value("schema", json()) != kSchemaId) {
    return Invalid(absl::StrCat("not a result file of schema ", kSchemaId));
  }
  valijson::ValidationResults problems;
  valijson::Validator validator;
  if (validator.validate(MatrixSchemaRules(), NlohmannJsonAdapter(document), &problems)) {
    return absl::OkStatus();
  }
  // The deepest place says most.
  valijson::ValidationResults::Error problem;
  valijson::ValidationResults::Error deepest;
  while (problems.popError(problem)) {
    if (deepest.description.empty() || problem.context.size() > deepest.context.size()) {
      deepest = problem;
    }
  }
  return Invalid(absl::StrCat("not a valid result file, at ", PlaceOf(deepest)),
                 deepest.description);
}

absl::Status CheckReferences(const json &document) {
  std::set<std::string> allocators, workloads, cells;
  for (const absl::Status &names :
       {CollectNames(document.at("allocators"), "allocator", &allocators),
        CollectNames(document.at("workloads"), "workload", &workloads),
        CollectNames(document.at("cells"), "cell", &cells)}) {
    if (!names.ok()) return names;
  }
  for (const json &cell : document.at("cells")) {
    const absl::Status checked = CheckCell(cell, allocators, workloads);
    if (!checked.ok()) return checked;
  }
  for (const json &repetition : document.at("benchmarks")) {
    if (cells.count(repetition.at("name")) != 0) continue;
    return Invalid("a repetition of a cell that is not listed",
                   repetition.at("name").get<std::string>());
  }
  const json &context = document.at("context");
  const std::string &date = context.at("date").get_ref<const std::string &>();
  absl::Time time;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, date, &time, &error)) {
    return Invalid("context.date is no time as RFC 3339 has it", date);
  }
  const std::string &baseline = context.at("baseline_allocator").get_ref<const std::string &>();
  if (allocators.count(baseline) == 0) return Invalid("the baseline is not listed", baseline);
  return absl::OkStatus();
}

}  // namespace loam::dashboards
