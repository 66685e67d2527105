// The debug level: what of a heap of one's own waits in the quarantine, and the heap's end.

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>

#include "allocators/variants.h"
#include "common/os/os.h"
#include "common/variant/variant.h"
#include "tests/support/process.h"

namespace loam::test {
namespace {

constexpr size_t kLarge = size_t{3} << 20;  // its pages cannot be touched while it waits

class OwnHeapsTest : public ::testing::TestWithParam<const loam_variant *> {};

bool FailCommits(enum loam_os_call call, size_t) { return call == LOAM_OS_COMMIT; }

// Writes to as much memory as the heap had, if it is to be had again.
void UseAll(const loam_variant *variant) {
  for (int i = 0; i < 8; i++) {
    void *block = variant->malloc(kLarge);
    if (block != nullptr) memset(block, 'x', kLarge);
  }
}

enum class Leaves { kBeforeTheHeap, kWithTheHeap };

void LosePages(const loam_variant *variant, Leaves leaves) {
  loam_heap *heap = variant->heap_create();
  variant->heap_free(heap, variant->heap_malloc(heap, kLarge));
  loam_os_set_fault_hook(FailCommits);
  if (leaves == Leaves::kBeforeTheHeap) variant->trim(0);
  variant->heap_destroy(heap);
  loam_os_set_fault_hook(nullptr);
}

TEST_P(OwnHeapsTest, PagesThatCannotBeTouchedAreNobodysAgain) {
  for (const Leaves leaves : {Leaves::kBeforeTheHeap, Leaves::kWithTheHeap}) {
    const ChildResult child = RunInChild([&] {
      setenv("LOAM_OPTIONS", "leaks=0", 1);
      LosePages(GetParam(), leaves);
      UseAll(GetParam());
      return GetParam()->check() ? 0 : 1;
    });
    EXPECT_TRUE(child.Exited(0)) << child.Describe() << child.err;
  }
}

TEST_P(OwnHeapsTest, AHeapEndsWhileAnotherThreadGivesItsBlocksBack) {
  const ChildResult child = RunInChild([&] {
    setenv("LOAM_OPTIONS", "leaks=0,quarantine_bytes=65536", 1);
    const loam_variant *variant = GetParam();
    std::atomic<bool> is_over{false};
    std::thread other([&] {
      for (int i = 0; !is_over; i++) {
        variant->free(variant->malloc(4000));  // pushes others' blocks out
        if (i % 64 == 0 && !variant->check()) _exit(2);
      }
    });
    for (int round = 0; round < 2000; round++) {
      loam_heap *heap = variant->heap_create();
      for (int i = 0; i < 12; i++) variant->heap_free(heap, variant->heap_malloc(heap, 3000));
      void *volatile live = variant->heap_malloc(heap, 500);
      static_cast<void>(live);
      variant->heap_destroy(heap);
    }
    is_over = true;
    other.join();
    return variant->check() ? 0 : 1;
  });
  EXPECT_TRUE(child.Exited(0)) << child.Describe() << child.err;
}

INSTANTIATE_TEST_SUITE_P(, OwnHeapsTest,
                         ::testing::ValuesIn(loam_variants, loam_variants + loam_variant_count),
                         [](const auto &info) { return std::string(info.param->name); });

// --- Given memory --------------------------------------------------------------

// The one variant that has heaps in it. (The table of the debug level does not offer them.)
extern "C" loam_heap *sf_heap_create_with_memory(void *memory, size_t bytes);
extern "C" const loam_variant sf_variant;
const loam_variant &v = sf_variant;

// A heap in memory that the test has, and a block of it.
struct Given {
  Given()
      : memory(mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)),
        heap(sf_heap_create_with_memory(memory, kBytes)),
        block(static_cast<char *>(v.heap_malloc(heap, kLarge))) {
    memset(block, 'x', kLarge);
  }

  static constexpr size_t kBytes = 4 * kLarge;
  void *memory;
  loam_heap *heap;
  char *block;
};

// Whoever gave it goes on with it: its pages stay as they are, though nothing could open them
// again.
TEST(GivenMemoryTest, CanBeTouchedWhileABlockWaitsAndAfter) {
  const ChildResult child = RunInChild([] {
    setenv("LOAM_OPTIONS", "leaks=0", 1);
    const Given given;
    loam_os_set_fault_hook(FailCommits);
    v.heap_free(given.heap, given.block);
    static_cast<void>(*static_cast<volatile char *>(given.block + kLarge / 2));
    v.heap_destroy(given.heap);
    memset(given.memory, 'y', Given::kBytes);
    return v.check() ? 0 : 2;
  });
  EXPECT_TRUE(child.Exited(0)) << child.Describe() << child.err;
}

TEST(GivenMemoryTest, AWriteToABlockThatWaitsIsFound) {
  const ChildResult child = RunInChild([] {
    setenv("LOAM_OPTIONS", "leaks=0", 1);
    const Given given;
    v.heap_free(given.heap, given.block);
    given.block[0] = 'x';
    v.heap_destroy(given.heap);
    return 0;
  });
  EXPECT_FALSE(child.Exited(0));
  EXPECT_NE(child.err.find("written to after free"), std::string::npos) << child.err;
}

}  // namespace
}  // namespace loam::test
