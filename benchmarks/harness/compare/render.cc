#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "benchmarks/harness/compare/compare.h"

namespace loam::matrix {
namespace {

const char *WordFor(statistics::Verdict verdict) {
  switch (verdict) {
    case statistics::Verdict::kLess:
      return "better";
    case statistics::Verdict::kMore:
      return "WORSE";
    case statistics::Verdict::kCannotTell:
      return "cannot tell";
  }
  return "";
}

std::string RenderCell(const CellDifference &cell, size_t width) {
  std::string line = absl::StrFormat("  %-11s  %-*s  %.3f", WordFor(cell.judgement.verdict),
                                     static_cast<int>(width), cell.cell, cell.comparison.ratio);
  if (cell.comparison.interval) {
    absl::StrAppendFormat(&line, "  (%.3f to %.3f)  p %.2g, corrected %.2g",
                          cell.comparison.interval->low, cell.comparison.interval->high,
                          cell.comparison.p, cell.judgement.adjusted_p);
  }
  return absl::StrCat(line, "\n");
}

std::string RenderCounts(const MetricDifferences &metric) {
  std::string line = absl::StrFormat(
      "  %d worse, %d better, %d cannot tell", metric.Count(statistics::Verdict::kMore),
      metric.Count(statistics::Verdict::kLess), metric.Count(statistics::Verdict::kCannotTell));
  std::vector<double> visible;
  for (const CellDifference &cell : metric.cells) {
    if (cell.judgement.smallest_visible) visible.push_back(*cell.judgement.smallest_visible);
  }
  if (visible.empty()) {
    absl::StrAppendFormat(&line, " (it takes %d rounds in both)", statistics::kFewestForInterval);
  } else {
    absl::StrAppendFormat(&line, "; half of the cells would have shown a difference of %.2g %%",
                          100 * statistics::Median(visible));
  }
  return absl::StrCat(line, "\n");
}

}  // namespace

std::string RenderDifferences(const Differences &differences, bool all) {
  std::string text;
  for (const MetricDifferences &metric : differences.metrics) {
    absl::StrAppend(&text, metric.title, ", after / before\n");
    size_t width = 0;
    for (const CellDifference &cell : metric.cells) width = std::max(width, cell.cell.size());
    for (const CellDifference &cell : metric.cells) {
      if (all || cell.judgement.verdict != statistics::Verdict::kCannotTell) {
        absl::StrAppend(&text, RenderCell(cell, width));
      }
    }
    absl::StrAppend(&text, RenderCounts(metric), "\n");
  }
  for (const std::string &cell : differences.broken) {
    absl::StrAppend(&text, "BROKEN  ", cell, "\n");
  }
  for (const std::string &note : differences.notes) absl::StrAppend(&text, note, "\n");
  return text;
}

}  // namespace loam::matrix
