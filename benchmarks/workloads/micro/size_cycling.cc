// malloc and free of one block at a time, as micro/pair does, but of another
// size with each call: from 16 bytes to 1 KiB, without a pattern that a branch
// predictor could learn. What a size costs to be sorted into its class shows.

#include "benchmarks/cell/blocks.h"
#include "benchmarks/cell/sizes.h"
#include "benchmarks/workloads/workloads.h"

namespace loam::cell {
namespace {

constexpr int64_t kPairs = 6'000'000;
constexpr size_t kLow = 16;
constexpr size_t kHigh = 1024;

void Run(const Settings &settings, Outcome *outcome) {
  SizeTable sizes;
  SizeTable::FillLogUniform(kLow, kHigh, settings.seed, &sizes);
  Random random(settings.seed);
  outcome->stopwatch.Start();
  for (int64_t i = 0; i < kPairs; i++) Give(Take(sizes.Draw(&random)));
  outcome->stopwatch.Stop();
  outcome->operations = kPairs;
  outcome->live_peak_bytes = kHigh;
}

}  // namespace

const Workload kMicroSizeCycling = {"micro/size_cycling",
                                    "the fast path when each call has another size class",
                                    "temporaries of all sizes, one after the other", false, Run};

}  // namespace loam::cell
