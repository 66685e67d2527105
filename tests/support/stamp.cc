#include "tests/support/stamp.h"

#include <cstring>

#include "tests/support/random.h"

namespace loam::test {
namespace {

constexpr size_t kWord = sizeof(uint64_t);

uint64_t WordOfStamp(uint64_t seed, size_t index) { return Mix(seed ^ (uint64_t{index} << 20)); }

}  // namespace

void Stamp(void *block, size_t size, uint64_t seed) {
  auto *bytes = static_cast<unsigned char *>(block);
  for (size_t at = 0; at < size; at += kWord) {
    const uint64_t word = WordOfStamp(seed, at);
    std::memcpy(bytes + at, &word, size - at < kWord ? size - at : kWord);
  }
}

bool IsStamped(const void *block, size_t size, uint64_t seed) {
  const auto *bytes = static_cast<const unsigned char *>(block);
  for (size_t at = 0; at < size; at += kWord) {
    const uint64_t word = WordOfStamp(seed, at);
    if (std::memcmp(bytes + at, &word, size - at < kWord ? size - at : kWord) != 0) return false;
  }
  return true;
}

bool IsZero(const void *block, size_t size) {
  const auto *bytes = static_cast<const unsigned char *>(block);
  return size == 0 || (bytes[0] == 0 && std::memcmp(bytes, bytes + 1, size - 1) == 0);
}

}  // namespace loam::test
