// Threads that live shortly: each gives back what its predecessor left behind,
// allocates blocks of its own, gives back every other one, and ends, leaving
// the rest to its successor. As many are alive at a time as the cell says;
// here a single one is a thread too, besides the main thread, which only waits.

#include "benchmarks/cell/blocks.h"
#include "benchmarks/cell/scratch.h"
#include "benchmarks/cell/sizes.h"
#include "benchmarks/cell/threads.h"
#include "benchmarks/workloads/workloads.h"

namespace loam::cell {
namespace {

constexpr int64_t kThreads = 1000;       // one after the other, of all chains together
constexpr size_t kBlocksOfThread = 500;  // about 120 KiB
constexpr size_t kLow = 16;
constexpr size_t kHigh = 1024;

// A chain of threads, of which one is alive at a time.
struct alignas(128) Chain {
  SizeTable *sizes;
  uint64_t seed;
  int64_t threads;                // that are still to come
  void *blocks[kBlocksOfThread];  // what the last one left
  int64_t live_bytes;             // of those
  int64_t live_peak_bytes;
};

// The life of one thread.
void Live(Chain *chain) {
  if (chain->threads == 0) return;
  chain->threads--;
  Random random(chain->seed++);
  LiveBytes live;
  for (void *&block : chain->blocks) {
    void *inherited = block;
    block = Take(chain->sizes->Draw(&random), &live);
    if (inherited != nullptr) Give(inherited, &live);
  }
  for (size_t i = 0; i < kBlocksOfThread; i += 2) {
    Give(chain->blocks[i], &live);
    chain->blocks[i] = nullptr;
  }
  const int64_t peak_bytes = chain->live_bytes + live.peak();
  if (peak_bytes > chain->live_peak_bytes) chain->live_peak_bytes = peak_bytes;
  chain->live_bytes += live.now();
}

void Run(const Settings &settings, Outcome *outcome) {
  SizeTable sizes;
  SizeTable::FillLogUniform(kLow, kHigh, settings.seed, &sizes);
  Scratch<Chain> chains(static_cast<size_t>(settings.threads));
  for (size_t i = 0; i < chains.size(); i++) {
    chains[i].sizes = &sizes;
    chains[i].seed = settings.seed + i * static_cast<uint64_t>(kThreads);
    chains[i].threads = Share(kThreads, chains.size(), i);
  }
  outcome->stopwatch.Start();
  while (chains[0].threads > 0) RunOnThreads<Live>(&chains);
  for (Chain &chain : chains) {
    for (void *block : chain.blocks) {
      if (block != nullptr) Give(block);
    }
  }
  outcome->stopwatch.Stop();
  outcome->operations = kThreads * static_cast<int64_t>(kBlocksOfThread);
  for (const Chain &chain : chains) outcome->live_peak_bytes += chain.live_peak_bytes;
}

}  // namespace

const Workload kThreadedThreadChurn = {
    "threaded/thread_churn", "a thread's first and last moments: caches made, filled, handed on",
    "a thread for each connection or task", true, Run};

}  // namespace loam::cell
