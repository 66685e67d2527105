// Commands that measure nothing: they read result files and write others.

#ifndef LOAM_BENCHMARKS_HARNESS_FILES_H_
#define LOAM_BENCHMARKS_HARNESS_FILES_H_

#include "absl/status/status.h"
#include "benchmarks/harness/options.h"

namespace loam::matrix {

// Prints the tables of the file that --print names.
absl::Status PrintResult(const Options &options);

// compare BEFORE AFTER. kAborted for a regression with --fail_on_regression.
absl::Status CompareFiles(const Options &options);

// merge OUT SHARD...
absl::Status MergeFiles(const Options &options);

// tables DOCUMENT... kAborted for one that is out of date with --check.
absl::Status RenewDocuments(const Options &options);

}  // namespace loam::matrix

#endif  // LOAM_BENCHMARKS_HARNESS_FILES_H_
