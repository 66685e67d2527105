// The C, POSIX and glibc names.

#include <gtest/gtest.h>
#include <malloc.h>
#include <unistd.h>

#include <cerrno>
#include <clocale>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>

#include "common/malloc_api/loam_malloc.h"
#include "tests/support/memory.h"
#include "tests/support/process.h"
#include "tests/support/stamp.h"
#include "tests/whole_program/standard_names.h"

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"  // mallinfo, pvalloc

namespace loam::test {
namespace {

constexpr int kSentinel = 12345;
constexpr size_t kSizes[] = {0, 1, 7, 24, 100, 1000, 5000, 40000, 300000, 5000000};

// Read at run time: a compiler would warn of the sizes that must fail.
volatile size_t too_large = std::numeric_limits<ptrdiff_t>::max();

bool IsAligned(const void *block, size_t alignment) {
  return reinterpret_cast<uintptr_t>(block) % alignment == 0;
}

size_t PageSize() { return static_cast<size_t>(sysconf(_SC_PAGESIZE)); }

void ExpectUsable(void *block, size_t size) {
  ASSERT_NE(block, nullptr) << size;
  EXPECT_TRUE(IsAligned(block, 16)) << size;
  EXPECT_GE(malloc_usable_size(block), size);
  const size_t usable = malloc_usable_size(block);
  Stamp(block, usable, size);
  EXPECT_TRUE(IsStamped(block, usable, size));
}

TEST(CFamilyTest, MallocAndFree) {
  for (size_t size : kSizes) {
    errno = kSentinel;
    void *block = malloc(size);
    ExpectUsable(block, size);
    free(block);
    EXPECT_EQ(errno, kSentinel);
  }
  free(nullptr);
}

TEST(CFamilyTest, Calloc) {
  for (size_t size : kSizes) {
    void *dirty = malloc(size);
    ExpectUsable(dirty, size);
    free(dirty);
    void *block = calloc(size, 1);
    ASSERT_NE(block, nullptr);
    EXPECT_TRUE(IsZero(block, size)) << size;
    free(block);
  }
}

TEST(CFamilyTest, ReallocAndReallocarray) {
  void *block = nullptr;
  size_t last = 0;
  for (size_t size : kSizes) {
    block = realloc(block, size + 1);
    ASSERT_NE(block, nullptr);
    EXPECT_TRUE(IsStamped(block, last, 3));
    Stamp(block, size, 3);
    last = size;
  }
  block = reallocarray(block, 10, 20);
  ASSERT_NE(block, nullptr);
  EXPECT_TRUE(IsStamped(block, 200, 3));
  void *const volatile kept = block;  // or a compiler thinks that it is gone
  errno = kSentinel;
  EXPECT_EQ(reallocarray(block, too_large, 3), nullptr);
  EXPECT_EQ(errno, ENOMEM);
  block = kept;
  EXPECT_TRUE(IsStamped(block, 200, 3));
  free(block);
}

TEST(CFamilyTest, ImpossibleSizesFail) {
  for (size_t size : {too_large + 0, too_large + 1, too_large * 2, too_large * 2 + 1}) {
    errno = kSentinel;
    EXPECT_EQ(malloc(size), nullptr);
    EXPECT_EQ(errno, ENOMEM);
    errno = kSentinel;
    EXPECT_EQ(calloc(size, 1), nullptr);
    EXPECT_EQ(errno, ENOMEM);
    errno = kSentinel;
    EXPECT_EQ(memalign(64, size), nullptr);
    EXPECT_EQ(errno, ENOMEM);
    errno = kSentinel;
    EXPECT_EQ(valloc(size), nullptr);
    EXPECT_EQ(errno, ENOMEM);
    errno = kSentinel;
    EXPECT_EQ(pvalloc(size), nullptr);
    EXPECT_EQ(errno, ENOMEM);
  }
}

TEST(CFamilyTest, AlignedForms) {
  for (size_t alignment = 16; alignment <= 8 * kMiB; alignment *= 4) {
    for (size_t size : kSizes) {
      void *block = aligned_alloc(alignment, size);
      ExpectUsable(block, size);
      EXPECT_TRUE(IsAligned(block, alignment));
      free(block);
      block = memalign(alignment, size);
      ExpectUsable(block, size);
      EXPECT_TRUE(IsAligned(block, alignment));
      free(block);
      ASSERT_EQ(posix_memalign(&block, alignment, size), 0);
      ExpectUsable(block, size);
      EXPECT_TRUE(IsAligned(block, alignment));
      free(block);
    }
  }
}

TEST(CFamilyTest, BadAlignmentIsRefused) {
  volatile size_t odd = 24;  // volatile: a compiler would warn
  errno = kSentinel;
  EXPECT_EQ(aligned_alloc(odd, 100), nullptr);
  EXPECT_EQ(errno, EINVAL);
  int anchor;
  void *block = &anchor;
  errno = kSentinel;
  EXPECT_EQ(posix_memalign(&block, odd, 100), EINVAL);
  EXPECT_EQ(posix_memalign(&block, 4, 100), EINVAL);
  EXPECT_EQ(errno, kSentinel);
  EXPECT_EQ(block, &anchor);
}

// The obsolete memalign raises an alignment to the next power of two, as in glibc.
TEST(CFamilyTest, MemalignRaisesTheAlignment) {
  volatile size_t odd = 24;  // volatile: a compiler would warn
  void *block = memalign(odd, 100);
  EXPECT_TRUE(IsAligned(block, 32));
  free(block);
  odd = 0;
  block = memalign(odd, 100);
  ExpectUsable(block, 100);
  free(block);
}

TEST(CFamilyTest, PageForms) {
  for (size_t size : kSizes) {
    void *block = valloc(size);
    ExpectUsable(block, size);
    EXPECT_TRUE(IsAligned(block, PageSize()));
    free(block);
    const size_t rounded = (size + PageSize() - 1) / PageSize() * PageSize();
    block = pvalloc(size);
    ExpectUsable(block, rounded);
    EXPECT_TRUE(IsAligned(block, PageSize()));
    free(block);
  }
}

TEST(CFamilyTest, SizedFrees) {
  for (size_t size : kSizes) {
    errno = kSentinel;
    free_sized(malloc(size), size);
    free_sized(calloc(size, 1), size);
    free_aligned_sized(aligned_alloc(64, size), 64, size);
    free_aligned_sized(aligned_alloc(8192, size), 8192, size);
    EXPECT_EQ(errno, kSentinel);
  }
  free_sized(nullptr, 10);
  free_aligned_sized(nullptr, 16, 10);
}

TEST(GlibcTest, UsableSizeOfNull) { EXPECT_EQ(malloc_usable_size(nullptr), 0u); }

// What mallinfo2 counts as in use; blocks with a mapping of their own apart, as in glibc.
size_t BytesInUse() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

TEST(GlibcTest, MallinfoFollowsWhatIsAllocated) {
  for (size_t bytes : {200 * kKiB, 30 * kMiB}) {
    const size_t before = BytesInUse();
    const size_t mappings_before = mallinfo2().hblks;
    void *block = malloc(bytes);
    ASSERT_NE(block, nullptr);
    const struct mallinfo2 info = mallinfo2();
    EXPECT_GE(info.uordblks + info.hblkhd, before + bytes);
    EXPECT_GE(info.arena, info.uordblks);
    EXPECT_EQ(info.hblks, mappings_before + (bytes > kMiB ? 1 : 0));
    EXPECT_EQ(static_cast<size_t>(mallinfo().uordblks), info.uordblks);
    free(block);
    EXPECT_EQ(BytesInUse(), before);
  }
}

TEST(GlibcTest, TrimGivesMemoryBack) {
  constexpr size_t kBlocks = 400;
  constexpr size_t kBytes = 100 * kKiB;
  static void *blocks[kBlocks];
  malloc_trim(0);
  const size_t before = ResidentBytes();
  for (void *&block : blocks) {
    block = malloc(kBytes);
    ASSERT_NE(block, nullptr);
    Stamp(block, kBytes, 1);
  }
  EXPECT_GE(ResidentBytes(), before + kBlocks * kBytes / 2);
  for (void *block : blocks) free(block);
  malloc_trim(0);
  EXPECT_LE(ResidentBytes(), before + 2 * kMiB);
  EXPECT_EQ(malloc_trim(0), 0) << "nothing was left to trim";
}

// This thread allocated before main, and before the variant's own constructors.
TEST(GlibcTest, TrimKeepsWhatItIsToldTo) {
  constexpr size_t kBlocks = 400;
  constexpr size_t kBytes = 100 * kKiB;
  constexpr size_t kKeep = kBlocks * kBytes / 2;
  static void *blocks[kBlocks];
  malloc_trim(0);
  const size_t before = ResidentBytes();
  for (void *&block : blocks) {
    block = malloc(kBytes);
    ASSERT_NE(block, nullptr);
    Stamp(block, kBytes, 1);
  }
  for (void *block : blocks) free(block);
  malloc_trim(kKeep);
  EXPECT_GE(ResidentBytes(), before + kKeep / 2);  // less what was never touched
  EXPECT_LE(ResidentBytes(), before + kKeep + 8 * kMiB);
  malloc_trim(0);
  EXPECT_LE(ResidentBytes(), before + 2 * kMiB);
}

TEST(GlibcTest, MalloptNeverFailsAProgram) {
  EXPECT_EQ(mallopt(M_MMAP_THRESHOLD, 1 << 20), 1);
  EXPECT_EQ(mallopt(M_ARENA_MAX, 1), 1);
}

TEST(GlibcTest, StatsAreWrittenToStderr) {
  const ChildResult child = RunInChild([] {
    malloc_stats();
    return 0;
  });
  EXPECT_TRUE(child.Exited(0)) << child.Describe();
  EXPECT_EQ(child.out, "");
  EXPECT_GE(Lines(child.err).size(), 5u) << child.err;
  EXPECT_NE(child.err.find("allocated_bytes"), std::string::npos) << child.err;
}

// Enough of a parser to see that the tags nest and close.
void ExpectNestedTags(const std::string &xml) {
  std::string open;  // "/malloc/heap" while inside both
  size_t elements = 0;
  for (size_t at = xml.find('<'); at != std::string::npos; at = xml.find('<', at)) {
    const size_t end = xml.find('>', at);
    ASSERT_NE(end, std::string::npos) << "a tag that does not end";
    const std::string tag = xml.substr(at + 1, end - at - 1);
    ASSERT_FALSE(tag.empty());
    ASSERT_EQ(std::count(tag.begin(), tag.end(), '"') % 2, 0) << tag;
    const std::string name = tag.substr(0, tag.find_first_of(" \n/", 1));
    if (tag[0] == '/') {
      ASSERT_EQ(open.substr(open.rfind('/')), tag) << "closed out of order";
      open.erase(open.rfind('/'));
    } else if (tag[0] != '?' && tag[0] != '!' && tag.back() != '/') {
      open += "/" + name;
    }
    ++elements;
    at = end;
  }
  EXPECT_EQ(open, "") << "never closed";
  EXPECT_GE(elements, 2u);
}

std::string Info() {
  char *text = nullptr;
  size_t length = 0;
  FILE *stream = open_memstream(&text, &length);
  EXPECT_NE(stream, nullptr);
  if (stream == nullptr) return "";
  EXPECT_EQ(malloc_info(0, stream), 0);
  fclose(stream);
  std::string xml(text, length);
  free(text);
  return xml;
}

TEST(GlibcTest, InfoIsWellFormedXml) {
  const std::string xml = Info();
  SCOPED_TRACE(xml);
  EXPECT_EQ(xml.compare(0, 7, "<malloc"), 0);
  ExpectNestedTags(xml);
}

// Makes it, where the system has what it is made from.
bool ChooseALocaleWithCommas() {
  const std::string folder = MakeFolder("locales");
  RunProgram({"localedef", "-i", "de_DE", "-f", "UTF-8", folder + "/de_DE.UTF-8"});
  setenv("LOCPATH", folder.c_str(), 1);
  const char *chosen = setlocale(LC_NUMERIC, "de_DE.UTF-8");
  return chosen != nullptr && *localeconv()->decimal_point == ',';
}

TEST(GlibcTest, InfoIsTheSameInEveryLocale) {
  if (!ChooseALocaleWithCommas()) GTEST_SKIP() << "there is no locale with decimal commas";
  const std::string xml = Info();
  setlocale(LC_NUMERIC, "C");
  EXPECT_EQ(xml.find(','), std::string::npos) << xml;
  const std::string tag = "<fragmentation>0.";
  const size_t at = xml.find(tag);
  ASSERT_NE(at, std::string::npos) << xml;
  EXPECT_EQ(xml.find('<', at + tag.size()), at + tag.size() + 6) << xml;
}

TEST(GlibcTest, InfoRefusesOptions) {
  errno = 0;
  FILE *nowhere = fopen("/dev/null", "w");
  ASSERT_NE(nowhere, nullptr);
  const int result = malloc_info(1, nowhere);
  EXPECT_TRUE(result == EINVAL || (result == -1 && errno == EINVAL)) << result;
  fclose(nowhere);
}

// --- Loam's own ----------------------------------------------------------------

using Export = size_t (*)(char *buffer, size_t size);

// The number behind a name and what separates it.
size_t ValueOf(Export to, const char *name, const char *separator) {
  char text[4096] = "";
  EXPECT_LT(to(text, sizeof(text)), sizeof(text));
  const char *found = strstr(text, name);
  if (found != nullptr) found = strstr(found, separator);
  EXPECT_NE(found, nullptr) << name << " in " << text;
  return found == nullptr ? 0 : strtoull(found + strlen(separator), nullptr, 10);
}

void ExpectToSeeABlock(Export to, const char *name, const char *separator) {
  constexpr size_t kBytes = size_t{100} << 20;
  const size_t before = ValueOf(to, name, separator);
  void *block = malloc(kBytes);
  ASSERT_NE(block, nullptr);
  EXPECT_GE(ValueOf(to, name, separator), before + kBytes);
  free(block);
  EXPECT_LT(ValueOf(to, name, separator), before + kBytes);
}

TEST(LoamTest, StatisticsForOtherProgramsSeeABlockComeAndGo) {
  ExpectToSeeABlock(loam_malloc_json, "\"allocated_bytes\"", ":");
  ExpectToSeeABlock(loam_malloc_prometheus, "\nloam_allocated_bytes{", "} ");
}

}  // namespace
}  // namespace loam::test
