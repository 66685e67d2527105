// One sequence of calls on two allocators, side by side.

#ifndef LOAM_TESTS_DIFFERENTIAL_LOCKSTEP_H_
#define LOAM_TESTS_DIFFERENTIAL_LOCKSTEP_H_

#include <set>
#include <string>
#include <vector>

#include "common/variant/variant.h"
#include "tests/differential/call.h"
#include "tests/differential/differences.h"

namespace loam::test {

struct Comparison {
  std::vector<std::string> faults;           // differences without an excuse: the first few
  std::set<const Difference *> differences;  // those that showed
};

// After a difference the slot is emptied on both sides, so that they go on alike.
Comparison RunInLockstep(const loam_variant &variant, const loam_variant &libc,
                         const std::vector<Call> &calls);

}  // namespace loam::test

#endif  // LOAM_TESTS_DIFFERENTIAL_LOCKSTEP_H_
