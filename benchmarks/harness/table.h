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

// Which metrics of a result become tables.
struct TableChoice {
  bool details = false;           // those that explain the others, too
  std::vector<std::string> only;  // these by name, details or not; empty: all
};

// From a result file. What is not a result, or no metric, gives an error in one line.
absl::StatusOr<Report> ReadReport(const nlohmann::ordered_json &result,
                                  const TableChoice &choice = {});

// For a terminal; `colour` adds escape codes, and without it the marks alone
// say the same.
std::string RenderTerminal(const Report &report, bool colour);

// For a README.
std::string RenderMarkdown(const Report &report);

// "12.3 ns", "4.56 ms", "1.23 GiB": three digits.
std::string FormatQuantity(double value, const std::string &unit);

}  // namespace loam::matrix

#endif  // LOAM_BENCHMARKS_HARNESS_TABLE_H_
