// Where the variants and libc differ because one of them chose to: each with
// its reason. All else must be the same.

#ifndef LOAM_TESTS_DIFFERENTIAL_DIFFERENCES_H_
#define LOAM_TESTS_DIFFERENTIAL_DIFFERENCES_H_

#include <cstddef>
#include <vector>

#include "tests/differential/call.h"

namespace loam::test {

struct Difference {
  const char *name;
  const char *reason;
  unsigned fields;  // bits of enum Field that it excuses
  bool always;      // else only on some machines or with some versions of libc
  // `holds`: whether a block went in.
  bool (*applies)(const Call &call, bool holds);
};

const std::vector<Difference> &Differences();

}  // namespace loam::test

#endif  // LOAM_TESTS_DIFFERENTIAL_DIFFERENCES_H_
