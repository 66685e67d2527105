// What must be known of a trace before its first operation can be written down.

#ifndef LOAM_BENCHMARKS_TRACE_REPLAY_FACTS_H_
#define LOAM_BENCHMARKS_TRACE_REPLAY_FACTS_H_

#include <cstdint>
#include <vector>

#include "benchmarks/trace/analysis/live_blocks.h"
#include "benchmarks/trace/format/trace_reader.h"

namespace loam::trace {

constexpr uint32_t kNoThread = UINT32_MAX;

struct Facts {
  uint64_t operations = 0;
  // How many operations are done when the most bytes are live, for the first time.
  uint64_t peak_operation = 0;
  // By block; UINT32_MAX: all of its pages, as far as is known.
  std::vector<uint32_t> touched_pages;
  // By chain (the id of a block's first form): who uses it; kNoThread: several.
  std::vector<uint32_t> user;
};

// Whether the change has a new block.
inline bool MakesBlock(const Change &change) {
  return change.kind == Change::Kind::kMade || change.kind == Change::Kind::kResized ||
         change.kind == Change::Kind::kDoubled;
}

// Reads the whole trace.
Facts FindFacts(TraceReader *reader);

}  // namespace loam::trace

#endif  // LOAM_BENCHMARKS_TRACE_REPLAY_FACTS_H_
