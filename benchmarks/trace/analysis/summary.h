// What a trace comes to: the numbers of `loam-trace info`.

#ifndef LOAM_BENCHMARKS_TRACE_ANALYSIS_SUMMARY_H_
#define LOAM_BENCHMARKS_TRACE_ANALYSIS_SUMMARY_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "benchmarks/trace/analysis/live_blocks.h"
#include "benchmarks/trace/format/trace_reader.h"
#include "nlohmann/json.hpp"

namespace loam::trace {

// Counts by power of two: element i counts numbers of i bits, so [2^(i-1), 2^i);
// element 0 counts zeros.
using LogHistogram = std::array<uint64_t, 65>;

struct ThreadSummary {
  uint64_t events = 0;
  uint64_t first_ns = 0;  // since the trace's first event
  uint64_t last_ns = 0;
};

struct Summary {
  std::array<uint64_t, TRACE_KIND_END> events_by_kind = {};
  uint64_t events = 0;
  uint64_t duration_ns = 0;
  uint64_t blocks = 0;           // handed out; a resize that succeeds is one more
  uint64_t failed_calls = 0;     // gave NULL for more than 0 bytes
  uint64_t requested_bytes = 0;  // of all blocks
  uint64_t peak_live_bytes = 0;
  uint64_t peak_ns = 0;  // when that was first reached
  uint64_t peak_live_blocks = 0;
  uint64_t end_live_bytes = 0;
  uint64_t end_live_blocks = 0;
  uint64_t cross_thread_ends = 0;      // blocks given back or resized by another thread
  uint64_t unknown_blocks = 0;         // given back, but never handed out
  LogHistogram sizes = {};             // bytes of a block
  LogHistogram lifetimes_ns = {};      // of blocks that ended
  LogHistogram lifetimes_blocks = {};  // the same, in blocks that were made meanwhile
  std::vector<ThreadSummary> threads;
  // The most bytes that were live in each of equal stretches of time.
  std::vector<uint64_t> live_bytes_over_time;
};

// Reads the whole trace, twice; `stretches` is the length of live_bytes_over_time.
Summary Summarise(TraceReader *reader, size_t stretches);

nlohmann::ordered_json SummaryJson(const TraceReader &reader, const Summary &summary);
std::string SummaryText(const TraceReader &reader, const Summary &summary);

}  // namespace loam::trace

#endif  // LOAM_BENCHMARKS_TRACE_ANALYSIS_SUMMARY_H_
