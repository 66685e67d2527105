// The debug level tells of an access to a large block that was freed, and leaves the fault to
// whom it belongs.

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <string>

#include "allocators/variants.h"
#include "common/variant/variant.h"
#include "tests/support/process.h"

namespace loam::test {

// The names are looked for in reports: not static, not inlined, not the last call.
extern "C" {
[[gnu::noinline]] void *AllocateOfTest(const loam_variant *variant, size_t bytes) {
  void *block = variant->malloc(bytes);
  asm volatile("" : : "r"(block) : "memory");
  return block;
}

[[gnu::noinline]] void FreeOfTest(const loam_variant *variant, void *block) {
  variant->free(block);
  asm volatile("" : : : "memory");
}

[[gnu::noinline]] void TouchOfTest(void *block, size_t offset) {
  static_cast<volatile char *>(block)[offset] = 1;
  asm volatile("" : : : "memory");
}
}

namespace {

constexpr size_t kLarge = size_t{3} << 20;

class FaultsTest : public ::testing::TestWithParam<const loam_variant *> {
 protected:
  ChildResult Run(const std::string &options, const std::function<void()> &body) {
    return RunInChild([&] {
      setenv("LOAM_OPTIONS", options.c_str(), 1);
      body();
      return 0;
    });
  }

  // Frees a block, then writes to it.
  void UseAfterFree(size_t bytes, size_t offset) {
    void *volatile block = AllocateOfTest(GetParam(), bytes);
    FreeOfTest(GetParam(), block);
    TouchOfTest(block, offset);
  }
};

bool Has(const std::string &text, const std::string &part) {
  return text.find(part) != std::string::npos;
}

// Of a report, from the line that names an event to the next that does.
std::string Part(const std::string &report, const std::string &event) {
  std::string part;
  bool is_inside = false;
  for (const std::string &line : Lines(report)) {
    if (line.compare(0, 8, "        ") != 0) is_inside = Has(line, "    " + event + " by thread ");
    if (is_inside) part += line + "\n";
  }
  return part;
}

TEST_P(FaultsTest, AUseAfterFreeIsToldWithItsStacks) {
  const ChildResult child = Run("", [&] { UseAfterFree(kLarge, kLarge / 2); });
  EXPECT_TRUE(child.Signalled(SIGSEGV)) << child.Describe();
  EXPECT_TRUE(Has(Lines(child.err)[0], ": accessed after free")) << child.err;
  EXPECT_TRUE(Has(child.err, " of 3145728 bytes, by malloc, at 0x")) << child.err;
  EXPECT_TRUE(Has(child.err, "; the address is at offset 1572864\n")) << child.err;
  EXPECT_TRUE(Has(Part(child.err, "found"), "#0 0x")) << child.err;
  EXPECT_TRUE(Has(Part(child.err, "found"), " TouchOfTest+0x")) << child.err;
  EXPECT_TRUE(Has(Part(child.err, "allocated"), " AllocateOfTest+0x")) << child.err;
  EXPECT_TRUE(Has(Part(child.err, "freed"), " FreeOfTest+0x")) << child.err;
}

TEST_P(FaultsTest, AsJsonItIsOneLine) {
  const ChildResult child = Run("report=json", [&] { UseAfterFree(kLarge, 1 << 20); });
  EXPECT_TRUE(child.Signalled(SIGSEGV)) << child.Describe();
  EXPECT_EQ(Lines(child.err).size(), 1u) << child.err;
  EXPECT_TRUE(Has(child.err, "\"kind\":\"use_after_free\"")) << child.err;
}

void ExitQuietly(int) { _exit(7); }

TEST_P(FaultsTest, WhoHandledTheSignalBeforeStillDoes) {
  const ChildResult child = Run("", [&] {
    signal(SIGSEGV, ExitQuietly);
    UseAfterFree(kLarge, kLarge / 2);
  });
  EXPECT_TRUE(child.Exited(7)) << child.Describe();
  EXPECT_TRUE(Has(child.err, ": accessed after free")) << child.err;
}

TEST_P(FaultsTest, OtherFaultsAreNoConcernOfIts) {
  const ChildResult child = Run("", [&] {
    FreeOfTest(GetParam(), AllocateOfTest(GetParam(), kLarge));
    TouchOfTest(nullptr, 0);
  });
  EXPECT_TRUE(child.Signalled(SIGSEGV)) << child.Describe();
  EXPECT_EQ(child.err, "");
}

// Which thread_heap has, and which faults too.
TEST_P(FaultsTest, GuardsDoNotGetInTheWay) {
  const ChildResult child = Run("guard_sample=1", [&] { UseAfterFree(kLarge, kLarge / 2); });
  EXPECT_TRUE(child.Signalled(SIGSEGV)) << child.Describe();
  EXPECT_TRUE(Has(child.err, ": accessed after free")) << child.err;
  EXPECT_FALSE(Has(child.err, ": use after free")) << child.err;
}

INSTANTIATE_TEST_SUITE_P(, FaultsTest,
                         ::testing::ValuesIn(loam_variants, loam_variants + loam_variant_count),
                         [](const auto &info) { return std::string(info.param->name); });

}  // namespace
}  // namespace loam::test
