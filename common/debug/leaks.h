// The search for leaks: which live blocks no pointer leads to any more.
//
// Conservative, as LeakSanitizer's: any aligned word of writable memory whose value is an address
// inside a block, its beginning or not, may be a pointer to it. Roots are all memory of
// the process that can be written, but for blocks and for the stack of the calling thread below
// its caller, and the registers of all threads; from there through blocks that are reached.
// README.md says what that means.

#ifndef LOAM_COMMON_DEBUG_LEAKS_H_
#define LOAM_COMMON_DEBUG_LEAKS_H_

#include "common/debug/debug.h"

struct loam_leak_sum {
  size_t blocks, bytes;
};

struct loam_leaks {
  struct loam_leak_sum direct;     // no pointer leads there
  struct loam_leak_sum indirect;   // only pointers of other leaked blocks do
  struct loam_leak_sum reachable;  // all others
};

// Searches and, as the option `leaks` says, reports: the sums are in *leaks. `stack` is the lowest
// address of the calling thread's stack that counts. Other threads stand still meanwhile.
// False, with a line on stderr, where there is no memory to search with.
bool loam_debug_leaks(struct loam_debug *debug, uintptr_t stack, struct loam_leaks *leaks);

// At the end of the process, after all of the program's own code: as the options say.
void loam_debug_at_exit(struct loam_debug *debug);

#endif  // LOAM_COMMON_DEBUG_LEAKS_H_
