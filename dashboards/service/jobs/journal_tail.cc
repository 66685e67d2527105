#include "dashboards/service/jobs/journal_tail.h"

#include <algorithm>
#include <exception>
#include <fstream>
#include <sstream>

#include "absl/strings/numbers.h"

namespace loam::dashboards {
namespace {

using nlohmann::json;

double MedianOf(std::vector<double> values) {
  const size_t half = values.size() / 2;
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(half),
                   values.end());
  if (values.size() % 2 == 1) return values[half];
  return (values[half] +
          *std::max_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(half))) /
         2;
}

}  // namespace

void JournalTail::Read() {
  std::ifstream file(path_, std::ios::binary);
  if (!file) return;  // not begun yet, or over
  file.seekg(static_cast<std::streamoff>(offset_));
  std::ostringstream rest;
  rest << file.rdbuf();
  const std::string text = rest.str();
  size_t start = 0;
  for (size_t end; (end = text.find('\n', start)) != std::string::npos; start = end + 1) {
    try {
      ReadLine(text.substr(start, end - start));
    } catch (const std::exception &) {
      // A line of a later version, or damage that the matrix will tell of.
    }
  }
  offset_ += start;
}

void JournalTail::ReadLine(const std::string &text) {
  const json line = json::parse(text);
  if (line.contains("plan")) return ReadPlan(line.at("plan"));
  const auto found = index_.find(line.value("cell", ""));
  if (found == index_.end()) return;
  Cell &cell = cells_[found->second];
  if (line.contains("status")) {
    cell.failure = line.at("status");
    return;
  }
  const json &repetition = line.at("repetition");
  const double operations = repetition.at("iterations");
  cell.wall_ns.push_back(repetition.at("work_wall_ns").get<double>() / std::max(operations, 1.0));
  first_round_is_over_ = first_round_is_over_ || repetition.at("round").get<int>() > 0;
}

void JournalTail::ReadPlan(const json &plan) {
  constexpr char kThreads[] = "/threads:";
  rounds_ = plan.at("rounds");
  cells_.clear();
  index_.clear();
  for (const json &entry : plan.at("cells")) {
    const std::string name = entry;
    const size_t allocator_end = name.find('/');
    const size_t workload_end = name.rfind(kThreads);
    if (allocator_end == std::string::npos || workload_end == std::string::npos ||
        workload_end <= allocator_end) {
      continue;
    }
    Cell cell;
    cell.allocator = name.substr(0, allocator_end);
    cell.workload = name.substr(allocator_end + 1, workload_end - allocator_end - 1);
    (void)absl::SimpleAtoi(name.substr(workload_end + sizeof kThreads - 1), &cell.threads);
    index_[name] = cells_.size();
    cells_.push_back(std::move(cell));
  }
}

// The journal does not say which cells cannot run; but a second round begins only
// once all that can have been run.
bool JournalTail::IsSkipped(const Cell &cell) const {
  return first_round_is_over_ && cell.wall_ns.empty() && cell.failure.empty();
}

int64_t JournalTail::Done() const {
  int64_t done = 0;
  for (const Cell &cell : cells_) done += static_cast<int64_t>(cell.wall_ns.size());
  return done;
}

int64_t JournalTail::Total() const {
  int64_t total = 0;
  for (const Cell &cell : cells_) {
    if (IsSkipped(cell)) continue;
    // One that failed will not run again.
    total += cell.failure.empty() ? rounds_ : static_cast<int64_t>(cell.wall_ns.size());
  }
  return total;
}

json JournalTail::Cells() const {
  json cells = json::array();
  for (const Cell &cell : cells_) {
    const auto repetitions = static_cast<int64_t>(cell.wall_ns.size());
    std::string status = cell.failure;
    if (status.empty()) {
      status = IsSkipped(cell)         ? "skipped"
               : repetitions == 0      ? "pending"
               : repetitions < rounds_ ? "running"
                                       : "ok";
    }
    cells.push_back({{"allocator", cell.allocator},
                     {"workload", cell.workload},
                     {"threads", cell.threads},
                     {"status", status},
                     {"median_ns", repetitions == 0 ? json() : json(MedianOf(cell.wall_ns))},
                     {"repetitions", repetitions}});
  }
  return cells;
}

}  // namespace loam::dashboards
