#include "tests/stress/worker.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "common/os/os.h"
#include "tests/support/memory.h"
#include "tests/support/queue.h"
#include "tests/support/sanitizers.h"
#include "tests/support/stamp.h"

namespace loam::test {
namespace {

constexpr size_t kParcelsMax = 200;
constexpr size_t kStepsMax = kSlowBuild ? 2000 : 20000;
constexpr size_t kFedMax = 2000;
constexpr unsigned kHangSeconds = 60;
constexpr auto kBetweenForks = std::chrono::milliseconds(kSlowBuild ? 500 : 50);

// What a forked child does, in the only thread that it has. Ends with 0, or with
// the number of the step that failed.
[[noreturn]] void LiveInChild(const loam_variant &v, const std::vector<Parcel> &inherited) {
  alarm(kHangSeconds);  // a lock that a lost thread holds would hang here
  loam_os_set_fault_hook(nullptr);
  for (const Parcel &parcel : inherited) {
    if (parcel.block != nullptr && !IsStamped(parcel.block, parcel.size, parcel.seed)) _exit(1);
    v.free(parcel.block);
  }
  for (size_t size = 1; size < 2 * kMiB; size = size * 3 / 2 + 1) {
    void *block = v.malloc(size);
    if (block == nullptr) _exit(2);
    Stamp(block, size, size);
    void *moved = v.realloc(block, size * 2);
    if (moved == nullptr || !IsStamped(moved, size, size)) _exit(3);
    v.free(moved);
  }
  loam_heap *heap = v.heap_create();
  if (heap == nullptr || v.heap_malloc(heap, 1000) == nullptr) _exit(4);
  v.heap_destroy(heap);
  if (!v.check()) _exit(5);
  v.trim(0);
  if (!v.check()) _exit(6);
  _exit(0);
}

}  // namespace

void Worker::Run() {
  ++world_->counts()->threads;
  parcels_ = world_->Adopt();
  parcels_.resize(std::max(parcels_.size(), 1 + random_.Below(kParcelsMax)));
  if (random_.Below(8) == 0) FeedAConsumer();
  const size_t steps = random_.Below(kStepsMax);
  for (size_t i = 0; i < steps && !world_->stop; ++i) {
    Step(&parcels_[random_.Below(parcels_.size())]);
    StepOfAll();
  }
  for (size_t i = 0; i < parcels_.size(); i += 1 + random_.Below(2)) {
    world_->Release(&random_, &parcels_[i]);
  }
  world_->Leave(std::move(parcels_));
}

void Worker::Step(Parcel *parcel) {
  const size_t kind = random_.Below(100);
  if (kind < 50) {
    world_->Release(&random_, parcel);
    *parcel = world_->Make(&random_, nullptr);
  } else if (kind < 65) {
    world_->Release(&random_, parcel);
    *parcel = world_->Make(&random_, world_->PickHeap(&random_));
  } else if (kind < 80) {
    world_->Exchange(&random_, parcel);
  } else if (kind < 95) {
    world_->Resize(&random_, parcel);
  } else {
    world_->Verify(*parcel);
  }
}

// Now and then what concerns the variant as a whole.
void Worker::StepOfAll() {
  const loam_variant &v = world_->variant();
  const size_t kind = random_.Below(20000);
  if (kind < 8) {
    v.trim(random_.Below(2) == 0 ? 0 : kMiB);
    ++world_->counts()->trims;
  } else if (kind == 8) {
    if (!v.check()) world_->Fail("check() found the heap broken");
    ++world_->counts()->checks;
  } else if (kind < 12) {
    loam_stats stats;
    v.stats(&stats);
    if (stats.live_blocks > stats.malloc_calls) world_->Fail("stats: more blocks than were made");
  }
}

void Worker::FeedAConsumer() {
  Queue<Parcel, 64> queue;
  std::thread consumer([this, &queue, seed = random_.Next()] {
    ++world_->counts()->threads;
    Random random(seed);
    Parcel parcel;
    while (queue.Pop(&parcel)) world_->Release(&random, &parcel);
  });
  const size_t parcels = random_.Below(kFedMax);
  for (size_t i = 0; i < parcels && !world_->stop; ++i) {
    queue.Push(world_->Make(&random_, nullptr));
  }
  queue.Close();
  consumer.join();
}

// --- Forks -------------------------------------------------------------------

void Worker::RunForks() {
  ++world_->counts()->threads;
  parcels_.resize(50);
  while (!world_->stop) {
    for (int i = 0; i < 50; ++i) Step(&parcels_[random_.Below(parcels_.size())]);
    Fork();
    std::this_thread::sleep_for(kBetweenForks);
  }
  world_->Leave(std::move(parcels_));
}

void Worker::Fork() {
  const pid_t child = fork();
  if (child < 0) {
    world_->Fail(std::string("fork: ") + std::strerror(errno));
    return;
  }
  if (child == 0) LiveInChild(world_->variant(), parcels_);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  ++world_->counts()->forks;
  if (WIFSIGNALED(status)) {
    world_->Fail("a forked child ended by signal " + std::to_string(WTERMSIG(status)));
  } else if (WEXITSTATUS(status) != 0) {
    world_->Fail("a forked child failed in step " + std::to_string(WEXITSTATUS(status)));
  }
}

}  // namespace loam::test
