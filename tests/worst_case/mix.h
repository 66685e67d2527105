// A mix of calls that provokes an allocator's worst cases, the same for every
// allocator and, with a seed, the same each time.
//
// It goes round in phases, each of which begins and ends with an empty heap:
//
//   consolidate  many small frees, then a large request: caches that are emptied
//                all at once (glibc's malloc_consolidate)
//   comb         every second block is freed, then a little more is asked for
//                than any hole has: searches past misfits, unsorted bins
//   stack        last in, first out
//   queue        first in, first out
//   random       16 bytes to 64 KiB, in any order
//   neighbours   frees that merge with both neighbours
//   split        a small request to one large free block, and that block whole
//   exhaust      until nothing is left, and then some; freed and taken again
//
// Live bytes follow the heap's size. Of a block only the first word is touched:
// it says whose block it is, and is verified before the free.

#ifndef LOAM_TESTS_WORST_CASE_MIX_H_
#define LOAM_TESTS_WORST_CASE_MIX_H_

#include <cstddef>
#include <cstdint>

namespace loam::test {

struct MixOptions {
  size_t heap_bytes;  // at least 64 KiB
  size_t operations;  // about: the last phase ends early, with all blocks freed
  uint64_t seed;
};

// What the mix makes its calls through. A malloc may give NULL.
class Calls {
 public:
  virtual ~Calls() = default;
  virtual void *Malloc(size_t size) = 0;
  virtual void Free(void *block, size_t size) = 0;
  // Before the calls of each phase.
  virtual void BeginPhase(const char *name) = 0;
};

struct MixResult {
  size_t operations = 0;
  size_t refused = 0;  // mallocs that gave NULL
  size_t live_bytes_max = 0;
  const char *fault = nullptr;  // the first thing that was wrong with a block
};

MixResult RunMix(const MixOptions &options, Calls *calls);

}  // namespace loam::test

#endif  // LOAM_TESTS_WORST_CASE_MIX_H_
