#include "benchmarks/trace/replay/player.h"

#include <unistd.h>

#include <cinttypes>
#include <cstdio>

#include "benchmarks/cell/resident.h"

namespace loam::trace {
namespace {

constexpr size_t kStackBytes = 128 * 1024;
constexpr int kFailed = 3;

[[noreturn]] void DieOutOfStep(uint32_t checkpoint, int64_t expected, int64_t found) {
  dprintf(STDERR_FILENO,
          "replay: %" PRId64 " bytes are live at checkpoint %u, where %" PRId64 " should be\n",
          found, checkpoint, expected);
  _exit(kFailed);
}

}  // namespace

Player::Player(const MappedPlan &plan)
    : plan_(plan),
      slots_(*plan.header),
      lanes_(plan.header->lanes),
      resident_bytes_(plan.header->checkpoints) {
  pthread_attr_init(&attributes_);
  pthread_attr_setstacksize(&attributes_, kStackBytes);
}

// The lane's part of an epoch.
void Player::Run(Lane *lane, const PlanThread &thread, uint32_t epoch) {
  if (epoch < thread.first_epoch || epoch > thread.last_epoch) return;
  const uint64_t *end = &plan_.epoch_ends[thread.first_epoch_end + epoch - thread.first_epoch];
  const uint64_t begin = epoch == thread.first_epoch ? thread.first_operation : end[-1];
  int64_t live_bytes = lane->live_bytes;
  for (uint64_t i = begin; i < *end; i++) slots_.Do(plan_.operations[i], &live_bytes);
  lane->live_bytes = live_bytes;
}

void Player::StartThread(Lane *lane) {
  pthread_t started;
  const bool ran = pthread_create(&started, &attributes_, RunThread, lane) == 0;
  if (!ran) cell::DieOutOfMemory(kStackBytes);
}

void *Player::RunThread(void *argument) {
  Lane *lane = static_cast<Lane *>(argument);
  lane->player->RunLane(lane);
  return nullptr;
}

// One thread of a lane, from its beginning, or from where the one before it
// ended, until its end, when it starts the one behind it.
void Player::RunLane(Lane *lane) {
  const PlanThread &thread = plan_.threads[lane->next_thread];
  if (lane->joins) pthread_join(lane->last_started, nullptr);
  lane->last_started = pthread_self();
  lane->joins = true;
  uint32_t epoch = lane->from_epoch;
  for (;; epoch++) {
    Run(lane, thread, epoch);
    if (epoch == thread.last_epoch) break;
    gate_.Arrive();
    gate_.AwaitEpoch(epoch + 1);
  }
  if (thread.next_plus_1 == 0) {
    gate_.Arrive();  // main joins this thread once all epochs are done
    return;
  }
  lane->next_thread = thread.next_plus_1 - 1;
  lane->from_epoch = epoch;
  StartThread(lane);
}

// All lanes have done the epoch, and wait.
void Player::EndEpoch(uint32_t epoch, bool takes_samples, cell::Stopwatch *stopwatch) {
  int64_t live_bytes = 0;
  for (const Lane &lane : lanes_) live_bytes += lane.live_bytes;
  const int64_t expected = static_cast<int64_t>(plan_.checkpoints[epoch].live_bytes);
  if (live_bytes != expected) DieOutOfStep(epoch, expected, live_bytes);
  if (epoch == plan_.header->peak_checkpoint) peak_live_bytes_ = live_bytes;
  if (!takes_samples) return;
  stopwatch->Stop();
  resident_bytes_[epoch] = cell::ResidentBytes();
  stopwatch->Start();
}

void Player::Play(bool takes_samples, cell::Stopwatch *stopwatch) {
  for (size_t i = 0; i < lanes_.size(); i++) {
    lanes_[i] = {this, 0, 0, plan_.lanes[i].first_thread, plan_.lanes[i].first_epoch, false};
  }
  gate_.Reset();
  stopwatch->Start();
  for (uint32_t epoch = 0; epoch < plan_.header->checkpoints; epoch++) {
    // Before lanes start, whose arrivals it would forget.
    if (epoch > 0 && lanes_.size() > 1) gate_.Open(epoch);
    for (size_t i = 1; i < lanes_.size(); i++) {
      if (plan_.lanes[i].first_epoch == epoch) StartThread(&lanes_[i]);
    }
    Run(&lanes_[0], plan_.threads[0], epoch);
    gate_.AwaitArrivals(plan_.checkpoints[epoch].lanes);
    EndEpoch(epoch, takes_samples, stopwatch);
  }
  stopwatch->Stop();
  for (size_t i = 1; i < lanes_.size(); i++) pthread_join(lanes_[i].last_started, nullptr);
  int64_t live_bytes =
      static_cast<int64_t>(plan_.checkpoints[plan_.header->checkpoints - 1].live_bytes);
  for (uint64_t i = 0; i < plan_.header->leftovers; i++) {
    slots_.Do(plan_.leftovers[i], &live_bytes);
  }
  if (live_bytes != 0) DieOutOfStep(plan_.header->checkpoints, 0, live_bytes);
  slots_.Reset();
}

}  // namespace loam::trace
