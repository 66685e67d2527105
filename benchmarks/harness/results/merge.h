// The shards of a run, as one result.

#ifndef LOAM_BENCHMARKS_HARNESS_RESULTS_MERGE_H_
#define LOAM_BENCHMARKS_HARNESS_RESULTS_MERGE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "benchmarks/harness/results/read_result.h"

namespace loam::matrix {

// What one run without shards would have given; rows keep the machine that they
// were measured on, and no ratio or mean is of two. `names` are the shards' for
// error messages: one line that says which shard is missing, there twice, or of
// another run.
absl::StatusOr<Result> MergeShards(const std::vector<Result> &shards,
                                   const std::vector<std::string> &names);

}  // namespace loam::matrix

#endif  // LOAM_BENCHMARKS_HARNESS_RESULTS_MERGE_H_
