// Small blocks that are written all the time, each by one thread. Where blocks
// of two threads lie in one cache line, the line travels between processors
// with every write, and the threads slow each other down. After "cache-thrash"
// and "cache-scratch" of the paper on Hoard (Berger, McKinley, Blumofe, Wilson:
// Hoard: A Scalable Memory Allocator for Multithreaded Applications, 2000).
//
// Active: does the allocator itself deal one line to several threads?
// Passive: the main thread made neighbours and handed them out. When each
// thread gives its own back and asks again, does it get the same line back?

#include "benchmarks/cell/blocks.h"
#include "benchmarks/cell/scratch.h"
#include "benchmarks/cell/threads.h"
#include "benchmarks/workloads/workloads.h"

namespace loam::cell {
namespace {

constexpr int64_t kRounds = 30'000;  // of all threads together
constexpr int64_t kWrites = 800;     // to each block in a round
constexpr size_t kBlocks = 4;        // of each thread at a time
constexpr size_t kSize = 8;

struct alignas(128) Worker {
  void *blocks[kBlocks];  // from the main thread, or null
  int64_t rounds;
};

// In turn, so that no write waits for the one before it. The addresses are in registers: a table
// that lies where the blocks do in their page has processors wait for writes to them (4K aliasing).
void Write(void *const (&blocks)[kBlocks]) {
  static_assert(kBlocks == 4);
  volatile uint64_t *const a = static_cast<uint64_t *>(blocks[0]);
  volatile uint64_t *const b = static_cast<uint64_t *>(blocks[1]);
  volatile uint64_t *const c = static_cast<uint64_t *>(blocks[2]);
  volatile uint64_t *const d = static_cast<uint64_t *>(blocks[3]);
  for (int64_t i = 0; i < kWrites; i++) {
    *a = *a + 1;
    *b = *b + 1;
    *c = *c + 1;
    *d = *d + 1;
  }
  for (void *block : blocks) Expect(block, kSize + static_cast<size_t>(kWrites));
}

void Work(Worker *worker) {
  for (void *block : worker->blocks) {
    if (block != nullptr) Give(block);
  }
  for (int64_t round = 0; round < worker->rounds; round++) {
    for (void *&block : worker->blocks) block = Take(kSize);
    Write(worker->blocks);
    for (void *block : worker->blocks) Give(block);
  }
}

enum class From { kMainThread, kItself };

void RunFrom(From from, const Settings &settings, Outcome *outcome) {
  Scratch<Worker> workers(static_cast<size_t>(settings.threads));
  outcome->operations = kRounds * static_cast<int64_t>(kBlocks);
  outcome->live_peak_bytes = static_cast<int64_t>(workers.size() * kBlocks * kSize);
  outcome->stopwatch.Start();
  if (from == From::kMainThread) {
    for (size_t i = 0; i < kBlocks; i++) {
      for (Worker &worker : workers) worker.blocks[i] = Take(kSize);
    }
  }
  for (size_t i = 0; i < workers.size(); i++) {
    workers[i].rounds = Share(kRounds, workers.size(), i);
  }
  RunAll<Work>(&workers);
  outcome->stopwatch.Stop();
}

void RunActive(const Settings &settings, Outcome *outcome) {
  RunFrom(From::kItself, settings, outcome);
}

void RunPassive(const Settings &settings, Outcome *outcome) {
  RunFrom(From::kMainThread, settings, outcome);
}

}  // namespace

const Workload kThreadedFalseSharingActive = {
    "threaded/false_sharing_active", "whether two threads are given parts of one cache line",
    "counters and small state that each thread allocates for itself", true, RunActive};

const Workload kThreadedFalseSharingPassive = {
    "threaded/false_sharing_passive",
    "whether a thread that frees a block keeps the cache line that it shares with others",
    "small jobs made by one thread and handed to many, which go on allocating", true, RunPassive};

}  // namespace loam::cell
