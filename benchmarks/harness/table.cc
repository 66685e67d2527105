#include "benchmarks/harness/table.h"

#include <algorithm>
#include <map>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "benchmarks/harness/result_json.h"
#include "benchmarks/harness/summary.h"
#include "benchmarks/statistics/statistics.h"

namespace loam::matrix {
namespace {

using Json = nlohmann::ordered_json;

std::string RowLabel(const Json &cell) {
  const int threads = cell.at("threads");
  const std::string workload = cell.at("workload");
  return threads == 1 ? workload : absl::StrCat(workload, " x", threads);
}

// Of a cell or a mean; empty in a result of one machine.
std::string MachineOf(const Json &entry) { return entry.value("machine", ""); }

// Files from before there was this metric have no word of it; the first three
// were always there.
bool Knows(const Json &result, const std::string &metric) {
  if (metric == "time" || metric == "peak_rss" || metric == "trough_rss") return true;
  const Json &cells = result.at("cells");
  return std::any_of(cells.begin(), cells.end(),
                     [&metric](const Json &cell) { return cell.contains(metric); });
}

// The machines of a result, each with what its tables' titles say of it.
std::map<std::string, std::string> ReadMachines(const Json &context) {
  if (!context.contains("machines")) return {{"", ""}};
  std::map<std::string, std::string> machines;
  for (const Json &machine : context.at("machines")) {
    const std::string name = machine.at("host_name");
    const Json &processor = machine.at("cpu_model");
    machines[name] = absl::StrCat(", on ", name, " (",
                                  processor.is_null() ? "" : processor.get<std::string>() + ", ",
                                  machine.at("num_cpus").get<int>(), " processors)");
  }
  return machines;
}

TableCell CellWithoutValue(const std::string &status) {
  TableCell cell;
  cell.problem = status == "failed" || status == "timed_out";
  cell.text = !cell.problem ? "-" : status == "failed" ? "FAILED" : "TIMEOUT";
  return cell;
}

// The baseline shows its own value, the others the ratio to it.
TableCell RenderCell(const Json &cell, const Json &metric) {
  if (metric.is_null()) return CellWithoutValue(cell.at("status"));
  const std::string verdict = metric.at("verdict");
  TableCell rendered;
  if (verdict == "baseline" || verdict == "no_baseline") {
    rendered.text = FormatQuantity(metric.at("median"), metric.at("unit"));
  } else {
    rendered.text = absl::StrFormat("%.2f", metric.at("ratio").get<double>());
  }
  rendered.best = metric.at("best");
  rendered.cannot_tell = verdict == "cannot_tell";
  return rendered;
}

// One row per (workload, threads), in the file's order; allocators that have
// nothing in a row leave it blank.
std::vector<TableRow> ReadRows(const Json &result, const std::string &machine,
                               const std::string &metric,
                               const std::map<std::string, size_t> &columns) {
  std::vector<TableRow> rows;
  std::vector<bool> measured;
  for (const Json &cell : result.at("cells")) {
    if (MachineOf(cell) != machine) continue;
    const std::string label = RowLabel(cell);
    if (rows.empty() || rows.back().label != label) {
      rows.push_back({label, std::vector<TableCell>(columns.size())});
      measured.push_back(false);
    }
    const Json &value = cell.at(metric);
    rows.back().cells[columns.at(cell.at("allocator"))] = RenderCell(cell, value);
    if (!value.is_null()) measured.back() = true;
  }
  std::vector<TableRow> shown;
  for (size_t i = 0; i < rows.size(); i++) {
    if (measured[i]) shown.push_back(rows[i]);
  }
  return shown;
}

TableRow ReadGeomean(const Json &result, const std::string &machine, const std::string &metric,
                     size_t rows) {
  TableRow row = {"geometric mean", {}};
  for (const Json &geomean : result.at("geomeans")) {
    if (MachineOf(geomean) != machine) continue;
    const Json &value = geomean.at(metric);
    TableCell cell;
    cell.text = "-";
    if (!value.is_null()) {
      cell.text = absl::StrFormat("%.2f", value.at("ratio").get<double>());
      const size_t cells = value.at("cells");
      if (cells != rows) absl::StrAppend(&cell.text, " of ", cells);
    }
    row.cells.push_back(cell);
  }
  return row;
}

// How small a difference the cells of a table could have shown; nothing where
// no cell says.
std::string ReadSensitivity(const Json &result, const Metric &metric) {
  std::vector<double> visible;
  for (const Json &cell : result.at("cells")) {
    const Json &value = cell.at(metric.name);
    if (value.is_null() || !value.contains("smallest_visible")) continue;
    const Json &smallest = value.at("smallest_visible");
    if (!smallest.is_null()) visible.push_back(100 * smallest.get<double>());
  }
  if (visible.empty()) return "";
  std::sort(visible.begin(), visible.end());
  const auto share = [&visible](size_t percent) {
    return visible[(visible.size() - 1) * percent / 100];
  };
  return absl::StrFormat(
      "%s: half of the cells would have shown a difference of %.2g %%, "
      "nine of ten one of %.2g %%",
      metric.title, share(50), share(90));
}

// One line for all cells that have the same trouble.
std::vector<std::string> ReadProblems(const Json &result) {
  constexpr size_t kMostNamed = 6;
  std::vector<std::string> order;
  std::map<std::string, std::vector<std::string>> cells;
  for (const Json &cell : result.at("cells")) {
    if (cell.at("message").is_null()) continue;
    const std::string trouble = absl::StrCat(cell.at("status").get<std::string>(), ": ",
                                             cell.at("message").get<std::string>());
    if (cells.find(trouble) == cells.end()) order.push_back(trouble);
    cells[trouble].push_back(
        absl::StrCat(cell.at("allocator").get<std::string>(), " ", RowLabel(cell)));
  }
  std::vector<std::string> problems;
  for (const std::string &trouble : order) {
    std::vector<std::string> &named = cells[trouble];
    const size_t unnamed = named.size() - std::min(named.size(), kMostNamed);
    named.resize(named.size() - unnamed);
    const std::string more = unnamed == 0 ? "" : absl::StrCat(" and ", unnamed, " more");
    problems.push_back(absl::StrCat(trouble, " (", absl::StrJoin(named, ", "), more, ")"));
  }
  return problems;
}

bool IsChosen(const Metric &metric, const TableChoice &choice) {
  if (choice.only.empty()) return choice.details || !metric.is_detail;
  return absl::c_linear_search(choice.only, metric.name);
}

absl::Status CheckNames(const TableChoice &choice) {
  for (const std::string &name : choice.only) {
    if (absl::c_none_of(Metrics(), [&](const Metric &metric) { return metric.name == name; })) {
      return absl::InvalidArgumentError(absl::StrCat("no metric \"", name, "\""));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Report> ReadChecked(const Json &result, const TableChoice &choice) {
  if (const absl::Status known = CheckNames(choice); !known.ok()) return known;
  if (!result.is_object() || result.value("schema", "") != kSchemaId) {
    return absl::InvalidArgumentError(absl::StrCat("not a result file of schema ", kSchemaId));
  }
  Report report;
  report.baseline = result.at("context").at("baseline_allocator");
  std::vector<std::string> names;
  std::map<std::string, size_t> columns;
  for (const Json &allocator : result.at("allocators")) {
    columns[allocator.at("name")] = names.size();
    names.push_back(allocator.at("name"));
  }
  for (const Metric &metric : Metrics()) {
    if (!Knows(result, metric.name) || !IsChosen(metric, choice)) continue;
    for (const auto &[machine, on_machine] : ReadMachines(result.at("context"))) {
      Table table;
      table.title = absl::StrCat(metric.title, on_machine);
      table.columns = names;
      table.rows = ReadRows(result, machine, metric.name, columns);
      if (table.rows.empty()) continue;
      table.geomean = ReadGeomean(result, machine, metric.name, table.rows.size());
      report.tables.push_back(table);
    }
    const std::string sensitivity = ReadSensitivity(result, metric);
    if (!sensitivity.empty()) report.notes.push_back(sensitivity);
  }
  for (const std::string &problem : ReadProblems(result)) report.notes.push_back(problem);
  const size_t rounds = result.at("context").at("rounds");
  if (rounds < statistics::kFewestForInterval) {
    report.notes.push_back(absl::StrCat(rounds, " rounds are too few to tell: it takes ",
                                        statistics::kFewestForInterval));
  }
  const Json &loads = result.at("context").at("load_avg");
  const double processors = result.at("context").at("num_cpus");
  if (!loads.empty() && loads.at(0).get<double>() > processors / 2) {
    report.notes.push_back(
        absl::StrFormat("the machine was busy when the run began (load %.1f, processors %.0f): "
                        "expect wide intervals",
                        loads.at(0).get<double>(), processors));
  }
  if (!result.at("context").at("complete")) {
    report.notes.push_back("incomplete: the run was interrupted");
  }
  return report;
}

// The text with its marks, which take two places.
std::string Marked(const TableCell &cell) {
  return absl::StrCat(cell.text, cell.cannot_tell ? "~" : "", cell.best ? "*" : "",
                      cell.cannot_tell && cell.best   ? ""
                      : cell.cannot_tell || cell.best ? " "
                                                      : "  ");
}

// Grey also where the best cannot be told from the baseline.
const char *ColourOf(const TableCell &cell) {
  if (cell.problem) return "\033[1;31m";
  if (cell.cannot_tell) return "\033[2m";
  return cell.best ? "\033[1;32m" : "";
}

std::string Legend(const Report &report) {
  return absl::StrCat("Ratio to ", report.baseline,
                      " (its own column: its median); less is better.");
}

std::string RenderTerminalRow(const TableRow &row, size_t label_width,
                              const std::vector<size_t> &widths, bool colour) {
  std::string line = absl::StrFormat("%-*s", static_cast<int>(label_width), row.label);
  for (size_t i = 0; i < row.cells.size(); i++) {
    const std::string text =
        absl::StrFormat("%*s", static_cast<int>(widths[i]), Marked(row.cells[i]));
    const std::string start = colour ? ColourOf(row.cells[i]) : "";
    absl::StrAppend(&line, "  ", start, text, start.empty() ? "" : "\033[0m");
  }
  return line;
}

std::string RenderTerminalTable(const Table &table, bool colour) {
  std::vector<TableRow> rows = {{"", {}}};
  for (const std::string &name : table.columns) {
    rows[0].cells.emplace_back();
    rows[0].cells.back().text = name;
  }
  rows.insert(rows.end(), table.rows.begin(), table.rows.end());
  rows.push_back(table.geomean);
  size_t label_width = 0;
  std::vector<size_t> widths(table.columns.size());
  for (const TableRow &row : rows) {
    label_width = std::max(label_width, row.label.size());
    for (size_t i = 0; i < row.cells.size(); i++) {
      widths[i] = std::max(widths[i], Marked(row.cells[i]).size());
    }
  }
  std::string text = absl::StrCat(table.title, "\n");
  for (const TableRow &row : rows) {
    absl::StrAppend(&text, RenderTerminalRow(row, label_width, widths, colour), "\n");
  }
  return text;
}

std::string MarkdownCell(const TableCell &cell) {
  const std::string text = cell.cannot_tell ? absl::StrCat("_", cell.text, "_") : cell.text;
  return cell.best ? absl::StrCat("**", text, "**") : text;
}

std::string MarkdownRow(const TableRow &row) {
  std::string line = absl::StrCat("| ", row.label, " |");
  for (const TableCell &cell : row.cells) absl::StrAppend(&line, " ", MarkdownCell(cell), " |");
  return absl::StrCat(line, "\n");
}

}  // namespace

std::string FormatQuantity(double value, const std::string &unit) {
  if (unit == "ratio") return absl::StrFormat("%.2f", value);
  const double step = unit == "bytes" ? 1024 : 1000;
  std::vector<const char *> names = {"", "thousand", "million", "billion"};
  if (unit == "ns") names = {"ns", "us", "ms", "s"};
  if (unit == "bytes") names = {"B", "KiB", "MiB", "GiB"};
  size_t name = 0;
  while (value >= step && name + 1 < names.size()) {
    value /= step;
    name++;
  }
  const int decimals = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  if (unit == "count" && name == 0) return absl::StrFormat("%.0f", value);
  return absl::StrFormat("%.*f %s", decimals, value, names[name]);
}

absl::StatusOr<Report> ReadReport(const Json &result, const TableChoice &choice) {
  try {
    return ReadChecked(result, choice);
  } catch (const std::exception &error) {
    return absl::InvalidArgumentError(absl::StrCat("a damaged result file: ", error.what()));
  }
}

std::string RenderTerminal(const Report &report, bool colour) {
  std::string text;
  for (const Table &table : report.tables) {
    absl::StrAppend(&text, RenderTerminalTable(table, colour), "\n");
  }
  absl::StrAppend(&text, Legend(report),
                  "\n* best of its row, the floor left out   ~ cannot tell from ", report.baseline,
                  " (from chance, all cells considered)   - not measured\n");
  for (const std::string &note : report.notes) absl::StrAppend(&text, note, "\n");
  return text;
}

std::string RenderMarkdown(const Report &report) {
  std::string text;
  for (const Table &table : report.tables) {
    absl::StrAppend(&text, "**", table.title, "**\n\n| |");
    for (const std::string &name : table.columns) absl::StrAppend(&text, " ", name, " |");
    absl::StrAppend(&text, "\n| --- |");
    for (size_t i = 0; i < table.columns.size(); i++) absl::StrAppend(&text, " ---: |");
    absl::StrAppend(&text, "\n");
    for (const TableRow &row : table.rows) absl::StrAppend(&text, MarkdownRow(row));
    absl::StrAppend(&text, MarkdownRow(table.geomean), "\n");
  }
  absl::StrAppend(&text, Legend(report),
                  " **Best** of its row, the floor left out; _cannot tell_ from ", report.baseline,
                  ": it may be chance, all cells considered; - not measured.\n");
  for (const std::string &note : report.notes) absl::StrAppend(&text, "\n- ", note);
  if (!report.notes.empty()) absl::StrAppend(&text, "\n");
  return text;
}

}  // namespace loam::matrix
