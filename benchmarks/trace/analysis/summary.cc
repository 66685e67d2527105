#include "benchmarks/trace/analysis/summary.h"

#include <algorithm>

namespace loam::trace {
namespace {

void Count(uint64_t number, LogHistogram *histogram) {
  (*histogram)[number == 0 ? 0 : 64 - static_cast<size_t>(__builtin_clzll(number))]++;
}

bool Failed(const Event &event) {
  return event.address == 0 && event.amount != 0 && !IsRelease(event.kind);
}

struct Span {
  uint64_t first_ns = UINT64_MAX;
  uint64_t last_ns = 0;
};

Span FindSpan(TraceReader *reader) {
  Span span;
  Event event;
  reader->Rewind();
  while (reader->Next(&event)) {
    span.first_ns = std::min(span.first_ns, event.time_ns);
    span.last_ns = std::max(span.last_ns, event.time_ns);
  }
  if (span.first_ns == UINT64_MAX) span.first_ns = 0;
  return span;
}

void CountEvent(const Event &event, uint64_t now_ns, Summary *summary) {
  summary->events++;
  summary->events_by_kind[event.kind]++;
  summary->failed_calls += Failed(event) ? 1 : 0;
  ThreadSummary &thread = summary->threads[event.thread];
  if (thread.events++ == 0) thread.first_ns = now_ns;
  thread.last_ns = now_ns;
}

void CountChange(const Change &change, const Event &event, uint64_t blocks, Summary *summary) {
  using Kind = Change::Kind;
  if (change.kind == Kind::kUnknown) summary->unknown_blocks++;
  if (change.kind == Kind::kMade || change.kind == Kind::kResized ||
      change.kind == Kind::kDoubled) {
    summary->blocks++;
    summary->requested_bytes += change.after.bytes;
    Count(change.after.bytes, &summary->sizes);
  }
  if (change.kind == Kind::kEnded || change.kind == Kind::kResized) {
    summary->cross_thread_ends += change.before.thread != event.thread ? 1 : 0;
    Count(event.time_ns - std::min(event.time_ns, change.before.born_ns), &summary->lifetimes_ns);
    Count(blocks - change.before.born_blocks - 1, &summary->lifetimes_blocks);
  }
}

}  // namespace

Summary Summarise(TraceReader *reader, size_t stretches) {
  Summary summary;
  summary.threads.resize(reader->thread_count());
  summary.live_bytes_over_time.resize(stretches);
  const Span span = FindSpan(reader);
  summary.duration_ns = span.last_ns - span.first_ns;
  LiveBlocks blocks;
  Event event;
  size_t stretch = 0;
  reader->Rewind();
  while (reader->Next(&event)) {
    const uint64_t now_ns = event.time_ns - span.first_ns;
    const double part =
        static_cast<double>(now_ns) / (static_cast<double>(summary.duration_ns) + 1);
    const size_t now =
        std::min(static_cast<size_t>(part * static_cast<double>(stretches)), stretches - 1);
    // What was live before goes on until now.
    for (; stretch < now; stretch++) {
      summary.live_bytes_over_time[stretch + 1] = blocks.bytes();
    }
    CountEvent(event, now_ns, &summary);
    const Change change = blocks.Apply(event);
    CountChange(change, event, blocks.blocks_made(), &summary);
    summary.live_bytes_over_time[stretch] =
        std::max(summary.live_bytes_over_time[stretch], blocks.bytes());
    if (blocks.peak_bytes() > summary.peak_live_bytes) {
      summary.peak_live_bytes = blocks.peak_bytes();
      summary.peak_ns = now_ns;
    }
    summary.peak_live_blocks = std::max(summary.peak_live_blocks, blocks.count());
  }
  summary.end_live_bytes = blocks.bytes();
  summary.end_live_blocks = blocks.count();
  return summary;
}

}  // namespace loam::trace
