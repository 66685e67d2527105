// What real programs work on, made before they are measured.

#ifndef LOAM_BENCHMARKS_HARNESS_PROGRAM_SETUP_H_
#define LOAM_BENCHMARKS_HARNESS_PROGRAM_SETUP_H_

#include "benchmarks/harness/model.h"
#include "benchmarks/harness/process.h"

namespace loam::matrix {

// Runs each program's setup once, in the runner's folder. Where it fails, the
// cells of that workload have failed.
void SetUpPrograms(const ProcessRunner &runner, Matrix *matrix);

}  // namespace loam::matrix

#endif  // LOAM_BENCHMARKS_HARNESS_PROGRAM_SETUP_H_
