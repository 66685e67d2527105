// The basic blocks that are entered in code compiled with
// -fsanitize-coverage=trace-pc: steps that are exact, the same on every machine,
// and cheap enough to be counted for every call of a long run. What a basic
// block costs has a bound, but for the kernel's calls and libc's memset, which
// the heaps of given memory never make.

#ifndef LOAM_TESTS_WORST_CASE_BASIC_BLOCKS_H_
#define LOAM_TESTS_WORST_CASE_BASIC_BLOCKS_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "tests/worst_case/allocator.h"
#include "tests/worst_case/measure.h"
#include "tests/worst_case/mix.h"

namespace loam::test {

// Since the process began; for code that runs in one thread.
uint64_t BasicBlocksEntered();

// The most basic blocks that one call entered, and which call it was.
struct MostSteps {
  uint64_t steps = 0;
  Where where;
};

struct Steps {
  MixResult result;
  MostSteps malloc;
  MostSteps free;
};

// Counts the steps of every call of the mix.
Steps CountSteps(const Allocator &allocator, const MixOptions &options);

// The same over heaps of 1 MiB and of 4 GiB, each in memory of its own.
struct StepsOfTwoHeaps {
  bool given_memory;  // whether the allocator's heap lay in it
  Steps small;
  Steps large;

  // No call of one takes a tenth more steps than the other's calls do at most.
  bool AreConstant() const;
  std::string Describe() const;
};

StepsOfTwoHeaps CountStepsOfTwoHeaps(const MakeAllocator &make, size_t operations);

}  // namespace loam::test

#endif  // LOAM_TESTS_WORST_CASE_BASIC_BLOCKS_H_
