// A server: worker threads that replace objects in tables, hand objects to
// each other, and end; the next generation of threads takes over the tables,
// so most objects are freed by a thread that did not make them. Sizes have a
// heavy tail. With one thread, the main thread does all, and no other starts.

#include <atomic>

#include "benchmarks/cell/blocks.h"
#include "benchmarks/cell/scratch.h"
#include "benchmarks/cell/sizes.h"
#include "benchmarks/cell/threads.h"
#include "benchmarks/workloads/workloads.h"

namespace loam::cell {
namespace {

constexpr size_t kSlots = 24'000;      // of all workers together
constexpr size_t kMailboxes = 256;     // where workers leave objects for each other
constexpr int64_t kSteps = 2'400'000;  // of all workers together
constexpr int64_t kGenerations = 12;
constexpr int64_t kHandOverEvery = 8;
constexpr size_t kLow = 16;
constexpr size_t kHigh = 64 * 1024;

struct Server {
  SizeTable sizes;
  Scratch<void *> slots{kSlots};
  Scratch<std::atomic<void *>> mailboxes{kMailboxes};
  uint64_t seed;
};

// One worker in one generation; on cache lines of its own.
struct alignas(128) Worker {
  Server *server;
  void **slots;
  size_t slot_count;
  int64_t steps;
  uint64_t seed;
  int64_t live_change_bytes;  // what this worker took, less what it gave back
};

void Work(Worker *worker) {
  Server *server = worker->server;
  Random random(worker->seed);
  LiveBytes live;
  for (int64_t step = 0; step < worker->steps; step++) {
    void *fresh = Take(server->sizes.Draw(&random), &live);
    void **slot = &worker->slots[random.Below(worker->slot_count)];
    void *old = *slot;
    *slot = fresh;
    if (step % kHandOverEvery == 0 && old != nullptr) {
      old = server->mailboxes[random.Below(kMailboxes)].exchange(old, std::memory_order_acq_rel);
    }
    if (old != nullptr) Give(old, &live);
  }
  worker->live_change_bytes = live.now();
}

// Gives every worker the table that another one had before.
void Assign(Server *server, int64_t generation, Scratch<Worker> *workers) {
  const size_t count = workers->size();
  const size_t share = kSlots / count;
  for (size_t i = 0; i < count; i++) {
    const size_t table = (i + static_cast<size_t>(generation)) % count;
    Worker &worker = (*workers)[i];
    worker.server = server;
    worker.slots = &server->slots[table * share];
    worker.slot_count = share;
    worker.steps = Share(kSteps / kGenerations, count, i);
    worker.seed = server->seed + static_cast<uint64_t>(generation) * kMaxThreads + i;
  }
}

void GiveAll(Server *server) {
  for (void *block : server->slots) {
    if (block != nullptr) Give(block);
  }
  for (std::atomic<void *> &mailbox : server->mailboxes) {
    void *block = mailbox.load(std::memory_order_acquire);
    if (block != nullptr) Give(block);
  }
}

void Run(const Settings &settings, Outcome *outcome) {
  Server server;
  server.seed = settings.seed;
  SizeTable::FillHeavyTailed(kLow, kHigh, settings.seed, &server.sizes);
  Scratch<Worker> workers(static_cast<size_t>(settings.threads));
  int64_t live_bytes = 0;
  outcome->stopwatch.Start();
  for (int64_t generation = 0; generation < kGenerations; generation++) {
    Assign(&server, generation, &workers);
    RunAll<Work>(&workers);
    for (const Worker &worker : workers) {
      live_bytes += worker.live_change_bytes;
      outcome->operations += worker.steps;
    }
    if (live_bytes > outcome->live_peak_bytes) outcome->live_peak_bytes = live_bytes;
  }
  GiveAll(&server);
  outcome->stopwatch.Stop();
}

}  // namespace

const Workload kThreadedServer = {
    "threaded/server", "frees from other threads, threads that end before their objects do, locks",
    "a server whose sessions move between worker threads", true, Run};

}  // namespace loam::cell
