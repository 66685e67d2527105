// Sequences of calls: every edge of every function, and random ones.

#ifndef LOAM_TESTS_DIFFERENTIAL_SEQUENCES_H_
#define LOAM_TESTS_DIFFERENTIAL_SEQUENCES_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "tests/differential/call.h"

namespace loam::test {

// Every function with every edge of its arguments, from blocks of several sizes.
std::vector<Call> EdgeCalls();

// `calls` of them, with an edge here and there.
std::vector<Call> RandomCalls(uint64_t seed, size_t calls);

}  // namespace loam::test

#endif  // LOAM_TESTS_DIFFERENTIAL_SEQUENCES_H_
