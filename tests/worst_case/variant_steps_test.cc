// Every malloc and free of a long mix, counted in basic blocks, over heaps of
// 1 MiB and of 4 GiB in given memory. Where the variant promises bounded time
// (LOAM_BOUNDED), the maxima are the same but for a tenth. The variant is
// compiled for this test with calls that count; LOAM_PREFIX says which it is.

#include <gtest/gtest.h>

#include <cstdio>

#include "tests/worst_case/basic_blocks.h"

extern "C" {
extern const loam_variant LOAM_JOIN(LOAM_PREFIX, variant);
}

namespace loam::test {
namespace {

// Where nothing is promised, enough to see that the heap is whole.
constexpr size_t kOperations = LOAM_BOUNDED ? 10000000 : 500000;

const loam_variant &Variant() { return LOAM_JOIN(LOAM_PREFIX, variant); }

TEST(VariantStepsTest, DoNotGrowWithTheHeap) {
  const StepsOfTwoHeaps steps = CountStepsOfTwoHeaps(
      [](void *memory, size_t bytes) { return LoamVariant(Variant(), memory, bytes); },
      kOperations);
  puts(steps.Describe().c_str());
  EXPECT_EQ(steps.small.result.fault, nullptr) << steps.small.result.fault;
  EXPECT_EQ(steps.large.result.fault, nullptr) << steps.large.result.fault;
  EXPECT_GT(steps.small.malloc.steps, 1u) << "nothing counts";
  if (!LOAM_BOUNDED) GTEST_SKIP() << Variant().name << " does not promise bounded time";
  EXPECT_TRUE(steps.given_memory) << "a heap that asks the kernel has no bound";
  EXPECT_TRUE(steps.AreConstant());
}

}  // namespace
}  // namespace loam::test
