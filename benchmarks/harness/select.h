// Choosing from a list of names by patterns, as --allocators and --workloads do.

#ifndef LOAM_BENCHMARKS_HARNESS_SELECT_H_
#define LOAM_BENCHMARKS_HARNESS_SELECT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace loam::matrix {

// The indices of the names that match any pattern (as a shell's), in the order
// of `names`; all of them when there is no pattern. A pattern that matches
// nothing is an error that lists the names; `what` is what they are called.
absl::StatusOr<std::vector<size_t>> Select(const std::vector<std::string> &names,
                                           const std::vector<std::string> &patterns,
                                           const std::string &what);

}  // namespace loam::matrix

#endif  // LOAM_BENCHMARKS_HARNESS_SELECT_H_
