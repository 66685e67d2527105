// Out of memory for real, in a child: a small limit of address space, or of what of it may be
// written to. The latter is what a kernel that never overcommits counts too.

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <initializer_list>
#include <string>

#include "tests/conformance/variant_test.h"
#include "tests/support/memory.h"
#include "tests/support/process.h"
#include "tests/support/sanitizers.h"
#include "tests/support/stamp.h"

namespace loam::test {
namespace {

constexpr size_t kLimit = 96 * kMiB;

// Blocks that are chained through their first word: the test needs no memory.
struct Link {
  Link *next;
};

// Runs in a child of its own: says on stderr what is wrong, and returns non-zero.
class Exhaust {
 public:
  Exhaust(const loam_variant &variant, int resource, size_t size)
      : v(variant), resource_(resource), size_(size) {}

  int Run() const {
    const rlim_t limit = (resource_ == RLIMIT_AS ? AddressSpaceBytes() : DataBytes()) + kLimit;
    const rlimit rlimit = {limit, limit};
    if (setrlimit(resource_, &rlimit) != 0) return Fail("setrlimit");
    size_t first = 0;
    for (int round = 0; round < 3; ++round) {
      Link *chain = nullptr;
      const size_t blocks = AllocateAll(&chain);
      if (errno != ENOMEM) return Fail("errno is not ENOMEM");
      // (A check that is kept with each block can double the smallest.)
      const bool is_default = v.level == nullptr || std::string(v.level) == "default";
      if (blocks * size_ < kLimit / (is_default ? 3 : 6)) return Fail("full much too early");
      if (v.check != nullptr && !v.check()) return Fail("check, when full");
      if (v.realloc(chain, 2 * kLimit) != nullptr) return Fail("realloc over the limit");
      if (v.calloc(2, kLimit) != nullptr) return Fail("calloc over the limit");
      FreeAll(chain);
      if (v.check != nullptr && !v.check()) return Fail("check, when empty");
      // What is free can be had in another shape. (libc keeps its heap.)
      void *large = v.malloc(kLimit / 2);
      if (v.check != nullptr && large == nullptr) return Fail("no large block when all is free");
      v.free(large);
      if (round == 0) first = blocks;
      if (blocks < first / 10 * 9) return Fail("less memory than in the first round");
    }
    return 0;
  }

 private:
  size_t AllocateAll(Link **chain) const {
    errno = 0;
    size_t blocks = 0;
    while (auto *link = static_cast<Link *>(v.malloc(size_))) {
      link->next = *chain;
      *chain = link;
      ++blocks;
    }
    return blocks;
  }

  void FreeAll(Link *chain) const {
    while (chain != nullptr) {
      Link *next = chain->next;
      v.free(chain);
      chain = next;
    }
  }

  int Fail(const char *what) const {
    fprintf(stderr, "blocks of %zu bytes: %s\n", size_, what);
    return 1;
  }

  const loam_variant &v;
  const int resource_;
  const size_t size_;
};

class LimitsTest : public VariantTest {
 protected:
  void ExpectThatItComesBack(int resource, std::initializer_list<size_t> sizes) {
    if (kSanitizerRuntime) GTEST_SKIP() << "the sanitizer's runtime does not outlive the limit";
    for (const size_t size : sizes) {
      const ChildResult child = RunInChild([&] { return Exhaust(v, resource, size).Run(); });
      EXPECT_TRUE(child.Exited(0)) << child.Describe();
    }
  }
};

TEST_P(LimitsTest, ExhaustedAddressSpaceComesBack) {
  ExpectThatItComesBack(RLIMIT_AS, {16, 64, 1000, 5000, 60 * kKiB, kMiB + 8, 10 * kMiB});
}

// Neither a second block of that size nor the room to grow on that large blocks get fits.
int GrowWithinTheLimit(const loam_variant &v) {
  constexpr size_t kSize = 256 * kMiB;
  void *block = v.malloc(kSize);
  if (block == nullptr) return 2;
  Stamp(block, kMiB, 1);
  const rlim_t limit = AddressSpaceBytes() + 24 * kMiB;
  const rlimit rlimit = {limit, limit};
  if (setrlimit(RLIMIT_AS, &rlimit) != 0) return 3;
  block = v.realloc(block, kSize + 16 * kMiB);
  if (block == nullptr) return 4;
  if (!IsStamped(block, kMiB, 1)) return 5;
  static_cast<char *>(block)[kSize + 16 * kMiB - 1] = 1;
  if (v.check != nullptr && !v.check()) return 6;
  v.free(block);
  return 0;
}

TEST_P(LimitsTest, ALargeBlockGrowsWhereNoMoreThanThatFits) {
  if (kSanitizerRuntime) GTEST_SKIP() << "the sanitizer's runtime needs address space of its own";
  if (IsLevel("debug")) GTEST_SKIP() << "it always moves";
  const ChildResult child = RunInChild([this] { return GrowWithinTheLimit(v); });
  EXPECT_TRUE(child.Exited(0)) << child.Describe() << child.err;
}

// As where a length was misread: an error is better than a process that is killed at its use.
TEST_P(LimitsTest, MoreThanThereIsOfMemoryIsRefused) {
  if (kSanitizerRuntime) GTEST_SKIP() << "the sanitizer's runtime has its own limits";
  std::ifstream file("/proc/sys/vm/overcommit_memory");
  int mode = -1;
  file >> mode;
  struct sysinfo system = {};
  ASSERT_EQ(sysinfo(&system), 0);
  const size_t all = (system.totalram + system.totalswap) * system.mem_unit;
  if (mode != 0 || all > SIZE_MAX / 4) GTEST_SKIP() << "this kernel is told to overcommit";
  errno = 0;
  void *block = v.malloc(2 * all);
  EXPECT_EQ(block, nullptr);
  EXPECT_EQ(errno, ENOMEM);
  v.free(block);
}

TEST_P(LimitsTest, ExhaustedMemoryComesBack) {
  ExpectThatItComesBack(RLIMIT_DATA, {64, 5000, kMiB + 8, 10 * kMiB});
}

LOAM_TEST_EVERY_VARIANT(LimitsTest);

}  // namespace
}  // namespace loam::test
