// Checks results against their schema.

#ifndef LOAM_BENCHMARKS_TESTING_SCHEMA_H_
#define LOAM_BENCHMARKS_TESTING_SCHEMA_H_

#include "nlohmann/json.hpp"

namespace loam::matrix {

// Whether `result` keeps to the schema; what is wrong is printed.
bool IsValid(const nlohmann::json &result);

}  // namespace loam::matrix

#endif  // LOAM_BENCHMARKS_TESTING_SCHEMA_H_
