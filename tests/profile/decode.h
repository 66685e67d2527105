// A heap profile, decoded field by field: every byte of it is accounted for, or it is wrong.

#ifndef LOAM_TESTS_PROFILE_DECODE_H_
#define LOAM_TESTS_PROFILE_DECODE_H_

#include <cstdint>
#include <string>
#include <vector>

namespace loam::test {

struct Totals {
  uint64_t live_blocks = 0, live_bytes = 0, all_blocks = 0, all_bytes = 0;
};

struct Row {
  Totals totals;
  std::vector<uintptr_t> frames;  // return addresses, innermost first
};

struct HeapProfile {
  std::string problem;  // empty: none
  Totals totals;
  uint64_t period = 0, samples = 0, lost = 0;
  uint64_t live_error = 0, all_error = 0;  // standard errors of bytes, as the profile has them
  std::vector<Row> rows;
};

HeapProfile DecodeProfile(const std::string &text);

}  // namespace loam::test

#endif  // LOAM_TESTS_PROFILE_DECODE_H_
