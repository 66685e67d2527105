// A result file as tables: workloads down, allocators across, the ratio to the
// baseline in each cell.

#ifndef LOAM_BENCHMARKS_HARNESS_TABLE_H_
#define LOAM_BENCHMARKS_HARNESS_TABLE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "nlohmann/json.hpp"

namespace loam::matrix {

struct TableCell {
  std::string text;
  bool best = false;         // of its row
  bool cannot_tell = false;  // from the baseline
  bool problem = false;      // there is no value, and there should be
};

struct TableRow {
  std::string label;
  std::vector<TableCell> cells;  // one an allocator
};

struct Table {
  std::string title;
  std::vector<std::string> columns;
  std::vector<TableRow> rows;
  TableRow geomean;
};

struct Report {
  std::string baseline;
  std::vector<Table> tables;
  std::vector<std::string> notes;  // what did not run, and how far to trust the rest
};

// From a result file; metrics that are details only with `details`. What is not
// a result gives an error in one line.
absl::StatusOr<Report> ReadReport(const nlohmann::ordered_json &result, bool details = false);

// For a terminal; `colour` adds escape codes, and without it the marks alone
// say the same.
std::string RenderTerminal(const Report &report, bool colour);

// For a README.
std::string RenderMarkdown(const Report &report);

// "12.3 ns", "4.56 ms", "1.23 GiB": three digits.
std::string FormatQuantity(double value, const std::string &unit);

}  // namespace loam::matrix

#endif  // LOAM_BENCHMARKS_HARNESS_TABLE_H_
