// Random programs, one after the other, on one variant.

#ifndef LOAM_TESTS_FUZZ_RANDOM_RUN_H_
#define LOAM_TESTS_FUZZ_RANDOM_RUN_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "common/variant/variant.h"
#include "tests/fuzz/generator.h"

namespace loam::test {

struct RandomRun {
  uint64_t seed = 1;
  size_t operations = 0;                  // ends after these, and
  double seconds = 0;                     // after this long; 0: no such end
  std::vector<const Profile *> profiles;  // taken in turn, each for as many operations
  double progress_seconds = 0;            // a line on stdout this often; 0: none
  std::string failure_file;               // gets the program that fails; "": none does
};

struct RandomRunResult {
  size_t operations = 0;
  size_t programs = 0;
  double seconds = 0;
};

// A program that fails ends the process, after lines on stderr that say how to
// come back to it. One run at a time.
RandomRunResult RunAtRandom(const loam_variant &variant, const RandomRun &run);

}  // namespace loam::test

#endif  // LOAM_TESTS_FUZZ_RANDOM_RUN_H_
