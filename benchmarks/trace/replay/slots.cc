#include "benchmarks/trace/replay/slots.h"

namespace loam::trace {

Operation Slots::Next(uint64_t chain, Action action) {
  Live &live = live_[chain];
  Operation operation = {};
  operation.slot = live.slot_plus_1 - 1;
  operation.turn = live.next_turn++;
  operation.action = action;
  operation.shared = IsShared(chain) ? 1 : 0;
  return operation;
}

Operation Slots::Make(uint64_t chain, uint32_t thread) {
  uint32_t slot;
  std::vector<uint32_t> &unused = unused_[thread];
  if (IsShared(chain)) {
    slot = shared_count_++;
  } else if (unused.empty()) {
    slot = own_count_++;
  } else {
    slot = unused.back();
    unused.pop_back();
  }
  live_[chain].slot_plus_1 = slot + 1;
  return Next(chain, Action::kMalloc);
}

Operation Slots::Resize(uint64_t chain) { return Next(chain, Action::kRealloc); }

Operation Slots::Free(uint64_t chain, uint32_t thread) {
  const Operation operation = Next(chain, Action::kFree);
  if (!IsShared(chain)) unused_[thread].push_back(operation.slot);
  live_[chain].slot_plus_1 = 0;
  return operation;
}

std::vector<uint64_t> Slots::StillLive() const {
  std::vector<uint64_t> chains;
  for (uint64_t chain = 0; chain < live_.size(); chain++) {
    if (live_[chain].slot_plus_1 != 0) chains.push_back(chain);
  }
  return chains;
}

}  // namespace loam::trace
