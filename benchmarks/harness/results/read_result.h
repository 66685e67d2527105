// A result file, back into what it was written from.

#ifndef LOAM_BENCHMARKS_HARNESS_RESULTS_READ_RESULT_H_
#define LOAM_BENCHMARKS_HARNESS_RESULTS_READ_RESULT_H_

#include <string>

#include "absl/status/statusor.h"
#include "benchmarks/harness/model.h"
#include "nlohmann/json.hpp"

namespace loam::matrix {

struct Result {
  Matrix matrix;
  nlohmann::ordered_json context;
};

// The text of a file as JSON; an error in one line, with the path, if it cannot
// be read. What is no JSON gives a discarded value.
absl::StatusOr<nlohmann::ordered_json> ReadJson(const std::string &path);

// An error in one line for what is no result file, or is damaged.
absl::StatusOr<Result> ParseResult(const nlohmann::ordered_json &json);

// Both; errors start with the path.
absl::StatusOr<Result> ReadResult(const std::string &path);

}  // namespace loam::matrix

#endif  // LOAM_BENCHMARKS_HARNESS_RESULTS_READ_RESULT_H_
