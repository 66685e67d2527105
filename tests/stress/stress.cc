#include "tests/stress/stress.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <sstream>
#include <thread>
#include <vector>

#include "tests/stress/worker.h"
#include "tests/stress/world.h"
#include "tests/support/memory.h"
#include "tests/support/random.h"
#include "tests/support/sanitizers.h"

namespace loam::test {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kLiveBytesOfAThread = 4 * kMiB;
constexpr size_t kChunkBytes = 4 * kMiB;  // what a variant asks the kernel for at a time
constexpr auto kWatchEvery = std::chrono::milliseconds(20);
constexpr auto kHang = std::chrono::seconds(60);
constexpr size_t kMappedAtRest = 16 * kMiB;  // after all is freed and trimmed
constexpr int kWatchesPerCheck = 25;
constexpr int kWatchesPerFault = 16;  // of which system calls fail during a quarter

Clock::duration Seconds(double seconds) {
  return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

// A thread that can be asked whether it has ended.
class Life {
 public:
  template <typename Body>
  explicit Life(Body body)
      : thread_([this, body] {
          body();
          ended_ = true;
        }) {}
  ~Life() { thread_.join(); }

  bool ended() const { return ended_; }

 private:
  std::atomic<bool> ended_{false};
  std::thread thread_;
};

class StressRun {
 public:
  StressRun(const loam_variant &variant, const StressOptions &options)
      : v_(variant),
        options_(options),
        random_(options.seed),
        world_(variant, options.threads, options.threads * kLiveBytesOfAThread),
        resident_before_(ResidentBytes()),
        mapped_before_(Stats().mapped_bytes),
        live_before_(Stats().live_blocks) {
    report_.live_bytes_max = world_.live_bytes_max();
    report_.memory_bound = MemoryBound();
  }

  StressReport Run() {
    const Clock::time_point end = Clock::now() + Seconds(options_.seconds);
    while (Clock::now() < end && !world_.failed()) {
      Round(std::min(end, Clock::now() + Seconds(options_.round_seconds)));
    }
    return Report();
  }

 private:
  // What may be in use at most while the live bytes are under their limit. For
  // each live byte one that is free: small requests between larger ones. Freed
  // mappings are kept for reuse, 64 MiB of them (large_cache_bytes). A thread has
  // its stack, this run's tables, and an arena; that, and a heap, has a chunk
  // begun and one that is kept. (Threads race for the last heap to make.)
  size_t MemoryBound() const {
    const size_t beginnings = options_.threads + World::kHeapsMax + options_.threads;
    return ResidentBound() + beginnings * 2 * kChunkBytes;
  }

  // Chunks begun and kept are hardly touched.
  size_t ResidentBound() const { return 2 * world_.live_bytes_max() + 64 * kMiB; }

  void Round(Clock::time_point end) {
    world_.stop = false;
    RunThreads(end);
    world_.MakeSystemCallsFail(false);
    ++report_.rounds;
    world_.Empty(&random_);
    v_.trim(0);
    ExpectNothingLeft();
  }

  void RunThreads(Clock::time_point end) {
    std::vector<std::unique_ptr<Life>> lives(options_.threads);
    for (auto &life : lives) life = NewLife();
    Life forks([this, seed = random_.Next()] { Worker(&world_, seed).RunForks(); });
    for (int watch = 0; Clock::now() < end && !world_.failed(); ++watch) {
      for (auto &life : lives) {
        if (life->ended()) life = NewLife();
      }
      Watch(watch);
      std::this_thread::sleep_for(kWatchEvery);
    }
    world_.stop = true;
  }

  std::unique_ptr<Life> NewLife() {
    return std::make_unique<Life>([this, seed = random_.Next()] { Worker(&world_, seed).Run(); });
  }

  void Watch(int watch) {
    world_.MakeSystemCallsFail(watch % kWatchesPerFault < kWatchesPerFault / 4);
    if (watch % kWatchesPerCheck == 0) {
      if (!v_.check()) world_.Fail("check() found the heap broken");
      ++world_.counts()->checks;
    }
    WatchMemory();
    WatchProgress();
  }

  void WatchMemory() {
    const size_t mapped = Stats().mapped_bytes - mapped_before_;
    report_.mapped_peak = std::max(report_.mapped_peak, mapped);
    if (mapped > report_.memory_bound) {
      world_.Fail(Over("mapped_bytes", mapped, report_.memory_bound));
    }
    if (kSanitizerRuntime) return;  // its shadow counts as ours
    const size_t resident = ResidentBytes() - resident_before_;
    report_.resident_peak = std::max(report_.resident_peak, resident);
    if (resident > ResidentBound()) {
      world_.Fail(Over("resident memory", resident, ResidentBound()));
    }
  }

  static std::string Over(const char *what, size_t bytes, size_t bound) {
    return std::string(what) + ": " + std::to_string(bytes / kMiB) + " MiB, over the bound of " +
           std::to_string(bound / kMiB) + " MiB";
  }

  void WatchProgress() {
    const uint64_t operations = world_.counts()->operations;
    const Clock::time_point now = Clock::now();
    if (operations != operations_seen_) {
      operations_seen_ = operations;
      progress_seen_ = now;
    } else if (now - progress_seen_ > kHang) {
      fprintf(stderr, "stress: %s stands still after %llu operations\n", v_.name,
              static_cast<unsigned long long>(operations));
      std::abort();
    }
  }

  // After a round all is free, and what can be given back is given back.
  void ExpectNothingLeft() {
    if (!v_.check()) world_.Fail("check() found the heap broken at the end of a round");
    const loam_stats stats = Stats();
    if (stats.live_blocks != live_before_) {
      world_.Fail(std::to_string(stats.live_blocks - live_before_) + " blocks are left");
    }
    if (stats.mapped_bytes != stats.allocated_bytes + stats.free_bytes + stats.metadata_bytes) {
      world_.Fail("the statistics do not add up");
    }
    if (stats.mapped_bytes > mapped_before_ + kMappedAtRest) {
      world_.Fail(std::to_string(stats.mapped_bytes / kMiB) + " MiB are left mapped");
    }
  }

  loam_stats Stats() const {
    loam_stats stats = {};
    v_.stats(&stats);
    return stats;
  }

  StressReport Report() {
    const Counts &counts = *world_.counts();
    report_.failures = world_.failures();
    report_.operations = counts.operations;
    report_.threads = counts.threads;
    report_.forks = counts.forks;
    report_.heaps = counts.heaps;
    report_.checks = counts.checks;
    report_.trims = counts.trims;
    report_.failed_calls = counts.failed_calls;
    report_.refused = counts.refused;
    return report_;
  }

  const loam_variant &v_;
  const StressOptions options_;
  Random random_;
  World world_;
  const size_t resident_before_;
  const size_t mapped_before_;
  const size_t live_before_;
  StressReport report_;
  uint64_t operations_seen_ = 0;
  Clock::time_point progress_seen_ = Clock::now();
};

}  // namespace

std::string StressReport::Describe() const {
  std::ostringstream text;
  text << operations << " operations in " << rounds << " rounds, " << threads << " threads, "
       << forks << " forks, " << heaps << " heaps, " << checks << " checks, " << trims << " trims, "
       << failed_calls << " failed system calls (" << refused << " times NULL); live at most "
       << live_bytes_max / kMiB << " MiB, mapped " << mapped_peak / kMiB << ", resident "
       << resident_peak / kMiB << ", bound " << memory_bound / kMiB;
  return text.str();
}

StressReport RunStress(const loam_variant &variant, const StressOptions &options) {
  return StressRun(variant, options).Run();
}

}  // namespace loam::test
