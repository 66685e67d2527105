// The result file: the matrix as JSON, as benchmarks/schema describes it.

#ifndef LOAM_BENCHMARKS_HARNESS_RESULT_JSON_H_
#define LOAM_BENCHMARKS_HARNESS_RESULT_JSON_H_

#include <cstddef>
#include <string>

#include "benchmarks/harness/model.h"
#include "benchmarks/harness/summary.h"
#include "nlohmann/json.hpp"

namespace loam::matrix {

constexpr char kSchemaId[] = "loam-matrix-v1";

// "jemalloc/micro/pair/threads:1".
std::string CellName(const Matrix &matrix, const Cell &cell);

// `context` as MachineContext gives it, with what the run adds.
nlohmann::ordered_json ResultJson(const Matrix &matrix, const Summary &summary,
                                  const nlohmann::ordered_json &context);

// About how long the file will be, or a little more.
size_t ExpectedResultBytes(const Matrix &matrix, int rounds);

}  // namespace loam::matrix

#endif  // LOAM_BENCHMARKS_HARNESS_RESULT_JSON_H_
