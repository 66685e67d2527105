// Which workloads there are: those that the cell knows, and real programs.

#ifndef LOAM_BENCHMARKS_HARNESS_WORKLOADS_H_
#define LOAM_BENCHMARKS_HARNESS_WORKLOADS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "benchmarks/harness/model.h"
#include "benchmarks/harness/process.h"

namespace loam::matrix {

// Asks the cell.
absl::StatusOr<std::vector<Workload>> CellWorkloads(const ProcessRunner &runner,
                                                    const std::string &cell);

// Reads a table of programs, each with these fields:
//   command   what is run under each allocator
//   measured  the program that the command becomes by exec, where it is another
//             than the command's first word
//   setup     run once, before all measuring and without an allocator
//   needs     other programs that must be there
//   environment, stdin
// {folder} in it stands for the table's own folder, {measured} for that
// program's path. What runs, runs in the folder of the runner. A program that is
// not installed gives a workload with a problem.
absl::StatusOr<std::vector<Workload>> ProgramWorkloads(const std::string &table_path);

}  // namespace loam::matrix

#endif  // LOAM_BENCHMARKS_HARNESS_WORKLOADS_H_
