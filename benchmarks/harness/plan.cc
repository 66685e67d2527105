#include "benchmarks/harness/plan.h"

#include <algorithm>
#include <random>
#include <utility>

namespace loam::matrix {
namespace {

// Empty where it can run. The floor never gives memory back, so what a peak
// leaves behind, and whole programs, are no work for it; nor does it bring
// blocks back to the thread that allocates.
std::string WhySkipped(const Allocator &allocator, const Workload &workload, int threads) {
  if (!workload.problem.empty()) return workload.problem;
  if (allocator.kind != AllocatorKind::kFloor) return "";
  if (workload.Family() != "micro" && workload.Family() != "threaded") {
    return "the floor runs micro and threaded workloads only";
  }
  if (workload.one_way && threads > 1) {
    return "the floor never brings blocks back to the thread that allocates";
  }
  return "";
}

Cell PlanCell(const std::vector<Allocator> &allocators, size_t allocator,
              const std::vector<Workload> &workloads, size_t workload, int threads) {
  Cell cell;
  cell.allocator = allocator;
  cell.workload = workload;
  cell.threads = threads;
  cell.message = WhySkipped(allocators[allocator], workloads[workload], threads);
  if (!cell.message.empty()) {
    cell.status = CellStatus::kSkipped;
  } else if (!allocators[allocator].problem.empty()) {
    cell.status = CellStatus::kFailed;
    cell.message = allocators[allocator].problem;
  }
  return cell;
}

// Fisher-Yates, spelt out: std::shuffle may differ between libraries.
template <typename T>
void Shuffle(std::mt19937_64 *random, std::vector<T> *items) {
  for (size_t i = items->size(); i > 1; i--) std::swap((*items)[i - 1], (*items)[(*random)() % i]);
}

std::vector<int> ThreadsOf(const Workload &workload, const std::vector<int> &threads) {
  if (workload.trace) return {workload.trace->threads};
  return workload.threaded ? threads : std::vector<int>{1};
}

}  // namespace

std::vector<std::vector<size_t>> RowsOf(const std::vector<Cell> &cells) {
  std::vector<std::vector<size_t>> rows;
  for (size_t i = 0; i < cells.size(); i++) {
    const bool same_row = i > 0 && cells[i].workload == cells[i - 1].workload &&
                          cells[i].threads == cells[i - 1].threads;
    if (!same_row) rows.emplace_back();
    rows.back().push_back(i);
  }
  return rows;
}

std::vector<Cell> PlanCells(const std::vector<Allocator> &allocators,
                            const std::vector<Workload> &workloads,
                            const std::vector<int> &threads) {
  std::vector<Cell> cells;
  for (size_t workload = 0; workload < workloads.size(); workload++) {
    for (int count : ThreadsOf(workloads[workload], threads)) {
      for (size_t allocator = 0; allocator < allocators.size(); allocator++) {
        cells.push_back(PlanCell(allocators, allocator, workloads, workload, count));
      }
    }
  }
  return cells;
}

void KeepShard(int shard_index, int shard_count, std::vector<Cell> *cells) {
  std::vector<Cell> kept;
  const std::vector<std::vector<size_t>> rows = RowsOf(*cells);
  for (size_t row = static_cast<size_t>(shard_index); row < rows.size();
       row += static_cast<size_t>(shard_count)) {
    for (size_t index : rows[row]) kept.push_back((*cells)[index]);
  }
  *cells = std::move(kept);
}

std::vector<size_t> RoundOrder(const std::vector<Cell> &cells, uint64_t seed, int round) {
  std::vector<std::vector<size_t>> rows = RowsOf(cells);
  std::seed_seq seeds = {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32),
                         static_cast<uint32_t>(round)};
  std::mt19937_64 random(seeds);
  Shuffle(&random, &rows);
  std::vector<size_t> order;
  for (std::vector<size_t> &row : rows) {
    Shuffle(&random, &row);
    order.insert(order.end(), row.begin(), row.end());
  }
  return order;
}

}  // namespace loam::matrix
