// A comb: many small blocks, every other one freed, then larger ones asked
// for, which fit none of the holes.

#include "benchmarks/cell/blocks.h"
#include "benchmarks/cell/resident.h"
#include "benchmarks/cell/scratch.h"
#include "benchmarks/cell/sizes.h"
#include "benchmarks/workloads/workloads.h"

namespace loam::cell {
namespace {

constexpr size_t kTeeth = 300'000;
constexpr size_t kLow = 32;
constexpr size_t kHigh = 160;
constexpr size_t kLargerCount = 36'000;
constexpr size_t kLarger = 400;  // over two neighbouring teeth

void Run(const Settings &settings, Outcome *outcome) {
  SizeTable sizes;
  SizeTable::FillLogUniform(kLow, kHigh, settings.seed, &sizes);
  Scratch<void *> teeth(kTeeth);
  Scratch<void *> larger(kLargerCount);
  LiveBytes live;
  outcome->stopwatch.Start();
  for (size_t i = 0; i < kTeeth; i++) teeth[i] = Take(sizes.At(i), &live);
  for (size_t i = 0; i < kTeeth; i += 2) Give(teeth[i], &live);
  outcome->stopwatch.Stop();

  outcome->trough_rss_bytes = ResidentBytes();
  outcome->trough_live_bytes = live.now();

  outcome->stopwatch.Start();
  for (void *&block : larger) block = Take(kLarger, &live);
  for (size_t i = 1; i < kTeeth; i += 2) Give(teeth[i], &live);
  for (void *block : larger) Give(block, &live);
  outcome->stopwatch.Stop();
  outcome->operations = static_cast<int64_t>(kTeeth + kLargerCount);
  outcome->live_peak_bytes = live.peak();
}

}  // namespace

const Workload kMemoryComb = {
    "memory/comb", "fragmentation: half of the memory free, in holes that are too small",
    "a long-running program whose object sizes change with its load", false, Run};

}  // namespace loam::cell
