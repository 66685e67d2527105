#include "benchmarks/cell/trough.h"

#include <time.h>

#include "benchmarks/cell/random.h"
#include "benchmarks/cell/resident.h"

namespace loam::cell {
namespace {

constexpr int kBursts = 60;
constexpr long kPauseNs = 25'000'000;  // before each burst; 1.5 s in all
constexpr int kPairsPerBurst = 64;
constexpr size_t kSmallest = 16;
constexpr size_t kLargest = 512;

void GoOnLightly(uint64_t seed) {
  Random random(seed);
  for (int burst = 0; burst < kBursts; burst++) {
    const timespec pause = {0, kPauseNs};
    nanosleep(&pause, nullptr);
    for (int i = 0; i < kPairsPerBurst; i++) Give(Take(random.Between(kSmallest, kLargest)));
  }
}

}  // namespace

void NotePoint(const LiveBytes &live, Outcome *outcome) {
  if (outcome->point_count == Outcome::kMostPoints) return;
  outcome->points[outcome->point_count++] = {live.now(), ResidentBytes()};
}

void ReadTrough(const Settings &settings, const LiveBytes &live, Outcome *outcome) {
  outcome->trough_rss_bytes = ResidentBytes();
  outcome->trough_live_bytes = live.now();
  if (!settings.settle) return;
  GoOnLightly(settings.seed);
  outcome->settled_rss_bytes = ResidentBytes();
}

}  // namespace loam::cell
