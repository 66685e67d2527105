// Student's t distribution.

#ifndef LOAM_BENCHMARKS_STATISTICS_STUDENT_H_
#define LOAM_BENCHMARKS_STATISTICS_STUDENT_H_

namespace loam::statistics {

// The chance that a value as far from 0 as `t`, to either side, comes up.
// `degrees` of freedom are positive and need not be whole.
double StudentTwoSidedP(double t, double degrees);

// The value below which a share of the distribution lies; 0 < share < 1.
double StudentQuantile(double share, double degrees);

}  // namespace loam::statistics

#endif  // LOAM_BENCHMARKS_STATISTICS_STUDENT_H_
