// Results for tests: two allocators over three rows, measured by a formula.

#ifndef LOAM_BENCHMARKS_HARNESS_RESULTS_MADE_UP_RESULT_H_
#define LOAM_BENCHMARKS_HARNESS_RESULTS_MADE_UP_RESULT_H_

#include "benchmarks/harness/results/read_result.h"

namespace loam::matrix {

// The rows are micro/pair, threaded/server x1 and x2; the allocators are glibc,
// the baseline, and peer, which takes half the time. Complete and noisy, all
// that a result file needs.
Result MadeUpResult(int rounds = 7);

}  // namespace loam::matrix

#endif  // LOAM_BENCHMARKS_HARNESS_RESULTS_MADE_UP_RESULT_H_
