// The fields of a repetition, named once for all files that have them.

#ifndef LOAM_BENCHMARKS_HARNESS_REPETITION_JSON_H_
#define LOAM_BENCHMARKS_HARNESS_REPETITION_JSON_H_

#include "benchmarks/harness/model.h"
#include "nlohmann/json.hpp"

namespace loam::matrix {

// Every field; what was not measured is null.
nlohmann::ordered_json RepetitionToJson(const Repetition &repetition);

// The inverse; other fields are passed over, and what may be unmeasured may be
// missing, as in files that are older than it. Throws what nlohmann::json throws
// when another field is missing, or one is of another type.
Repetition RepetitionFromJson(const nlohmann::ordered_json &json);

}  // namespace loam::matrix

#endif  // LOAM_BENCHMARKS_HARNESS_REPETITION_JSON_H_
