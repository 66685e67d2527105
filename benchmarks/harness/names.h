// What the result file calls the kinds and states of the model.

#ifndef LOAM_BENCHMARKS_HARNESS_NAMES_H_
#define LOAM_BENCHMARKS_HARNESS_NAMES_H_

#include <string>

#include "absl/status/statusor.h"
#include "benchmarks/harness/model.h"
#include "benchmarks/statistics/comparison.h"

namespace loam::matrix {

const char *NameOf(AllocatorKind kind);
const char *NameOf(CellStatus status);
const char *NameOf(statistics::Verdict verdict);

// The inverse; an error for a name that is none.
absl::StatusOr<AllocatorKind> AllocatorKindNamed(const std::string &name);
absl::StatusOr<CellStatus> CellStatusNamed(const std::string &name);

}  // namespace loam::matrix

#endif  // LOAM_BENCHMARKS_HARNESS_NAMES_H_
