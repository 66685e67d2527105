// The fields of a repetition, named once for all files that have them.

#ifndef LOAM_BENCHMARKS_HARNESS_REPETITION_JSON_H_
#define LOAM_BENCHMARKS_HARNESS_REPETITION_JSON_H_

#include "benchmarks/harness/model.h"
#include "nlohmann/json.hpp"

namespace loam::matrix {

// Every field; what was not measured is null.
nlohmann::ordered_json RepetitionToJson(const Repetition &repetition);

// The inverse; other fields are passed over. Throws what nlohmann::json throws
// when a field is missing or of another type.
Repetition RepetitionFromJson(const nlohmann::ordered_json &json);

}  // namespace loam::matrix

#endif  // LOAM_BENCHMARKS_HARNESS_REPETITION_JSON_H_
