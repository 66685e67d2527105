// The life of a thread in a stress run: it takes over what another one left,
// makes, resizes, hands around and frees blocks for a while, and ends, with
// blocks of its own left behind.

#ifndef LOAM_TESTS_STRESS_WORKER_H_
#define LOAM_TESTS_STRESS_WORKER_H_

#include <cstdint>
#include <vector>

#include "tests/stress/world.h"
#include "tests/support/random.h"

namespace loam::test {

class Worker {
 public:
  Worker(World *world, uint64_t seed) : world_(world), random_(seed) {}

  // The whole life.
  void Run();

  // Forks now and then, as its only work, until the world stops: the child uses
  // the allocator while this process's other threads are in the midst of it.
  void RunForks();

 private:
  void Step(Parcel *parcel);
  void StepOfAll();

  // Makes blocks that a thread of its own, started for it, frees at the same time.
  void FeedAConsumer();

  void Fork();

  World *const world_;
  Random random_;
  std::vector<Parcel> parcels_;
};

}  // namespace loam::test

#endif  // LOAM_TESTS_STRESS_WORKER_H_
