// Traces as workloads: those that are shipped, and the user's own.

#ifndef LOAM_BENCHMARKS_HARNESS_TRACES_H_
#define LOAM_BENCHMARKS_HARNESS_TRACES_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "benchmarks/harness/model.h"
#include "benchmarks/harness/runfiles.h"

namespace loam::matrix {

// The workload that a file becomes: trace/, and what of its name may be there.
std::string TraceName(const std::string &path);

// Adds the traces of a table, and the given files. An error where one of these is
// no trace, or two workloads would have the same name.
absl::Status AddTraceWorkloads(const std::string &table_path, const std::vector<std::string> &given,
                               std::vector<Workload> *workloads);

// Makes the traces among them ready to run, with files in `folder`.
absl::Status PrepareTraces(const Runfiles &runfiles, const std::string &folder,
                           std::vector<Workload> *workloads);

}  // namespace loam::matrix

#endif  // LOAM_BENCHMARKS_HARNESS_TRACES_H_
