// The fast paths of malloc and free, instruction by instruction: a call that finds
// what it wants in the thread's own stack of free blocks takes no more than the
// variant's line in BUILD.bazel allows.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <vector>

#include "common/variant/variant.h"
#include "tests/worst_case/allocator.h"
#include "tests/worst_case/step.h"

// LOAM_PREFIX, LOAM_MALLOC_INSTRUCTIONS_MAX and LOAM_FREE_INSTRUCTIONS_MAX: see BUILD.bazel.
extern "C" {
extern const loam_variant LOAM_JOIN(LOAM_PREFIX, variant);
// There only where UBSan is, whose checks are instructions too.
[[gnu::weak]] void __ubsan_handle_pointer_overflow();
}

namespace loam::test {
namespace {

constexpr uint64_t kMallocInstructionsMax = LOAM_MALLOC_INSTRUCTIONS_MAX;
constexpr uint64_t kFreeInstructionsMax = LOAM_FREE_INSTRUCTIONS_MAX;

// So many in a row, few enough that at most one of them passes the slow path; the median is
// none of its.
constexpr size_t kCalls = 9;
constexpr size_t kWarmBlocks = 500;
constexpr uint64_t kLimit = 100000;  // of one call on the slow path

using Counts = std::array<uint64_t, kCalls>;

uint64_t Median(Counts counts) {
  std::sort(counts.begin(), counts.end());
  return counts[kCalls / 2];
}

class FastPathTest : public ::testing::TestWithParam<size_t> {
 protected:
  void SetUp() override {
    if (!CanStep()) GTEST_SKIP() << "a sanitizer owns the signals";
    if (__ubsan_handle_pointer_overflow != nullptr) GTEST_SKIP() << "a sanitizer adds to the code";
    WarmUp();
    Count();
  }

  // Leaves the stack of the size's class neither empty nor full.
  static void WarmUp() {
    std::vector<void *> blocks;
    for (size_t i = 0; i < kWarmBlocks; ++i) blocks.push_back(v.malloc(GetParam()));
    for (void *block : blocks) v.free(block);
    blocks.clear();
    for (size_t i = 0; i < kCalls; ++i) blocks.push_back(v.malloc(GetParam()));
    for (void *block : blocks) v.free(block);
  }

  void Count() {
    std::array<void *, kCalls> blocks;
    for (size_t i = 0; i < kCalls; ++i) {
      const Stepped stepped = StepCall(AsFunction(v.malloc), Number(GetParam()), nullptr, kLimit);
      blocks[i] = stepped.result;
      mallocs_[i] = stepped.instructions;
    }
    for (size_t i = 0; i < kCalls; ++i) {
      frees_[i] = StepCall(AsFunction(v.free), blocks[i], nullptr, kLimit).instructions;
    }
  }

  static void *Number(size_t value) { return reinterpret_cast<void *>(value); }

  static constexpr const loam_variant &v = LOAM_JOIN(LOAM_PREFIX, variant);
  Counts mallocs_ = {};
  Counts frees_ = {};
};

TEST_P(FastPathTest, TakesNoMoreInstructionsThanItDid) {
  const uint64_t malloc_count = Median(mallocs_);
  const uint64_t free_count = Median(frees_);
  printf("%zu bytes: malloc %zu instructions, free %zu\n", GetParam(), size_t{malloc_count},
         size_t{free_count});
  EXPECT_GT(malloc_count, 1u) << "nothing was counted";
  EXPECT_GT(free_count, 1u) << "nothing was counted";
  EXPECT_LE(malloc_count, kMallocInstructionsMax);
  EXPECT_LE(free_count, kFreeInstructionsMax);
}

INSTANTIATE_TEST_SUITE_P(, FastPathTest, ::testing::Values(16, 100, 256, 1000),
                         [](const auto &info) { return std::to_string(info.param) + "Bytes"; });

}  // namespace
}  // namespace loam::test
