#include "benchmarks/harness/self_check.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace loam::matrix {

SelfCheck CheckSelf(const Summary &summary) {
  constexpr size_t kAllowedInHundred = 1;
  constexpr size_t kAlwaysAllowed = 1;
  SelfCheck check;
  for (const CellSummary &cell : summary.cells) {
    for (size_t i = 0; i < cell.metrics.size(); i++) {
      const std::optional<MetricSummary> &metric = cell.metrics[i];
      if (Metrics()[i].is_detail) continue;
      if (!metric || !metric->judgement || !metric->ratio->interval) continue;
      check.compared++;
      check.found += metric->judgement->verdict != statistics::Verdict::kCannotTell;
    }
  }
  check.allowed = std::max(kAlwaysAllowed, check.compared * kAllowedInHundred / 100);
  return check;
}

std::string SelfCheck::Describe() const {
  if (compared == 0) {
    return absl::StrCat("the self-check compared nothing: it takes ",
                        statistics::kFewestForInterval, " rounds and a workload that runs");
  }
  return absl::StrFormat(
      "self-check: %d of %d comparisons of an allocator with itself found a difference (%.1f %%); "
      "%d may",
      found, compared, 100.0 * static_cast<double>(found) / static_cast<double>(compared), allowed);
}

}  // namespace loam::matrix
