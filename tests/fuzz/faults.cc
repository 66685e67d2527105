#include "tests/fuzz/faults.h"

#include "common/os/os.h"

namespace loam::test {
namespace {

// Plain: one thread of a program runs at a time, and hands over under a mutex.
FaultPlan current;
bool injected;

bool FailByPlan(enum loam_os_call call, size_t) {
  if (current.count == 0 || (current.calls & 1u << call) == 0) return false;
  if (current.skip != 0) {
    --current.skip;
    return false;
  }
  --current.count;
  injected = true;
  return true;
}

}  // namespace

void SetFaults(const FaultPlan &plan) {
  current = plan;
  injected = false;
  loam_os_set_fault_hook(plan.count == 0 ? nullptr : FailByPlan);
}

bool TakeFaultInjected() {
  const bool taken = injected;
  injected = false;
  return taken;
}

}  // namespace loam::test
