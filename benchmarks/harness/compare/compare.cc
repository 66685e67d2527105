#include "benchmarks/harness/compare/compare.h"

#include <algorithm>
#include <map>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "benchmarks/harness/result_json.h"
#include "benchmarks/harness/summary.h"

namespace loam::matrix {
namespace {

using Json = nlohmann::ordered_json;
using CellsByName = std::map<std::string, const Cell *>;

CellsByName CellsOf(const Matrix &matrix) {
  CellsByName cells;
  for (const Cell &cell : matrix.cells) cells[CellName(matrix, cell)] = &cell;
  return cells;
}

bool SameBaseline(const Matrix &before, const Matrix &after) {
  const Allocator &one = before.allocators[before.baseline];
  const Allocator &other = after.allocators[after.baseline];
  return one.name == other.name && one.sha256 == other.sha256 && !one.sha256.empty();
}

// The cell of the baseline in the same row; null if there is none that ran.
const Cell *BaselineOf(const Matrix &matrix, const Cell &cell, const CellsByName &cells) {
  Cell baseline;
  baseline.allocator = matrix.baseline;
  baseline.workload = cell.workload;
  baseline.threads = cell.threads;
  const auto found = cells.find(CellName(matrix, baseline));
  return found != cells.end() && found->second->status == CellStatus::kOk ? found->second : nullptr;
}

// A cell's values, each divided by the baseline's of its round if there is one.
std::vector<double> ValuesOf(const Cell &cell, const Cell *baseline, const Metric &metric) {
  std::map<int, double> by_round;
  if (baseline != nullptr) {
    for (const Repetition &repetition : baseline->repetitions) {
      if (const auto value = metric.of(repetition)) by_round[repetition.round] = *value;
    }
  }
  std::vector<double> values;
  for (const Repetition &repetition : cell.repetitions) {
    const std::optional<double> value = metric.of(repetition);
    if (!value || *value <= 0) continue;
    if (baseline == nullptr) {
      values.push_back(*value);
    } else if (const auto other = by_round.find(repetition.round);
               other != by_round.end() && other->second > 0) {
      values.push_back(*value / other->second);
    }
  }
  return values;
}

// A cell that is in both results and ran in both.
struct Pair {
  std::string name;
  const Cell *before;
  const Cell *after;
  const Cell *baseline_before = nullptr;  // both or neither
  const Cell *baseline_after = nullptr;
};

class Comparer {
 public:
  Comparer(const Result &before, const Result &after)
      : before_(before.matrix),
        after_(after.matrix),
        same_baseline_(SameBaseline(before.matrix, after.matrix)) {}

  Differences Run() {
    FindPairs();
    for (const Metric &metric : Metrics()) {
      if (metric.is_detail) continue;  // no reason to call anything better or worse
      MetricDifferences found = CompareMetric(metric, pairs_);
      if (!found.cells.empty()) differences_.metrics.push_back(std::move(found));
    }
    NoteTheBaseline();
    return std::move(differences_);
  }

 private:
  void FindPairs() {
    const CellsByName before_cells = CellsOf(before_);
    const CellsByName after_cells = CellsOf(after_);
    size_t other_work = 0;
    size_t unmatched = 0;
    for (const Cell &cell : after_.cells) {
      const std::string name = CellName(after_, cell);
      const auto earlier = before_cells.find(name);
      if (earlier == before_cells.end()) {
        unmatched++;
        continue;
      }
      if (earlier->second->status != CellStatus::kOk) continue;
      if (cell.status != CellStatus::kOk) {
        if (cell.status != CellStatus::kSkipped) {
          differences_.broken.push_back(absl::StrCat(name, ": ", cell.message));
        }
        continue;
      }
      if (earlier->second->repetitions.empty() || cell.repetitions.empty()) continue;
      if (earlier->second->repetitions[0].operations != cell.repetitions[0].operations) {
        other_work++;
        continue;
      }
      Pair pair = {name, earlier->second, &cell};
      const Cell *baseline_before = BaselineOf(before_, *pair.before, before_cells);
      const Cell *baseline_after = BaselineOf(after_, cell, after_cells);
      if (same_baseline_ && baseline_before != nullptr && baseline_after != nullptr) {
        pair.baseline_before = baseline_before;
        pair.baseline_after = baseline_after;
      }
      const bool is_baseline = same_baseline_ && cell.allocator == after_.baseline;
      (is_baseline ? baseline_pairs_ : pairs_).push_back(pair);
    }
    if (other_work > 0)
      Note(absl::StrCat(other_work, " cells are left out: their work is another"));
    if (unmatched > 0) Note(absl::StrCat(unmatched, " cells are only in the second result"));
    if (!same_baseline_) {
      Note(
          "the baselines are different libraries: values are compared as they are, and a change "
          "of the machine shows as one of the allocators");
    }
  }

  static MetricDifferences CompareMetric(const Metric &metric, const std::vector<Pair> &pairs) {
    constexpr uint64_t kSeed = 1;
    MetricDifferences found;
    found.title = metric.title;
    std::vector<statistics::Comparison> comparisons;
    for (const Pair &pair : pairs) {
      const std::vector<double> before = ValuesOf(*pair.before, pair.baseline_before, metric);
      const std::vector<double> after = ValuesOf(*pair.after, pair.baseline_after, metric);
      if (before.empty() || after.empty()) continue;
      comparisons.push_back(statistics::CompareUnpaired(after, before, kSeed));
      found.cells.push_back({pair.name, comparisons.back(), {}});
    }
    const std::vector<statistics::Judgement> judgements = statistics::Judge(comparisons);
    for (size_t i = 0; i < judgements.size(); i++) found.cells[i].judgement = judgements[i];
    return found;
  }

  // The baseline is the same library: what became of it is the machine's doing.
  void NoteTheBaseline() {
    std::vector<Pair> pairs = baseline_pairs_;
    for (Pair &pair : pairs) pair.baseline_before = pair.baseline_after = nullptr;
    const MetricDifferences time = CompareMetric(Metrics()[0], pairs);
    std::vector<double> ratios;
    for (const CellDifference &cell : time.cells) {
      if (cell.judgement.verdict != statistics::Verdict::kCannotTell) {
        ratios.push_back(cell.comparison.ratio);
      }
    }
    if (ratios.empty()) return;
    Note(absl::StrFormat(
        "%s, the same library in both, took another time in %d of %d cells (%.2f times, in the "
        "middle): the machine was not the same, and only ratios to it are compared",
        after_.allocators[after_.baseline].name, ratios.size(), time.cells.size(),
        statistics::Median(ratios)));
  }

  void Note(const std::string &line) { differences_.notes.push_back(line); }

  const Matrix &before_;
  const Matrix &after_;
  const bool same_baseline_;
  std::vector<Pair> pairs_;
  std::vector<Pair> baseline_pairs_;
  Differences differences_;
};

// The machines that a result's cells were measured on.
std::string MachinesOf(const Json &context) {
  if (!context.contains("machines")) return context.at("host_name").dump();
  std::vector<std::string> names;
  for (const Json &machine : context.at("machines"))
    names.push_back(machine.at("host_name").dump());
  return absl::StrJoin(names, ", ");
}

// What does not forbid a comparison, but may explain a difference.
void NoteContext(const Json &before, const Json &after, Differences *differences) {
  for (const char *key : {"kernel", "cpu_governor", "transparent_huge_pages", "libc", "compiler",
                          "compilation_mode", "cell_flags", "allocator_environment"}) {
    const Json was = before.value(key, Json());
    const Json is = after.value(key, Json());
    if (was == is) continue;
    differences->notes.push_back(
        absl::StrCat(key, ": ", was.dump(), " before, ", is.dump(), " after"));
  }
  for (const auto &[name, context] : {std::pair("first", &before), std::pair("second", &after)}) {
    if (context->at("complete") == true) continue;
    differences->notes.push_back(
        absl::StrCat("the ", name, " result is of a run that was interrupted"));
  }
}

bool HasRepetitions(const Matrix &matrix) {
  return std::any_of(matrix.cells.begin(), matrix.cells.end(),
                     [](const Cell &cell) { return !cell.repetitions.empty(); });
}

}  // namespace

size_t MetricDifferences::Count(statistics::Verdict verdict) const {
  return static_cast<size_t>(std::count_if(
      cells.begin(), cells.end(),
      [verdict](const CellDifference &cell) { return cell.judgement.verdict == verdict; }));
}

bool Differences::HasRegression() const {
  return !broken.empty() ||
         std::any_of(metrics.begin(), metrics.end(), [](const MetricDifferences &metric) {
           return metric.Count(statistics::Verdict::kMore) > 0;
         });
}

absl::Status CheckComparable(const Json &before, const Json &after) {
  const std::string machines_before = MachinesOf(before);
  const std::string machines_after = MachinesOf(after);
  if (machines_before != machines_after || before.at("cpu_model") != after.at("cpu_model")) {
    return absl::FailedPreconditionError(
        absl::StrCat("the results are of different machines (", machines_before, " and ",
                     machines_after, "): a difference would say nothing of the allocators"));
  }
  if (before.at("seed") != after.at("seed")) {
    return absl::FailedPreconditionError(absl::StrCat("the results are of different work (seed ",
                                                      before.at("seed").dump(), " and ",
                                                      after.at("seed").dump(), ")"));
  }
  return absl::OkStatus();
}

absl::StatusOr<Differences> Compare(const Result &before, const Result &after) {
  const absl::Status comparable = CheckComparable(before.context, after.context);
  if (!comparable.ok()) return comparable;
  if (!HasRepetitions(before.matrix) || !HasRepetitions(after.matrix)) {
    return absl::FailedPreconditionError("a result without its repetitions cannot be compared");
  }
  Differences differences = Comparer(before, after).Run();
  if (differences.metrics.empty() && differences.broken.empty()) {
    return absl::FailedPreconditionError("the results have no cell in common");
  }
  NoteContext(before.context, after.context, &differences);
  return differences;
}

}  // namespace loam::matrix
