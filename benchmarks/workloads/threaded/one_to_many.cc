// One thread allocates for all others, which only free. It deals blocks out one
// by one, so that neighbours in memory are given back by different threads at
// the same time. A single thread fills the queue and empties it in turn.

#include <algorithm>

#include "benchmarks/cell/blocks.h"
#include "benchmarks/cell/scratch.h"
#include "benchmarks/cell/sizes.h"
#include "benchmarks/cell/threads.h"
#include "benchmarks/workloads/threaded/channel.h"
#include "benchmarks/workloads/workloads.h"

namespace loam::cell {
namespace {

constexpr int64_t kBlocks = 1'000'000;
constexpr size_t kLow = 16;
constexpr size_t kHigh = 8 * 1024;

// What the producer and its consumers share.
struct Hall {
  Hall(const Settings &settings, size_t consumers) : channels(consumers), seed(settings.seed) {
    SizeTable::FillHeavyTailed(kLow, kHigh, settings.seed, &sizes);
  }

  SizeTable sizes;
  Scratch<Channel> channels;  // one for each consumer
  uint64_t seed;
  int64_t live_peak_bytes = 0;
};

// Consumer `i` gives back blocks i, i + consumers, i + 2 consumers, ...
int64_t BatchesOf(const Hall &hall, size_t consumer) {
  const int64_t most = static_cast<int64_t>(Batch::kMost);
  return (Share(kBlocks, hall.channels.size(), consumer) + most - 1) / most;
}

class Producer {
 public:
  explicit Producer(Hall *hall) : hall_(hall), random_(hall->seed) {}

  bool IsDone() const { return made_ == kBlocks; }

  bool HasRoom() {
    for (Channel &channel : hall_->channels) {
      if (channel.Room() == nullptr) return false;
    }
    return true;
  }

  // A batch for every consumer, filled in turn, a block each.
  void Deal() {
    for (Channel &channel : hall_->channels) channel.AwaitRoom()->count = 0;
    for (size_t i = 0; i < Batch::kMost; i++) {
      for (Channel &channel : hall_->channels) {
        if (IsDone()) break;
        Batch *batch = channel.Room();
        batch->blocks[batch->count++] = Make();
      }
    }
    int64_t live_bytes = made_bytes_;
    for (Channel &channel : hall_->channels) {
      if (channel.Room()->count > 0) channel.Send();
      live_bytes -= channel.given_bytes();
    }
    hall_->live_peak_bytes = std::max(hall_->live_peak_bytes, live_bytes);
  }

 private:
  void *Make() {
    const size_t size = hall_->sizes.Draw(&random_);
    made_++;
    made_bytes_ += static_cast<int64_t>(size);
    return Take(size);
  }

  Hall *hall_;
  Random random_;
  int64_t made_ = 0;
  int64_t made_bytes_ = 0;
};

struct alignas(128) Worker {
  Hall *hall;
  size_t index;  // 0 is the producer, i the consumer of channel i - 1
};

void Work(Worker *worker) {
  Hall *hall = worker->hall;
  if (worker->index > 0) {
    const size_t consumer = worker->index - 1;
    hall->channels[consumer].GiveBatches(BatchesOf(*hall, consumer));
    return;
  }
  Producer producer(hall);
  while (!producer.IsDone()) producer.Deal();
}

void WorkAlone(Hall *hall) {
  Producer producer(hall);
  while (!producer.IsDone()) {
    while (producer.HasRoom() && !producer.IsDone()) producer.Deal();
    while (hall->channels[0].GiveBatch()) continue;
  }
}

void Run(const Settings &settings, Outcome *outcome) {
  const size_t threads = static_cast<size_t>(settings.threads);
  Hall hall(settings, std::max<size_t>(threads - 1, 1));
  Scratch<Worker> workers(threads);
  for (size_t i = 0; i < threads; i++) workers[i] = {&hall, i};
  outcome->stopwatch.Start();
  if (threads == 1) {
    WorkAlone(&hall);
  } else {
    RunOnThreads<Work>(&workers);
  }
  outcome->stopwatch.Stop();
  outcome->operations = kBlocks;
  outcome->live_peak_bytes = hall.live_peak_bytes;
}

}  // namespace

const Workload kThreadedOneToMany = {
    "threaded/one_to_many",
    "many threads give back neighbouring blocks of one thread at once",
    "a dispatcher that hands jobs to a pool of workers",
    true,
    Run,
    /*one_way=*/true};

}  // namespace loam::cell
