// Replays a plan: its threads, in its order.

#ifndef LOAM_BENCHMARKS_TRACE_REPLAY_PLAYER_H_
#define LOAM_BENCHMARKS_TRACE_REPLAY_PLAYER_H_

#include <pthread.h>

#include <cstdint>

#include "benchmarks/cell/scratch.h"
#include "benchmarks/cell/stopwatch.h"
#include "benchmarks/trace/replay/gate.h"
#include "benchmarks/trace/replay/mapped_plan.h"
#include "benchmarks/trace/replay/slot_table.h"

namespace loam::trace {

class Player {
 public:
  // All the memory that the replay itself needs is resident afterwards.
  explicit Player(const MappedPlan &plan);

  // Does the whole trace once, with the stopwatch running, and then frees what is
  // live, with it stopped. Ends the process as failed where a block is broken, or
  // where other bytes are live at a checkpoint than when it was recorded.
  void Play(bool takes_samples, cell::Stopwatch *stopwatch);

  // What was resident at each checkpoint, as of the pass that took samples.
  const int64_t *resident_bytes() { return resident_bytes_.begin(); }
  // As the operations added up, not as the plan says.
  int64_t peak_live_bytes() const { return peak_live_bytes_; }

 private:
  struct alignas(128) Lane {
    Player *player;
    int64_t live_bytes;      // what its threads took, less what they gave back
    pthread_t last_started;  // of its threads
    uint32_t next_thread;    // to be started
    uint32_t from_epoch;     // of that one
    bool joins;              // that one waits for the end of last_started
  };

  static void *RunThread(void *lane);
  void StartThread(Lane *lane);
  void Run(Lane *lane, const PlanThread &thread, uint32_t epoch);
  void RunLane(Lane *lane);
  void EndEpoch(uint32_t epoch, bool takes_samples, cell::Stopwatch *stopwatch);

  MappedPlan plan_;
  SlotTable slots_;
  cell::Scratch<Lane> lanes_;
  cell::Scratch<int64_t> resident_bytes_;
  Gate gate_;
  pthread_attr_t attributes_;
  int64_t peak_live_bytes_ = 0;
};

}  // namespace loam::trace

#endif  // LOAM_BENCHMARKS_TRACE_REPLAY_PLAYER_H_
