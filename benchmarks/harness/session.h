// One use of the matrix: from its options to tables on stdout and a file.

#ifndef LOAM_BENCHMARKS_HARNESS_SESSION_H_
#define LOAM_BENCHMARKS_HARNESS_SESSION_H_

#include <csignal>
#include <string>

#include "absl/status/status.h"
#include "benchmarks/harness/options.h"
#include "benchmarks/harness/runfiles.h"

namespace loam::matrix {

// Prints what there is to measure.
absl::Status ListAll(const Options &options, const Runfiles &runfiles);

// Measures, writes the file, prints the tables, and compares where the options
// say so. `interrupted` is set by a signal: what was measured until then is
// kept. kCancelled when that happened, kAborted when a check failed.
absl::Status RunMatrix(const Options &options, const Runfiles &runfiles,
                       const volatile std::sig_atomic_t *interrupted);

}  // namespace loam::matrix

#endif  // LOAM_BENCHMARKS_HARNESS_SESSION_H_
