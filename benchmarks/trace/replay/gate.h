// Where all lanes meet at a checkpoint.

#ifndef LOAM_BENCHMARKS_TRACE_REPLAY_GATE_H_
#define LOAM_BENCHMARKS_TRACE_REPLAY_GATE_H_

#include <atomic>
#include <cstdint>

namespace loam::trace {

// Lanes arrive, the main thread awaits them, does what it has to do while nobody
// runs, and opens the gate for the next epoch. No memory is allocated.
class Gate {
 public:
  // Main: before lanes of a pass start.
  void Reset();

  // A lane: has done the current epoch. What it wrote before is seen by main.
  void Arrive();
  // A lane: waits until `epoch` has begun.
  void AwaitEpoch(uint32_t epoch);

  // Main: waits until so many arrived.
  void AwaitArrivals(uint32_t lanes);
  // Main: begins the next epoch. Call it after AwaitArrivals.
  void Open(uint32_t epoch);

 private:
  alignas(64) std::atomic<uint32_t> arrived_{0};
  alignas(64) std::atomic<uint32_t> epoch_{0};
};

}  // namespace loam::trace

#endif  // LOAM_BENCHMARKS_TRACE_REPLAY_GATE_H_
