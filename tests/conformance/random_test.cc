// Random calls of every entry point against a model: no two live blocks
// overlap, and each keeps what was written into it.

#include "tests/support/random.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdint>
#include <map>
#include <vector>

#include "tests/conformance/variant_test.h"
#include "tests/support/memory.h"
#include "tests/support/stamp.h"

namespace loam::test {
namespace {

// The blocks that live, and the address ranges that they own.
class Model {
 public:
  struct Block {
    void *at;
    size_t size;
    uint64_t seed;
  };

  // Adds a block that has just been handed out.
  void Add(void *at, size_t size, size_t usable, uint64_t seed) {
    ASSERT_GE(usable, size);
    const auto begin = reinterpret_cast<uintptr_t>(at);
    const auto next = ranges_.lower_bound(begin);
    if (next != ranges_.end()) {
      ASSERT_LE(begin + usable, next->first) << "overlap";
    }
    if (next != ranges_.begin()) {
      ASSERT_LE(std::prev(next)->second, begin) << "overlap";
    }
    ranges_[begin] = begin + usable;
    Stamp(at, size, seed);
    blocks_.push_back({at, size, seed});
  }

  // Takes out the block at `index`, whose content must be whole.
  Block Take(size_t index) {
    const Block block = blocks_[index];
    EXPECT_TRUE(IsStamped(block.at, block.size, block.seed)) << block.size;
    ranges_.erase(reinterpret_cast<uintptr_t>(block.at));
    blocks_[index] = blocks_.back();
    blocks_.pop_back();
    return block;
  }

  size_t size() const { return blocks_.size(); }

 private:
  std::map<uintptr_t, uintptr_t> ranges_;
  std::vector<Block> blocks_;
};

// Sizes that a run draws from, and how many blocks it keeps alive.
struct Profile {
  const char *name;
  size_t largest;
  size_t blocks;
  int steps;
};

constexpr Profile kProfiles[] = {
    {"small", 512, 4000, 60000},
    {"medium", 64 * kKiB, 1000, 30000},
    {"large", 8 * kMiB, 30, 3000},
};

class RandomTest : public VariantTest {
 protected:
  void *Allocate(Random *random, size_t *size, size_t largest) {
    *size = random->BlockSize(largest);
    const size_t alignment = size_t{16} << random->Below(10);
    void *block = nullptr;
    switch (random->Below(5)) {
      case 0:
        block = v.calloc(*size, 1);
        if (block != nullptr) {
          EXPECT_TRUE(IsZero(block, *size)) << *size;
        }
        return block;
      case 1:
        block = v.aligned_alloc(alignment, *size);
        EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % alignment, 0u);
        return block;
      case 2:
        EXPECT_EQ(v.posix_memalign(&block, alignment, *size), 0);
        return block;
      default:
        return v.malloc(*size);
    }
  }

  void Run(const Profile &profile, uint64_t seed) {
    Random random(seed);
    Model model;
    for (int step = 0; step < profile.steps; ++step) {
      if (model.size() > 0 && random.Below(profile.blocks) < model.size()) {
        const Model::Block block = model.Take(random.Below(model.size()));
        if (random.Below(3) > 0) {
          v.free(block.at);
          continue;
        }
        const size_t size = random.BlockSize(profile.largest);
        void *moved = v.realloc(block.at, size);
        ASSERT_NE(moved, nullptr);
        EXPECT_TRUE(IsStamped(moved, std::min(block.size, size), block.seed));
        model.Add(moved, size, v.usable_size(moved), random.Next());
      } else {
        size_t size;
        void *block = Allocate(&random, &size, profile.largest);
        ASSERT_NE(block, nullptr);
        model.Add(block, size, v.usable_size(block), random.Next());
      }
      if (HasFatalFailure()) return;
      if (step % (profile.steps / 8) == 0) ExpectWhole();
      if (step % (profile.steps / 5) == 1) v.trim(0);
    }
    while (model.size() > 0) v.free(model.Take(model.size() - 1).at);
  }
};

TEST_P(RandomTest, BlocksNeverOverlap) {
  for (const Profile &profile : kProfiles) {
    for (uint64_t seed = 1; seed <= 3; ++seed) {
      SCOPED_TRACE(std::string(profile.name) + " sizes, seed " + std::to_string(seed));
      Run(profile, seed);
      if (HasFatalFailure()) return;
    }
  }
}

LOAM_TEST_EVERY_VARIANT(RandomTest);

}  // namespace
}  // namespace loam::test
