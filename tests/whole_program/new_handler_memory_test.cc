// A new_handler that frees memory lets operator new succeed. A program of its
// own, for it lives under a limit of address space.

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstdlib>
#include <new>

#include "tests/support/memory.h"
#include "tests/support/process.h"

namespace loam::test {
namespace {

void *reserve;
int handler_calls;

void FreeTheReserve() {
  ++handler_calls;
  free(reserve);
  reserve = nullptr;
  std::set_new_handler(nullptr);
}

int AllocateWithAReserve() {
  // So large that no variant has so much address space at hand.
  constexpr size_t kBytes = 256 * kMiB;
  reserve = malloc(kBytes);
  if (reserve == nullptr) return 1;
  const rlim_t limit = AddressSpaceBytes() + kBytes / 4;
  const rlimit rlimit = {limit, limit};
  if (setrlimit(RLIMIT_AS, &rlimit) != 0) return 2;
  std::set_new_handler(FreeTheReserve);
  void *block = ::operator new(kBytes / 2, std::nothrow);
  if (block == nullptr) return 3;
  if (handler_calls != 1) return 4;
  ::operator delete(block);
  return 0;
}

TEST(NewHandlerTest, ThatFreesMemoryLetsNewSucceed) {
  const ChildResult child = RunInChild(AllocateWithAReserve);
  EXPECT_TRUE(child.Exited(0)) << child.Describe();
}

}  // namespace
}  // namespace loam::test
