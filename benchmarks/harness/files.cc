#include "benchmarks/harness/files.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "benchmarks/harness/result_file.h"
#include "benchmarks/harness/result_json.h"
#include "benchmarks/harness/results/document.h"
#include "benchmarks/harness/results/merge.h"
#include "benchmarks/harness/results/read_result.h"
#include "benchmarks/harness/show.h"
#include "benchmarks/harness/summary.h"

namespace loam::matrix {
namespace {

using Json = nlohmann::ordered_json;

// Without the repetitions, and without digits and detail that nobody reads: for
// a file that is kept beside a document.
Json SummaryOnly(Json result) {
  constexpr double kDigits = 1e5;
  result["benchmarks"] = Json::array();
  result["context"]["arguments"] = Json::array();
  for (Json &allocator : result["allocators"]) {
    // Where a library lay says little and may name a user.
    for (const char *key : {"preload", "path"}) {
      if (allocator[key].is_null()) continue;
      allocator[key] = std::filesystem::path(allocator[key].get<std::string>()).filename().string();
    }
  }
  for (Json &cell : result["cells"]) {
    for (const Metric &metric : Metrics()) {
      if (!cell[metric.name].is_object()) continue;
      for (const char *key : {"p_value", "p_value_rank"}) cell[metric.name].erase(key);
      for (Json &value : cell[metric.name]) {
        if (!value.is_number_float()) continue;
        const double number = value;
        if (number == std::floor(number)) continue;  // a count, such as bytes
        const double scale = std::pow(10, std::floor(std::log10(number)));
        value = std::round(number / scale * kDigits) / kDigits * scale;
      }
    }
  }
  return result;
}

absl::StatusOr<std::string> ReadText(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrCat("cannot read ", path));
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

absl::Status PrintResult(const Options &options) {
  const absl::StatusOr<Json> result = ReadJson(options.print);
  if (!result.ok()) return result.status();
  const absl::StatusOr<std::string> text = RenderTables(*result, options.format, options.all);
  if (text.ok()) return Show(*text);
  return absl::InvalidArgumentError(absl::StrCat(options.print, ": ", text.status().message()));
}

absl::Status CompareFiles(const Options &options) {
  const absl::StatusOr<Result> before = ReadResult(options.files[0]);
  if (!before.ok()) return before.status();
  const absl::StatusOr<Result> after = ReadResult(options.files[1]);
  if (!after.ok()) return after.status();
  return ShowDifferences(*before, *after, options);
}

absl::Status MergeFiles(const Options &options) {
  const std::vector<std::string> names(options.files.begin() + 1, options.files.end());
  std::vector<Result> shards;
  for (const std::string &name : names) {
    const absl::StatusOr<Result> shard = ReadResult(name);
    if (!shard.ok()) return shard.status();
    shards.push_back(*shard);
  }
  const absl::StatusOr<Result> merged = MergeShards(shards, names);
  if (!merged.ok()) return merged.status();
  const uint64_t seed = merged->context.at("seed");
  Json result = ResultJson(merged->matrix, Summarise(merged->matrix, seed), merged->context);
  if (options.summary_only) result = SummaryOnly(std::move(result));
  const std::string text = absl::StrCat(result.dump(options.summary_only ? 0 : 1), "\n");
  absl::StatusOr<ResultFile> file = ResultFile::Open(options.files[0], text.size());
  if (!file.ok()) return file.status();
  return file->Write(text);
}

absl::Status RenewDocuments(const Options &options) {
  for (const std::string &path : options.files) {
    const absl::StatusOr<std::string> text = ReadText(path);
    if (!text.ok()) return text.status();
    const std::string folder = std::filesystem::path(path).parent_path().string();
    const absl::StatusOr<RenewedDocument> renewed = RenewTables(*text, folder);
    if (!renewed.ok()) {
      return absl::Status(renewed.status().code(),
                          absl::StrCat(path, ": ", renewed.status().message()));
    }
    if (renewed->tables == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, " has no \"<!-- table: RESULT.json -->\""));
    }
    if (renewed->text == *text) continue;
    if (options.check) {
      return absl::AbortedError(absl::StrCat(path,
                                             " is not what its result files say: renew it "
                                             "with `matrix tables`"));
    }
    absl::StatusOr<ResultFile> file = ResultFile::Open(path, renewed->text.size());
    if (!file.ok()) return file.status();
    const absl::Status written = file->Write(renewed->text);
    if (!written.ok()) return written;
  }
  return absl::OkStatus();
}

}  // namespace loam::matrix
