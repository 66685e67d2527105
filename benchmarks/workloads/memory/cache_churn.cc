// A cache that lives long: keys drawn with a skew, values whose sizes are
// log-normal, and the least recently used go when all together are too large.
// A key's next value has another size than its last. When the cache has seen
// its capacity go by a few times, most of it is dropped.

#include "benchmarks/cell/blocks.h"
#include "benchmarks/cell/scratch.h"
#include "benchmarks/cell/sizes.h"
#include "benchmarks/cell/trough.h"
#include "benchmarks/workloads/workloads.h"

namespace loam::cell {
namespace {

constexpr uint32_t kKeys = 150'000;
constexpr int64_t kLookups = 1'000'000;
constexpr int64_t kCapacityBytes = int64_t{24} << 20;
constexpr int64_t kDroppedToBytes = kCapacityBytes / 16;
constexpr size_t kRewriteOneOf = 8;  // of the look-ups that find a value
constexpr size_t kLow = 16;
constexpr size_t kMedian = 200;
constexpr size_t kHigh = 256 * 1024;
constexpr double kSigma = 1.3;  // the mean is 2.3 medians

// In a ring by index: the head is newer than the newest entry, and older than
// the oldest.
struct Entry {
  void *value;  // null: not in the cache
  uint32_t newer;
  uint32_t older;
};

class Cache {
 public:
  explicit Cache(uint64_t seed) : random_(seed) {
    SizeTable::FillLogNormal(kMedian, kSigma, kLow, kHigh, seed, &sizes_);
    entries_[kHead].newer = entries_[kHead].older = kHead;
  }

  void LookUp(uint32_t key) {
    Entry &entry = entries_[key];
    if (entry.value == nullptr) return Store(key);
    Unlink(key);
    if (random_.Below(kRewriteOneOf) == 0) {
      Give(entry.value, &live_);
      return Store(key);
    }
    benchmark::DoNotOptimize(SizeOf(entry.value));
    LinkAsNewest(key);
  }

  // Smaller keys are drawn more often: half of the draws take an eighth of them.
  uint32_t DrawKey() {
    const double fraction = random_.Fraction();
    return static_cast<uint32_t>(fraction * fraction * fraction * kKeys);
  }

  void ShrinkTo(int64_t bytes) {
    while (live_.now() > bytes) {
      const uint32_t oldest = entries_[kHead].newer;
      Unlink(oldest);
      Give(entries_[oldest].value, &live_);
      entries_[oldest].value = nullptr;
    }
  }

  int64_t stores() const { return stores_; }
  const LiveBytes &live() const { return live_; }

 private:
  static constexpr uint32_t kHead = kKeys;

  void Store(uint32_t key) {
    const size_t size = sizes_.Draw(&random_);
    ShrinkTo(kCapacityBytes - static_cast<int64_t>(size));
    entries_[key].value = Take(size, &live_);
    LinkAsNewest(key);
    stores_++;
  }

  void Unlink(uint32_t key) {
    const Entry &entry = entries_[key];
    entries_[entry.newer].older = entry.older;
    entries_[entry.older].newer = entry.newer;
  }

  void LinkAsNewest(uint32_t key) {
    const uint32_t newest = entries_[kHead].older;
    entries_[key].newer = kHead;
    entries_[key].older = newest;
    entries_[newest].newer = key;
    entries_[kHead].older = key;
  }

  Random random_;
  SizeTable sizes_;
  Scratch<Entry> entries_{kKeys + 1};
  LiveBytes live_;
  int64_t stores_ = 0;
};

void Run(const Settings &settings, Outcome *outcome) {
  Cache cache(settings.seed);
  outcome->stopwatch.Start();
  for (int64_t i = 0; i < kLookups; i++) cache.LookUp(cache.DrawKey());
  outcome->stopwatch.Stop();
  NotePoint(cache.live(), outcome);
  outcome->stopwatch.Start();
  cache.ShrinkTo(kDroppedToBytes);
  outcome->stopwatch.Stop();
  ReadTrough(settings, cache.live(), outcome);
  cache.ShrinkTo(0);
  outcome->operations = cache.stores();
  outcome->live_peak_bytes = cache.live().peak();
}

}  // namespace

const Workload kMemoryCacheChurn = {
    "memory/cache_churn", "fragmentation by values of all sizes that come and go for long",
    "an object or page cache (LRU) that is full, and is then dropped", false, Run};

}  // namespace loam::cell
