// Pairs of threads with a bounded queue between them: one only allocates, the
// other only frees. Whatever the allocating thread's cache would reuse is given
// back somewhere else. A thread without a partner (there is one only, or the
// count is odd) plays both roles in turn: it fills the queue, then empties it.

#include <algorithm>

#include "benchmarks/cell/blocks.h"
#include "benchmarks/cell/scratch.h"
#include "benchmarks/cell/sizes.h"
#include "benchmarks/cell/threads.h"
#include "benchmarks/workloads/threaded/channel.h"
#include "benchmarks/workloads/workloads.h"

namespace loam::cell {
namespace {

constexpr int64_t kBatches = 12'000;  // of all producers together
constexpr size_t kLow = 16;
constexpr size_t kHigh = 1024;

enum class Role { kProducer, kConsumer, kBoth };

struct alignas(128) Worker {
  Role role;
  Channel *channel;
  SizeTable *sizes;
  int64_t batches;
  uint64_t seed;
  int64_t live_peak_bytes;  // of what the producer made, when it last looked
};

class Producer {
 public:
  explicit Producer(Worker *worker) : worker_(worker), random_(worker->seed) {}
  ~Producer() { worker_->live_peak_bytes = live_peak_bytes_; }

  void Send(Batch *batch) {
    for (void *&block : batch->blocks) {
      const size_t size = worker_->sizes->Draw(&random_);
      made_bytes_ += static_cast<int64_t>(size);
      block = Take(size);
    }
    batch->count = Batch::kMost;
    worker_->channel->Send();
    live_peak_bytes_ = std::max(live_peak_bytes_, made_bytes_ - worker_->channel->given_bytes());
  }

 private:
  Worker *worker_;
  Random random_;
  int64_t made_bytes_ = 0;
  int64_t live_peak_bytes_ = 0;
};

void Produce(Worker *worker) {
  Producer producer(worker);
  for (int64_t i = 0; i < worker->batches; i++) producer.Send(worker->channel->AwaitRoom());
}

void ProduceAndConsume(Worker *worker) {
  Producer producer(worker);
  for (int64_t i = 0; i < worker->batches; i++) {
    if (worker->channel->Room() == nullptr) {
      while (worker->channel->GiveBatch()) continue;
    }
    producer.Send(worker->channel->Room());
  }
  while (worker->channel->GiveBatch()) continue;
}

void Work(Worker *worker) {
  switch (worker->role) {
    case Role::kProducer:
      return Produce(worker);
    case Role::kConsumer:
      return worker->channel->GiveBatches(worker->batches);
    case Role::kBoth:
      return ProduceAndConsume(worker);
  }
}

// Neighbours are partners and share a channel; both know how much will come.
void Assign(const Settings &settings, Scratch<Channel> *channels, SizeTable *sizes,
            Scratch<Worker> *workers) {
  const size_t count = workers->size();
  for (size_t i = 0; i < count; i++) {
    const size_t first = i - i % 2;
    const bool has_partner = first + 1 < count;
    Worker &worker = (*workers)[i];
    worker.role = !has_partner ? Role::kBoth : i == first ? Role::kProducer : Role::kConsumer;
    worker.channel = &(*channels)[i / 2];
    worker.sizes = sizes;
    worker.batches = Share(kBatches, count, first);
    if (has_partner) worker.batches += Share(kBatches, count, first + 1);
    worker.seed = settings.seed + i;
  }
}

void Run(const Settings &settings, Outcome *outcome) {
  const size_t count = static_cast<size_t>(settings.threads);
  SizeTable sizes;
  SizeTable::FillLogUniform(kLow, kHigh, settings.seed, &sizes);
  Scratch<Channel> channels((count + 1) / 2);
  Scratch<Worker> workers(count);
  Assign(settings, &channels, &sizes, &workers);
  outcome->stopwatch.Start();
  RunAll<Work>(&workers);
  outcome->stopwatch.Stop();
  outcome->operations = kBatches * static_cast<int64_t>(Batch::kMost);
  for (const Worker &worker : workers) outcome->live_peak_bytes += worker.live_peak_bytes;
}

}  // namespace

const Workload kThreadedProducerConsumer = {
    "threaded/producer_consumer",
    "one thread only allocates, another only frees: every free is remote",
    "a pipeline: a reader that parses requests for a worker, a logger",
    true,
    Run,
    /*one_way=*/true};

}  // namespace loam::cell
