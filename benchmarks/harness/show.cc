#include "benchmarks/harness/show.h"

#include <unistd.h>

#include <cstdio>

#include "benchmarks/harness/compare/compare.h"
#include "benchmarks/harness/table.h"

namespace loam::matrix {

absl::Status Show(const std::string &text) {
  if (std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0) {
    return absl::UnavailableError("cannot write to stdout");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> RenderTables(const nlohmann::ordered_json &result, TableFormat format,
                                         bool details) {
  const absl::StatusOr<Report> report = ReadReport(result, {details, {}});
  if (!report.ok()) return report.status();
  if (format == TableFormat::kMarkdown) return RenderMarkdown(*report);
  return RenderTerminal(*report, isatty(STDOUT_FILENO) != 0);
}

absl::Status ShowDifferences(const Result &before, const Result &after, const Options &options) {
  const absl::StatusOr<Differences> differences = Compare(before, after);
  if (!differences.ok()) return differences.status();
  const absl::Status shown = Show(RenderDifferences(*differences, options.all));
  if (!shown.ok() || !options.fail_on_regression || !differences->HasRegression()) return shown;
  return absl::AbortedError("worse than before");
}

}  // namespace loam::matrix
