// Makes a trace ready to be replayed.

#ifndef LOAM_BENCHMARKS_TRACE_REPLAY_COMPILE_H_
#define LOAM_BENCHMARKS_TRACE_REPLAY_COMPILE_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace loam::trace {

struct CompiledTrace {
  uint64_t operations = 0;  // of one pass
  uint64_t peak_live_bytes = 0;
  uint32_t lanes = 0;  // threads at a time
  uint32_t passes = 0;
};

// Writes the plan of the trace at `trace_path` to `plan_path`. What a damaged
// trace still has is replayed. Takes about 30 bytes of memory an event, while it
// runs.
absl::StatusOr<CompiledTrace> CompileTrace(const std::string &trace_path,
                                           const std::string &plan_path);

}  // namespace loam::trace

#endif  // LOAM_BENCHMARKS_TRACE_REPLAY_COMPILE_H_
