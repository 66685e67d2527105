#include "benchmarks/harness/results/document.h"

#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "benchmarks/harness/results/read_result.h"
#include "benchmarks/harness/table.h"

namespace loam::matrix {
namespace {

constexpr char kBegin[] = "<!-- table: ";
constexpr char kBeginEnd[] = " -->";
constexpr char kEnd[] = "<!-- end -->";

// What a mark names: a file and, if any, metrics.
absl::StatusOr<std::string> Render(absl::string_view mark, const std::string &folder) {
  std::vector<std::string> words = absl::StrSplit(mark, ' ', absl::SkipEmpty());
  if (words.empty()) return absl::InvalidArgumentError("a table of no file");
  const std::string path = absl::StrCat(folder, "/", words[0]);
  words.erase(words.begin());
  const absl::StatusOr<nlohmann::ordered_json> json = ReadJson(path);
  if (!json.ok()) return json.status();
  const absl::StatusOr<Report> report = ReadReport(*json, {false, words});
  if (report.ok()) return RenderMarkdown(*report);
  return absl::InvalidArgumentError(absl::StrCat(path, ": ", report.status().message()));
}

}  // namespace

absl::StatusOr<RenewedDocument> RenewTables(const std::string &text, const std::string &folder) {
  RenewedDocument renewed;
  const std::vector<absl::string_view> lines = absl::StrSplit(text, '\n');
  for (size_t i = 0; i < lines.size(); i++) {
    absl::StrAppend(&renewed.text, lines[i], i + 1 < lines.size() ? "\n" : "");
    absl::string_view mark = lines[i];
    if (!absl::ConsumePrefix(&mark, kBegin) || !absl::ConsumeSuffix(&mark, kBeginEnd)) continue;
    const size_t begin = i;
    while (i < lines.size() && lines[i] != kEnd) i++;
    if (i == lines.size()) {
      return absl::InvalidArgumentError(
          absl::StrCat("line ", begin + 1, ": no \"", kEnd, "\" follows"));
    }
    const absl::StatusOr<std::string> table = Render(mark, folder);
    if (!table.ok()) return table.status();
    absl::StrAppend(&renewed.text, "\n", *table, "\n", kEnd, i + 1 < lines.size() ? "\n" : "");
    renewed.tables++;
  }
  return renewed;
}

}  // namespace loam::matrix
