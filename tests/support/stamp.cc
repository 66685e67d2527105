#include "tests/support/stamp.h"

#include <cstring>

#include "tests/support/random.h"

namespace loam::test {
namespace {

constexpr size_t kWord = sizeof(uint64_t);

uint64_t WordOfStamp(uint64_t seed, size_t index) { return Mix(seed ^ (uint64_t{index} << 20)); }

}  // namespace

// Whole words first: their constant length spares a call for each.
void Stamp(void *block, size_t size, uint64_t seed) {
  auto *bytes = static_cast<unsigned char *>(block);
  size_t at = 0;
  for (; size - at >= kWord; at += kWord) {
    const uint64_t word = WordOfStamp(seed, at);
    std::memcpy(bytes + at, &word, kWord);
  }
  const uint64_t word = WordOfStamp(seed, at);
  std::memcpy(bytes + at, &word, size - at);
}

bool IsStamped(const void *block, size_t size, uint64_t seed) {
  const auto *bytes = static_cast<const unsigned char *>(block);
  size_t at = 0;
  for (; size - at >= kWord; at += kWord) {
    const uint64_t word = WordOfStamp(seed, at);
    if (std::memcmp(bytes + at, &word, kWord) != 0) return false;
  }
  const uint64_t word = WordOfStamp(seed, at);
  return std::memcmp(bytes + at, &word, size - at) == 0;
}

bool IsZero(const void *block, size_t size) {
  const auto *bytes = static_cast<const unsigned char *>(block);
  return size == 0 || (bytes[0] == 0 && std::memcmp(bytes, bytes + 1, size - 1) == 0);
}

}  // namespace loam::test
