// Content that tells whose block it is: a stamp fills a block with bytes that
// follow from a seed, so that a stray write into it shows.

#ifndef LOAM_TESTS_SUPPORT_STAMP_H_
#define LOAM_TESTS_SUPPORT_STAMP_H_

#include <cstddef>
#include <cstdint>

namespace loam::test {

// Fills the block. The first n bytes are the same for every size over n.
void Stamp(void *block, size_t size, uint64_t seed);

// Whether the block is just as Stamp left it. Never allocates.
bool IsStamped(const void *block, size_t size, uint64_t seed);

// Whether all bytes are 0. Never allocates.
bool IsZero(const void *block, size_t size);

}  // namespace loam::test

#endif  // LOAM_TESTS_SUPPORT_STAMP_H_
