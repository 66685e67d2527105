// The plan in the replay's memory, resident before the work begins.

#ifndef LOAM_BENCHMARKS_TRACE_REPLAY_MAPPED_PLAN_H_
#define LOAM_BENCHMARKS_TRACE_REPLAY_MAPPED_PLAN_H_

#include "benchmarks/trace/replay/plan.h"

namespace loam::trace {

// Never unmapped. Pointers into one stretch of memory; see PlanHeader.
struct MappedPlan {
  const PlanHeader *header = nullptr;
  const PlanThread *threads = nullptr;
  const PlanLane *lanes = nullptr;
  const Checkpoint *checkpoints = nullptr;
  const uint64_t *epoch_ends = nullptr;
  const Operation *operations = nullptr;
  const Operation *leftovers = nullptr;
};

// False, with errno or 0, where the file cannot be read or is no plan.
bool MapPlan(const char *path, MappedPlan *plan);

}  // namespace loam::trace

#endif  // LOAM_BENCHMARKS_TRACE_REPLAY_MAPPED_PLAN_H_
