// Phases, each with sizes of its own, that ask for the same amount of memory:
// in each, random blocks of earlier phases give way to new ones, and a few stay.
// What one phase freed is of use to the next one only where blocks can be cut
// and merged, or their pages given back. Resident memory is noted at the end of
// each phase. At last most of what is left is freed.

#include <utility>

#include "benchmarks/cell/blocks.h"
#include "benchmarks/cell/scratch.h"
#include "benchmarks/cell/sizes.h"
#include "benchmarks/cell/trough.h"
#include "benchmarks/workloads/workloads.h"

namespace loam::cell {
namespace {

struct Mix {
  size_t low;
  size_t high;
};

constexpr Mix kPhases[] = {{48, 128},   {1024, 8192}, {128, 384}, {16 * 1024, 128 * 1024},
                           {384, 1024}, {64, 4096}};
constexpr int64_t kLiveBytes = int64_t{12} << 20;
constexpr int64_t kBytesPerPhase = 3 * kLiveBytes;  // so that 1 of 20 of the old blocks stays
constexpr size_t kMostBlocks = kLiveBytes / 48;     // of the smallest size
constexpr size_t kKeepEvery = 64;

class Program {
 public:
  explicit Program(uint64_t seed) : seed_(seed), random_(seed) {}

  void RunPhase(const Mix &mix) {
    SizeTable sizes;
    SizeTable::FillLogUniform(mix.low, mix.high, seed_, &sizes);
    for (int64_t taken_bytes = 0; taken_bytes < kBytesPerPhase;) {
      const size_t size = sizes.Draw(&random_);
      while (live_.now() + static_cast<int64_t>(size) > kLiveBytes) GiveRandom();
      blocks_[count_++] = Take(size, &live_);
      taken_bytes += static_cast<int64_t>(size);
      operations_++;
    }
  }

  // All but one block of kKeepEvery.
  void GiveMost() {
    for (size_t keep = count_ / kKeepEvery; count_ > keep;) GiveRandom();
  }

  void GiveAll() {
    while (count_ > 0) GiveRandom();
  }

  int64_t operations() const { return operations_; }
  const LiveBytes &live() const { return live_; }

 private:
  void GiveRandom() {
    std::swap(blocks_[random_.Below(count_)], blocks_[count_ - 1]);
    Give(blocks_[--count_], &live_);
  }

  uint64_t seed_;
  Random random_;
  Scratch<void *> blocks_{kMostBlocks};
  size_t count_ = 0;
  LiveBytes live_;
  int64_t operations_ = 0;
};

void Run(const Settings &settings, Outcome *outcome) {
  Program program(settings.seed);
  for (const Mix &mix : kPhases) {
    outcome->stopwatch.Start();
    program.RunPhase(mix);
    outcome->stopwatch.Stop();
    NotePoint(program.live(), outcome);
  }
  outcome->stopwatch.Start();
  program.GiveMost();
  outcome->stopwatch.Stop();
  ReadTrough(settings, program.live(), outcome);
  program.GiveAll();
  outcome->operations = program.operations();
  outcome->live_peak_bytes = program.live().peak();
}

}  // namespace

const Workload kMemoryPhases = {
    "memory/phases", "using again, for other sizes, what was freed; resident memory by phase",
    "a build, a game or a server that goes from one kind of work to the next", false, Run};

}  // namespace loam::cell
