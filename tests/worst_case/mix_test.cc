// What the mix promises: the same calls each time, live bytes that follow the
// heap, an end with nothing left, and an eye for blocks that overlap.

#include "tests/worst_case/mix.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/support/memory.h"
#include "tests/worst_case/textbook_allocator.h"

namespace loam::test {
namespace {

// Passes the calls on to the textbook's heap and keeps a log.
class Log : public Calls {
 public:
  explicit Log(size_t heap_bytes)
      : memory_(heap_bytes), allocator_(TextbookTlsf(memory_.data(), memory_.size())) {}

  void *Malloc(size_t size) override {
    sizes.push_back(size);
    void *block = allocator_.Malloc(size);
    if (block != nullptr) live[block] = size;
    return block;
  }

  void Free(void *block, size_t size) override {
    EXPECT_EQ(live[block], size);
    live.erase(block);
    if (spoil_after == 0) *static_cast<char *>(live.begin()->first) ^= 1;
    if (spoil_after >= 0) --spoil_after;
    allocator_.Free(block);
  }

  void BeginPhase(const char *name) override {
    EXPECT_TRUE(live.empty()) << name;
    phases.insert(name);
  }

  std::vector<size_t> sizes;
  std::map<void *, size_t> live;
  std::set<std::string> phases;
  int spoil_after = -1;

 private:
  std::vector<char> memory_;
  Allocator allocator_;
};

TEST(MixTest, IsTheSameWithTheSameSeed) {
  Log first(kMiB);
  Log second(kMiB);
  Log other(kMiB);
  const MixResult result = RunMix({kMiB, 50000, 1}, &first);
  RunMix({kMiB, 50000, 1}, &second);
  RunMix({kMiB, 50000, 2}, &other);
  EXPECT_EQ(first.sizes, second.sizes);
  EXPECT_NE(first.sizes, other.sizes);
  EXPECT_EQ(result.fault, nullptr);
}

TEST(MixTest, GoesThroughAllPhasesAndLeavesNothing) {
  Log log(kMiB);
  const MixResult result = RunMix({kMiB, 50000, 1}, &log);
  EXPECT_EQ(log.phases.size(), 8u);
  EXPECT_TRUE(log.live.empty());
  EXPECT_GE(result.operations, 50000u);
  EXPECT_LT(result.operations, 60000u);
}

TEST(MixTest, FillsHeapsOfAnySize) {
  for (size_t heap_bytes : {kMiB, 16 * kMiB, 64 * kMiB}) {
    Log log(heap_bytes);
    const MixResult result = RunMix({heap_bytes, 200000, 1}, &log);
    EXPECT_GT(result.live_bytes_max, heap_bytes * 6 / 10);
    EXPECT_LE(result.live_bytes_max, heap_bytes);
    EXPECT_GT(result.refused, 0u);
  }
}

TEST(MixTest, SeesAChangedBlock) {
  Log log(kMiB);
  log.spoil_after = 3000;
  const MixResult result = RunMix({kMiB, 50000, 1}, &log);
  ASSERT_NE(result.fault, nullptr);
  EXPECT_STREQ(result.fault, "a block's content changed");
}

TEST(MixTest, LibcPasses) {
  class Plain : public Calls {
   public:
    void *Malloc(size_t size) override { return libc_.Malloc(size); }
    void Free(void *block, size_t) override { libc_.Free(block); }
    void BeginPhase(const char *) override {}

   private:
    Allocator libc_ = Libc();
  } plain;
  EXPECT_EQ(RunMix({64 * kMiB, 200000, 1}, &plain).fault, nullptr);
}

}  // namespace
}  // namespace loam::test
