// Which cells are measured, and in which order.

#ifndef LOAM_BENCHMARKS_HARNESS_PLAN_H_
#define LOAM_BENCHMARKS_HARNESS_PLAN_H_

#include <cstdint>
#include <vector>

#include "benchmarks/harness/model.h"

namespace loam::matrix {

// A cell for each allocator and each (workload, threads); a workload that is
// not threaded has one thread, and a trace those that were recorded. What cannot
// run is marked as skipped, with why.
std::vector<Cell> PlanCells(const std::vector<Allocator> &allocators,
                            const std::vector<Workload> &workloads,
                            const std::vector<int> &threads);

// The indices of the cells of each row, in order.
std::vector<std::vector<size_t>> RowsOf(const std::vector<Cell> &cells);

// Keeps the rows of one shard: every shard_count-th. A row stays whole, so that
// its ratios are of one machine.
void KeepShard(int shard_index, int shard_count, std::vector<Cell> *cells);

// The order of one round: the rows shuffled, and within a row its allocators,
// which run one after the other so that a drift of the machine falls on all
// alike. The same seed and round give the same order.
std::vector<size_t> RoundOrder(const std::vector<Cell> &cells, uint64_t seed, int round);

}  // namespace loam::matrix

#endif  // LOAM_BENCHMARKS_HARNESS_PLAN_H_
