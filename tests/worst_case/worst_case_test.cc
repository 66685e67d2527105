// Instructions of single calls, counted by stepping through them: a bound where
// there is a promise, and libc's well-known worst case as the proof that the mix
// provokes such and the measure sees them. Times are for worst_case to print:
// what a machine's other work makes of them is no reason to fail.

#include <gtest/gtest.h>

#include "allocators/variants.h"
#include "tests/support/memory.h"
#include "tests/worst_case/measure.h"
#include "tests/worst_case/textbook_allocator.h"

namespace loam::test {
namespace {

constexpr size_t kOperations = 60000;
// More than any call of a heap of given memory needs, whatever the compiler.
constexpr uint64_t kInstructionsMax = 1000;

class WorstCaseTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!CanStep()) GTEST_SKIP() << "cannot step: not x86-64, or a sanitizer owns the signals";
  }

  static Measurement MeasureOver(const MakeAllocator &make, size_t heap_bytes) {
    MeasureOptions options;
    options.mix = {heap_bytes, kOperations, 1};
    options.repeats = 1;
    options.step_every = 50;
    options.step_slowest = 10;
    options.step_limit = 12000;
    const Measurement measurement = Measure(make, options);
    EXPECT_EQ(measurement.fault, "");
    EXPECT_GE(measurement.stepped, kOperations / 50);
    EXPECT_LE(measurement.p50_ns, measurement.p99_ns);
    EXPECT_LE(measurement.p9999_ns, measurement.max_ns);
    EXPECT_LE(measurement.max_ns, measurement.max_of_any_run_ns);
    return measurement;
  }

  // That no call of these heaps needs more than so few instructions.
  static void ExpectBounded(const MakeAllocator &make) {
    for (size_t heap_bytes : {kMiB, 256 * kMiB}) {
      const Measurement measurement = MeasureOver(make, heap_bytes);
      EXPECT_TRUE(measurement.given_memory);
      EXPECT_LE(measurement.instructions_max, kInstructionsMax)
          << heap_bytes / kMiB << " MiB: " << measurement.longest.Describe();
    }
  }
};

TEST_F(WorstCaseTest, OfTheTextbooksHeapIsBounded) { ExpectBounded(TextbookTlsf); }

TEST_F(WorstCaseTest, OfHeapsInGivenMemoryIsBounded) {
  size_t with_memory = 0;
  for (size_t i = 0; i < loam_variant_count; ++i) {
    const loam_variant &variant = *loam_variants[i];
    SCOPED_TRACE(variant.name);
    const auto make = [&variant](void *memory, size_t bytes) {
      return LoamVariant(variant, memory, bytes);
    };
    static char memory[kMiB];
    if (!make(memory, sizeof(memory)).given_memory) continue;
    ++with_memory;
    ExpectBounded(make);
  }
  if (with_memory == 0) GTEST_SKIP() << "no variant has heaps in given memory";
}

// malloc_consolidate: a large request walks through all that small frees left.
TEST_F(WorstCaseTest, OfLibcIsSeen) {
  const Measurement measurement = MeasureOver([](void *, size_t) { return Libc(); }, 256 * kMiB);
  EXPECT_FALSE(measurement.given_memory);
  EXPECT_GT(measurement.instructions_max, 10000u) << measurement.longest.Describe();
}

}  // namespace
}  // namespace loam::test
