// A misuse ends in SIGABRT while no lock is held: a program that handles the
// signal may allocate, to write a report of its own.

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>

#include "tests/conformance/variant_test.h"
#include "tests/support/memory.h"
#include "tests/support/process.h"

namespace loam::test {
namespace {

constexpr unsigned kHangSeconds = 20;
constexpr int kHandled = 42;
constexpr size_t kSizes[] = {40, 600, 3000, 100 * kKiB, 3 * kMiB};

const loam_variant *handler_uses = nullptr;
loam_heap *handler_heap = nullptr;  // likewise, where there is one

void AllocateAndEnd(int) {
  for (size_t size : kSizes) {
    handler_uses->free(handler_uses->malloc(size));
    if (handler_heap == nullptr) continue;
    handler_uses->heap_free(handler_heap, handler_uses->heap_malloc(handler_heap, size));
  }
  _exit(kHandled);
}

class AbortTest : public VariantTest {
 protected:
  // `misuse` runs in a process of its own, and gets as far as the handler's
  // end.
  template <typename Misuse>
  void ExpectHandlerToReturn(Misuse misuse) {
    const ChildResult child = RunInChild(
        [this, &misuse] {
          handler_uses = &v;
          std::signal(SIGABRT, AllocateAndEnd);
          misuse();
          return 0;
        },
        kHangSeconds);
    EXPECT_TRUE(child.Exited(kHandled)) << child.Describe();
  }
};

TEST_P(AbortTest, OfADoubleFree) {
  LOAM_SKIP_WITHOUT(check);  // libc's own locks
  for (size_t size : kSizes) {
    SCOPED_TRACE(size);
    ExpectHandlerToReturn([this, size] {
      void *block = v.malloc(size);
      v.free(block);
      v.free(block);
    });
  }
}

TEST_P(AbortTest, OfADoubleFreeInAHeap) {
  LOAM_SKIP_WITHOUT(heap_create);
  for (size_t size : kSizes) {
    SCOPED_TRACE(size);
    ExpectHandlerToReturn([this, size] {
      loam_heap *heap = handler_heap = v.heap_create();
      void *block = v.heap_malloc(heap, size);
      v.heap_free(heap, block);
      v.heap_free(heap, block);
    });
  }
}

LOAM_TEST_EVERY_VARIANT(AbortTest);

}  // namespace
}  // namespace loam::test
