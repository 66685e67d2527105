// The count of steps itself: of the textbook's heap, whose steps are constant, and
// of one that looks all over the heap before it gives a block out.

#include <gtest/gtest.h>

#include "tests/support/memory.h"
#include "tests/worst_case/basic_blocks.h"
#include "tests/worst_case/textbook_allocator.h"

namespace loam::test {
namespace {

// The textbook's heap, behind a malloc that looks at every MiB first.
struct WalkingHeap {
  textbook_tlsf *heap;
  size_t bytes;
};

void *WalkingMalloc(void *heap, size_t size) {
  const auto *walking = static_cast<WalkingHeap *>(heap);
  for (volatile size_t at = 0; at < walking->bytes; at = at + kMiB) {
  }
  return textbook_tlsf_malloc(walking->heap, size);
}

void WalkingFree(void *heap, void *block) {
  textbook_tlsf_free(static_cast<WalkingHeap *>(heap)->heap, block);
}

TEST(StepsTest, OfTheTextbooksHeapAreConstant) {
  const StepsOfTwoHeaps steps = CountStepsOfTwoHeaps(TextbookTlsf, 10000000);
  EXPECT_TRUE(steps.AreConstant()) << steps.Describe();
  EXPECT_TRUE(steps.given_memory);
  EXPECT_GT(steps.small.malloc.steps, 5u) << "nothing counts";
  EXPECT_LT(steps.large.malloc.steps, 50u) << steps.Describe();
  EXPECT_LT(steps.large.free.steps, 50u) << steps.Describe();
}

TEST(StepsTest, OfAHeapThatWalksGrow) {
  WalkingHeap walking;
  const StepsOfTwoHeaps steps = CountStepsOfTwoHeaps(
      [&walking](void *memory, size_t bytes) -> Allocator {
        walking = {textbook_tlsf_create(memory, bytes), bytes};
        return {"walking", true, &walking, AsFunction(WalkingMalloc), AsFunction(WalkingFree)};
      },
      50000);
  EXPECT_FALSE(steps.AreConstant()) << steps.Describe();
}

}  // namespace
}  // namespace loam::test
