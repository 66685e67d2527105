// What commands print on stdout.

#ifndef LOAM_BENCHMARKS_HARNESS_SHOW_H_
#define LOAM_BENCHMARKS_HARNESS_SHOW_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "benchmarks/harness/options.h"
#include "benchmarks/harness/results/read_result.h"
#include "nlohmann/json.hpp"

namespace loam::matrix {

// An error if stdout takes no more.
absl::Status Show(const std::string &text);

// The tables of a result, with colour where stdout is a terminal; those of
// metrics that are details only with `details`.
absl::StatusOr<std::string> RenderTables(const nlohmann::ordered_json &result, TableFormat format,
                                         bool details = false);

// How `after` differs from `before`; kAborted for a regression where the options
// want that to be a failure.
absl::Status ShowDifferences(const Result &before, const Result &after, const Options &options);

}  // namespace loam::matrix

#endif  // LOAM_BENCHMARKS_HARNESS_SHOW_H_
