#include "benchmarks/cell/latency.h"

#include <inttypes.h>
#include <pthread.h>

#include <cstdio>

namespace loam::cell {
namespace {

// Of all threads that have ended.
struct {
  pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  Latencies latencies;
} total;

struct Clock {
  uint64_t reading;  // what two readings differ by with nothing between them, as a rule
  uint64_t step;     // the least by which such differences differ: how finely it tells
};

Clock MeasureClock() {
  static Histogram differences;
  Clock clock = {0, UINT64_MAX};
  uint64_t before = 0;
  for (int i = 0; i < 20'000; i++) {
    const uint64_t begin = Ticks();
    const uint64_t difference = Ticks() - begin;
    differences.Add(difference);
    const uint64_t step = difference > before ? difference - before : before - difference;
    if (i > 0 && step != 0 && step < clock.step) clock.step = step;
    before = difference;
  }
  clock.reading = differences.Quantile(0.5);
  return clock;
}

class Writer {
 public:
  Writer(char *text, size_t size) : text_(text), size_(static_cast<int>(size)) {}

  void WriteQuantiles(const char *name, const Histogram &histogram) {
    Write(",\"%s\":", name);
    if (histogram.count() == 0) return Write("%s", "null");
    Write("{\"count\":%" PRIu64, histogram.count());
    for (const auto &[key, quantile] : kQuantiles) {
      Write(",\"%s\":%.1f", key, Nanoseconds(histogram.Quantile(quantile)));
    }
    Write(",\"max_ns\":%.1f}", Nanoseconds(histogram.max()));
  }

  template <typename... Values>
  void Write(const char *format, Values... values) {
    if (length_ >= size_) return;
    length_ += snprintf(text_ + length_, static_cast<size_t>(size_ - length_), format, values...);
  }

  void WriteClock() {
    Write("{\"clock_ns\":%.1f,\"clock_step_ns\":%.2f",
          static_cast<double>(clock_.reading) * ns_per_tick_,
          static_cast<double>(clock_.step) * ns_per_tick_);
  }

  int length() const { return length_; }

 private:
  struct Named {
    const char *key;
    double quantile;
  };
  static constexpr Named kQuantiles[] = {{"p50_ns", 0.5},
                                         {"p90_ns", 0.9},
                                         {"p99_ns", 0.99},
                                         {"p99_9_ns", 0.999},
                                         {"p99_99_ns", 0.9999}};

  double Nanoseconds(uint64_t ticks) const {
    return ticks < clock_.reading ? 0 : static_cast<double>(ticks - clock_.reading) * ns_per_tick_;
  }

  char *text_;
  int size_;
  int length_ = 0;
  const Clock clock_ = MeasureClock();
  const double ns_per_tick_ = NanosecondsPerTick();
};

}  // namespace

void CollectLatencies() {
  if constexpr (kTimesCalls) {
    pthread_mutex_lock(&total.lock);
    total.latencies.take.Merge(latencies_of_thread.take);
    total.latencies.give.Merge(latencies_of_thread.give);
    pthread_mutex_unlock(&total.lock);
  }
}

int WriteLatencies(char *text, size_t size) {
  if (!kTimesCalls) return snprintf(text, size, "null");
  Writer writer(text, size);
  writer.WriteClock();
  writer.WriteQuantiles("malloc", total.latencies.take);
  writer.WriteQuantiles("free", total.latencies.give);
  writer.Write("%s", "}");
  return writer.length();
}

}  // namespace loam::cell
