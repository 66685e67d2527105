// Which system calls a process makes, counted by strace in a repetition of its
// own: under it, a call takes tens of times longer, so nothing else is taken
// from there.

#ifndef LOAM_BENCHMARKS_HARNESS_SYSTEM_CALLS_H_
#define LOAM_BENCHMARKS_HARNESS_SYSTEM_CALLS_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "benchmarks/harness/process.h"

namespace loam::matrix {

// The path of a strace that can trace here, or why there is none.
absl::StatusOr<std::string> FindStrace(const ProcessRunner &runner);

// Its summary by name, as `strace -c -U name,calls` writes it; what is none
// gives an error.
absl::StatusOr<std::map<std::string, int64_t>> ReadStraceSummary(const std::string &text);

}  // namespace loam::matrix

#endif  // LOAM_BENCHMARKS_HARNESS_SYSTEM_CALLS_H_
