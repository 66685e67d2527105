// What a run of one allocator under two names says of the instrument itself.

#ifndef LOAM_BENCHMARKS_HARNESS_SELF_CHECK_H_
#define LOAM_BENCHMARKS_HARNESS_SELF_CHECK_H_

#include <cstddef>
#include <string>

#include "benchmarks/harness/summary.h"

namespace loam::matrix {

struct SelfCheck {
  size_t compared = 0;  // comparisons that could have found something
  size_t found = 0;     // that did; every one is a mistake
  size_t allowed = 0;   // 1 % of them; one in any case, or fifty could have none

  bool Passed() const { return compared > 0 && found <= allowed; }
  // In one line.
  std::string Describe() const;
};

SelfCheck CheckSelf(const Summary &summary);

}  // namespace loam::matrix

#endif  // LOAM_BENCHMARKS_HARNESS_SELF_CHECK_H_
