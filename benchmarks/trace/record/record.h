// loam-trace record: runs a program and writes what its malloc is asked for.

#ifndef LOAM_BENCHMARKS_TRACE_RECORD_RECORD_H_
#define LOAM_BENCHMARKS_TRACE_RECORD_RECORD_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace loam::trace {

struct RecordOptions {
  std::vector<std::string> command;
  std::string preload;  // path of libloam_trace.so
  std::string output;   // of the first image; see Harvester
  bool follow = false;  // also record children, and what they exec
  int level = 3;        // zstd's
};

// Runs the program to its end (and with `follow`, all that it started), says on
// stderr what was written, and gives the program's exit status, 128 + N where
// signal N killed it. An error where nothing, or not all, could be recorded: the
// program has run to its end all the same if it could be started.
absl::StatusOr<int> Record(const RecordOptions &options);

}  // namespace loam::trace

#endif  // LOAM_BENCHMARKS_TRACE_RECORD_RECORD_H_
