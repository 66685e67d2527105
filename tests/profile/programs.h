// Programs that allocate in their own ways from call sites that are known, and count what they do.

#ifndef LOAM_TESTS_PROFILE_PROGRAMS_H_
#define LOAM_TESTS_PROFILE_PROGRAMS_H_

#include <atomic>
#include <cstdint>
#include <vector>

#include "allocators/thread_heap/thread_heap.h"

namespace loam::test {

// What went through a call site: bytes are those that can be used.
struct Site {
  std::atomic<uint64_t> all_bytes{0}, freed_bytes{0};
};

enum SiteNumber { kFirst, kSecond, kThird, kResize, kSiteCount };

extern Site sites[kSiteCount];

// The call site that an address is in, or kSiteCount.
SiteNumber SiteAt(uintptr_t return_address);

struct Program {
  const char *name;
  void (*run)();
};

const std::vector<Program> &Programs();

}  // namespace loam::test

#endif  // LOAM_TESTS_PROFILE_PROGRAMS_H_
