// Numbers in as few bytes as they need: seven bits a byte, low bits first, the
// eighth bit set where more follow.

#ifndef LOAM_BENCHMARKS_TRACE_FORMAT_VARINT_H_
#define LOAM_BENCHMARKS_TRACE_FORMAT_VARINT_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace loam::trace {

inline void PutVarint(uint64_t number, std::string *bytes) {
  for (; number >= 0x80; number >>= 7) bytes->push_back(static_cast<char>(number | 0x80));
  bytes->push_back(static_cast<char>(number));
}

// Takes a number from the front of `bytes`; false where there is none.
inline bool TakeVarint(absl::string_view *bytes, uint64_t *number) {
  *number = 0;
  for (unsigned shift = 0; shift < 64 && !bytes->empty(); shift += 7) {
    const uint64_t byte = static_cast<unsigned char>(bytes->front());
    bytes->remove_prefix(1);
    if (shift == 63 && byte > 1) return false;
    *number |= (byte & 0x7f) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

// Small numbers of either sign become small numbers: 0, -1, 1, -2 ... as 0, 1, 2, 3 ...
inline uint64_t ZigZag(uint64_t difference) {
  return difference << 1 ^ (difference >> 63 == 0 ? 0 : UINT64_MAX);
}
inline uint64_t UnZigZag(uint64_t number) {
  return number >> 1 ^ ((number & 1) == 0 ? 0 : UINT64_MAX);
}

}  // namespace loam::trace

#endif  // LOAM_BENCHMARKS_TRACE_FORMAT_VARINT_H_
