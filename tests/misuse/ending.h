// How a misuse_program ended, put together from its status and what it said.

#ifndef LOAM_TESTS_MISUSE_ENDING_H_
#define LOAM_TESTS_MISUSE_ENDING_H_

#include <string>

#include "tests/misuse/promises.h"
#include "tests/support/process.h"

namespace loam::test {

enum class Ending {
  kCaughtAtOnce,
  kCaughtAtFree,
  kCaughtAtReuse,
  kHarmless,
  kContained,
  kBroken,      // the heap is, or the process died where it should not, or with a wrong report
  kDidNotRun,   // nor was it a misuse: wrong arguments, a fault before the deed
  kDidNotStop,  // in time
};

const char *NameOf(Ending ending);

Ending EndingOf(const ChildResult &child);

// Whether an ending keeps the promise: to be caught earlier than promised is fine. So is a
// read that finds nothing where allocators are built to fill what is freed (--config=debug).
bool Keeps(Ending ending, Promise promise);

}  // namespace loam::test

#endif  // LOAM_TESTS_MISUSE_ENDING_H_
