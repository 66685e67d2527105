// Where the replay keeps each block: which slot, and whose turn it is.

#ifndef LOAM_BENCHMARKS_TRACE_REPLAY_SLOTS_H_
#define LOAM_BENCHMARKS_TRACE_REPLAY_SLOTS_H_

#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "benchmarks/trace/replay/facts.h"
#include "benchmarks/trace/replay/plan.h"

namespace loam::trace {

// A block that one thread alone uses has a slot of that thread's, which the
// thread uses again once the block is freed: the slots are as many as blocks are
// live, and no thread touches another's. A block that several threads use has a
// slot that no other block ever has, and its operations are counted, so that each
// can wait for the one before.
class Slots {
 public:
  explicit Slots(const Facts &facts) : facts_(facts), live_(facts.user.size()) {}

  // Operations with slot, turn and action set; Make leaves the action open.
  Operation Make(uint64_t chain, uint32_t thread);
  Operation Resize(uint64_t chain);
  Operation Free(uint64_t chain, uint32_t thread);

  // Chains that were made and not freed, in that order.
  std::vector<uint64_t> StillLive() const;

  uint64_t own_count() const { return own_count_; }
  uint64_t shared_count() const { return shared_count_; }

 private:
  struct Live {
    uint32_t slot_plus_1 = 0;
    uint32_t next_turn = 0;
  };

  bool IsShared(uint64_t chain) const { return facts_.user[chain] == kNoThread; }
  Operation Next(uint64_t chain, Action action);

  const Facts &facts_;
  std::vector<Live> live_;                                       // by chain
  absl::flat_hash_map<uint32_t, std::vector<uint32_t>> unused_;  // slots, by thread
  uint32_t own_count_ = 0;
  uint32_t shared_count_ = 0;
};

}  // namespace loam::trace

#endif  // LOAM_BENCHMARKS_TRACE_REPLAY_SLOTS_H_
