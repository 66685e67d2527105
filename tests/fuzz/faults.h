// System calls of the allocators that fail by plan.

#ifndef LOAM_TESTS_FUZZ_FAULTS_H_
#define LOAM_TESTS_FUZZ_FAULTS_H_

#include <cstddef>
#include <cstdint>

namespace loam::test {

// Of the calls whose bit (1 << enum loam_os_call) is in `calls`, `skip` are made
// and then `count` fail. A count of 0 fails none.
struct FaultPlan {
  size_t skip = 0;
  size_t count = 0;
  uint32_t calls = 0;
};

// Takes the place of the plan before it. One plan holds for the whole process.
void SetFaults(const FaultPlan &plan);

inline void ClearFaults() { SetFaults({}); }

// Whether any call has failed by plan since the last time this was asked.
bool TakeFaultInjected();

}  // namespace loam::test

#endif  // LOAM_TESTS_FUZZ_FAULTS_H_
