#include "benchmarks/harness/plan.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace loam::matrix {
namespace {

Allocator MakeAllocator(const std::string &name, AllocatorKind kind) {
  Allocator allocator;
  allocator.name = name;
  allocator.kind = kind;
  return allocator;
}

Workload MakeWorkload(const std::string &name, bool threaded) {
  Workload workload;
  workload.name = name;
  workload.threaded = threaded;
  return workload;
}

const std::vector<Allocator> kAllocators = {MakeAllocator("glibc", AllocatorKind::kSystem),
                                            MakeAllocator("peer", AllocatorKind::kPeer),
                                            MakeAllocator("floor", AllocatorKind::kFloor)};
const std::vector<Workload> kWorkloads = {MakeWorkload("micro/pair", false),
                                          MakeWorkload("threaded/server", true),
                                          MakeWorkload("memory/comb", false)};

TEST(PlanCellsTest, HasThreadCountsForThreadedWorkloadsOnly) {
  const std::vector<Cell> cells = PlanCells(kAllocators, kWorkloads, {1, 4});
  ASSERT_EQ(cells.size(), 4 * kAllocators.size());
  EXPECT_EQ(cells[0].threads, 1);
  EXPECT_EQ(cells[3].threads, 1);
  EXPECT_EQ(cells[6].threads, 4);
  EXPECT_EQ(cells[9].threads, 1);
}

TEST(PlanCellsTest, KeepsTheFloorToWhatItCanDo) {
  for (const Cell &cell : PlanCells(kAllocators, kWorkloads, {2})) {
    const bool no_work_for_it = kAllocators[cell.allocator].name == "floor" && cell.workload == 2;
    EXPECT_EQ(cell.status, no_work_for_it ? CellStatus::kSkipped : CellStatus::kOk);
    EXPECT_EQ(cell.message.empty(), !no_work_for_it);
  }
}

TEST(PlanCellsTest, TheFloorMovesNothingBetweenThreads) {
  std::vector<Workload> workloads = {MakeWorkload("threaded/hand_over", true)};
  workloads[0].one_way = true;
  for (const Cell &cell : PlanCells(kAllocators, workloads, {1, 2})) {
    const bool skipped = kAllocators[cell.allocator].name == "floor" && cell.threads == 2;
    EXPECT_EQ(cell.status, skipped ? CellStatus::kSkipped : CellStatus::kOk);
  }
}

TEST(PlanCellsTest, SaysWhyACellCannotRun) {
  std::vector<Allocator> allocators = kAllocators;
  allocators[1].problem = "broken";
  std::vector<Workload> workloads = kWorkloads;
  workloads[0].problem = "not installed";
  const std::vector<Cell> cells = PlanCells(allocators, workloads, {1});
  EXPECT_EQ(cells[0].status, CellStatus::kSkipped);
  EXPECT_EQ(cells[0].message, "not installed");
  EXPECT_EQ(cells[4].status, CellStatus::kFailed);
  EXPECT_EQ(cells[4].message, "broken");
}

TEST(KeepShardTest, ShardsHaveEveryRowOnceAndWhole) {
  const std::vector<Cell> all = PlanCells(kAllocators, kWorkloads, {1, 2, 4});
  size_t cells = 0;
  for (int shard = 0; shard < 3; shard++) {
    std::vector<Cell> kept = all;
    KeepShard(shard, 3, &kept);
    cells += kept.size();
    for (const std::vector<size_t> &row : RowsOf(kept)) {
      EXPECT_EQ(row.size(), kAllocators.size());
    }
    EXPECT_EQ(kept[0].workload, all[kAllocators.size() * static_cast<size_t>(shard)].workload);
  }
  EXPECT_EQ(cells, all.size());
}

TEST(KeepShardTest, AShardMayBeEmpty) {
  std::vector<Cell> cells = PlanCells(kAllocators, kWorkloads, {1});
  KeepShard(5, 6, &cells);
  EXPECT_TRUE(cells.empty());
}

TEST(RoundOrderTest, RunsEachCellOnce) {
  const std::vector<Cell> cells = PlanCells(kAllocators, kWorkloads, {1, 2});
  std::vector<size_t> order = RoundOrder(cells, 5, 3);
  std::sort(order.begin(), order.end());
  ASSERT_EQ(order.size(), cells.size());
  for (size_t i = 0; i < order.size(); i++) EXPECT_EQ(order[i], i);
}

TEST(RoundOrderTest, KeepsARowTogether) {
  const std::vector<Cell> cells = PlanCells(kAllocators, kWorkloads, {1, 2});
  const std::vector<size_t> order = RoundOrder(cells, 5, 3);
  for (size_t i = 0; i < order.size(); i++) {
    const Cell &first = cells[order[i - i % kAllocators.size()]];
    EXPECT_EQ(cells[order[i]].workload, first.workload);
    EXPECT_EQ(cells[order[i]].threads, first.threads);
  }
}

TEST(RoundOrderTest, IsTheSameForASeedAndChangesWithTheRound) {
  const std::vector<Cell> cells = PlanCells(kAllocators, kWorkloads, {1, 2, 4});
  EXPECT_EQ(RoundOrder(cells, 5, 3), RoundOrder(cells, 5, 3));
  EXPECT_NE(RoundOrder(cells, 5, 3), RoundOrder(cells, 5, 4));
  EXPECT_NE(RoundOrder(cells, 5, 3), RoundOrder(cells, 6, 3));
}

}  // namespace
}  // namespace loam::matrix
