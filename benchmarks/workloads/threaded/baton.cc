// Threads that take turns. The one whose turn it is frees what the last one
// left, makes as many blocks, leaves them to the next and sleeps. Live memory is
// one batch at all times; an allocator that gives freed blocks back to the
// sleeping thread that made them, for it alone, holds one for each thread.

#include <semaphore.h>

#include "benchmarks/cell/blocks.h"
#include "benchmarks/cell/scratch.h"
#include "benchmarks/cell/sizes.h"
#include "benchmarks/cell/threads.h"
#include "benchmarks/workloads/workloads.h"

namespace loam::cell {
namespace {

constexpr size_t kBatch = 30'000;
constexpr int64_t kTurns = 16;  // of all workers together
constexpr size_t kLow = 32;
constexpr size_t kHigh = 1024;

struct Batch {
  SizeTable sizes;
  Scratch<void *> blocks{kBatch};
  LiveBytes live;  // whoever has the turn is the only one to touch it
};

struct alignas(128) Worker {
  Batch *batch;
  Worker *next;
  sem_t turn;
  int64_t turns;
};

void TakeTurn(Batch *batch, int64_t turn) {
  for (void *block : batch->blocks) {
    if (block != nullptr) Give(block, &batch->live);
  }
  const size_t first = static_cast<size_t>(turn) * kBatch;
  for (size_t i = 0; i < kBatch; i++) {
    batch->blocks[i] = Take(batch->sizes.At(first + i), &batch->live);
  }
}

void Work(Worker *worker) {
  for (int64_t turn = 0; turn < worker->turns; turn++) {
    while (sem_wait(&worker->turn) != 0) {
    }
    TakeTurn(worker->batch, turn);
    sem_post(&worker->next->turn);
  }
}

void Run(const Settings &settings, Outcome *outcome) {
  Batch batch;
  SizeTable::FillLogUniform(kLow, kHigh, settings.seed, &batch.sizes);
  Scratch<Worker> workers(static_cast<size_t>(settings.threads));
  for (size_t i = 0; i < workers.size(); i++) {
    workers[i].batch = &batch;
    workers[i].next = &workers[(i + 1) % workers.size()];
    workers[i].turns = Share(kTurns, workers.size(), i);
    sem_init(&workers[i].turn, 0, i == 0);
  }
  outcome->stopwatch.Start();
  RunAll<Work>(&workers);
  for (void *block : batch.blocks) Give(block, &batch.live);
  outcome->stopwatch.Stop();
  for (Worker &worker : workers) sem_destroy(&worker.turn);
  outcome->operations = kTurns * static_cast<int64_t>(kBatch);
  outcome->live_peak_bytes = batch.live.peak();
}

}  // namespace

const Workload kThreadedBaton = {
    "threaded/baton", "whether memory that a sleeping thread once used serves the others",
    "a pool of workers of which few are busy at a time", true, Run};

}  // namespace loam::cell
