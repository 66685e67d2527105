// From what the user asked for to a matrix that is ready to be measured.

#ifndef LOAM_BENCHMARKS_HARNESS_ASSEMBLE_H_
#define LOAM_BENCHMARKS_HARNESS_ASSEMBLE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "benchmarks/harness/model.h"
#include "benchmarks/harness/options.h"
#include "benchmarks/harness/process.h"
#include "benchmarks/harness/runfiles.h"
#include "benchmarks/harness/scratch_folder.h"
#include "nlohmann/json.hpp"

namespace loam::matrix {

// The files that were built with the matrix, and the means to start processes.
struct Tools {
  ScratchFolder scratch;
  std::string cell;
  std::string latency_cell;
  ProcessRunner runner;
};

absl::StatusOr<Tools> FindTools(const Runfiles &runfiles);

// All that there is, wanted or not.
absl::StatusOr<std::vector<Allocator>> AllAllocators(const Options &options,
                                                     const Runfiles &runfiles);
absl::StatusOr<std::vector<Workload>> AllWorkloads(const Options &options, const Tools &tools,
                                                   const Runfiles &runfiles);

// What the options choose of it, probed and proven, with nothing measured. Says
// on stderr which allocators are left out.
absl::StatusOr<Matrix> MakeMatrix(const Options &options, const Runfiles &runfiles,
                                  const Tools &tools);

// What two runs have in common when one can go on with the other's journal.
nlohmann::ordered_json PlanOf(const Options &options, const Tools &tools, const Matrix &matrix,
                              const nlohmann::ordered_json &context);

}  // namespace loam::matrix

#endif  // LOAM_BENCHMARKS_HARNESS_ASSEMBLE_H_
