// The instructions of one call, counted exactly: the processor's trap flag ends
// every one of them in a SIGTRAP, whose handler counts. An instruction costs a
// microsecond or two then, in some virtual machines twenty: this is for some
// calls of a run, not for all.
//
// (A machine without hardware counters has nothing better: valgrind's tools
// count as exactly, but sum up over a function's calls and report no maximum.)

#ifndef LOAM_TESTS_WORST_CASE_STEP_H_
#define LOAM_TESTS_WORST_CASE_STEP_H_

#include <cstddef>
#include <cstdint>

namespace loam::test {

// x86-64 Linux, and no sanitizer that owns the signals.
bool CanStep();

using Function = void (*)();  // any function; cast before a call

struct Stepped {
  void *result;
  uint64_t instructions;
  bool cut;  // stopped counting at the limit; the call went on to its end
};

// Calls function(first, second), both of which it may ignore, and counts its
// instructions, also those of what it calls, but none of the kernel. One that
// repeats itself (rep movs) is one. One thread at a time. CanStep() must be true.
Stepped StepCall(Function function, void *first, void *second, uint64_t limit);

}  // namespace loam::test

#endif  // LOAM_TESTS_WORST_CASE_STEP_H_
