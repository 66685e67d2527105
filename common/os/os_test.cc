#include "common/os/os.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>

namespace {

constexpr int kErrno = 4711;  // nobody sets this one

bool AllBytesAre(const void *address, size_t bytes, char value) {
  const char *start = static_cast<const char *>(address);
  return std::all_of(start, start + bytes, [value](char byte) { return byte == value; });
}

bool IsAligned(const void *address, size_t alignment) {
  return reinterpret_cast<uintptr_t>(address) % alignment == 0;
}

// mincore knows only what is mapped.
bool IsMapped(void *address) {
  unsigned char resident;
  return mincore(address, loam_os_page_size(), &resident) == 0;
}

class OsTest : public testing::Test {
 protected:
  void SetUp() override { errno = kErrno; }
  void TearDown() override {
    loam_os_set_fault_hook(nullptr);
    EXPECT_EQ(errno, kErrno);
  }
  const size_t page_ = loam_os_page_size();
};

TEST_F(OsTest, PageSizeIsThatOfTheKernel) {
  EXPECT_EQ(page_, static_cast<size_t>(sysconf(_SC_PAGESIZE)));
  EXPECT_EQ(loam_os_page_size(), page_);
}

TEST_F(OsTest, RoundToPage) {
  EXPECT_EQ(loam_os_round_to_page(0), 0u);
  EXPECT_EQ(loam_os_round_to_page(1), page_);
  EXPECT_EQ(loam_os_round_to_page(page_ - 1), page_);
  EXPECT_EQ(loam_os_round_to_page(page_), page_);
  EXPECT_EQ(loam_os_round_to_page(page_ + 1), 2 * page_);
}

TEST_F(OsTest, ReservedMemoryFaultsUntilItIsCommitted) {
  char *start = static_cast<char *>(loam_os_reserve(2 * page_, 1));
  ASSERT_NE(start, nullptr);
  EXPECT_EXIT(
      {
        signal(SIGSEGV, SIG_DFL);  // a sanitizer would end it in its own way
        *static_cast<volatile char *>(start) = 1;
      },
      testing::KilledBySignal(SIGSEGV), "");
  ASSERT_TRUE(loam_os_commit(start, 2 * page_));
  EXPECT_TRUE(AllBytesAre(start, 2 * page_, 0));
  memset(start, 0x5a, 2 * page_);
  EXPECT_TRUE(AllBytesAre(start, 2 * page_, 0x5a));
  EXPECT_TRUE(loam_os_release(start, 2 * page_));
  EXPECT_FALSE(IsMapped(start));
  errno = kErrno;  // as mincore set it
}

TEST_F(OsTest, MappedMemoryIsZeroAndWritable) {
  char *start = static_cast<char *>(loam_os_map(3 * page_, 1));
  ASSERT_NE(start, nullptr);
  EXPECT_TRUE(AllBytesAre(start, 3 * page_, 0));
  memset(start, 1, 3 * page_);
  EXPECT_TRUE(loam_os_release(start, 3 * page_));
}

TEST_F(OsTest, AlignmentHoldsForReserveAndMap) {
  for (size_t alignment = 1; alignment <= size_t{64} << 20; alignment *= 2) {
    for (int again = 0; again < 3; again++) {
      void *reserved = loam_os_reserve(5 * page_, alignment);
      void *mapped = loam_os_map(5 * page_, alignment);
      ASSERT_NE(reserved, nullptr);
      ASSERT_NE(mapped, nullptr);
      EXPECT_TRUE(IsAligned(reserved, alignment)) << alignment;
      EXPECT_TRUE(IsAligned(mapped, alignment)) << alignment;
      EXPECT_TRUE(AllBytesAre(mapped, 5 * page_, 0));
      memset(mapped, 1, 5 * page_);  // all of it is there
      EXPECT_TRUE(loam_os_release(reserved, 5 * page_));
      EXPECT_TRUE(loam_os_release(mapped, 5 * page_));
    }
  }
}

TEST_F(OsTest, AlignedMappingsThatLiveTogetherDoNotOverlap) {
  constexpr size_t kBytes = size_t{4} << 20;
  char *mapped[8];
  for (char *&start : mapped) {
    start = static_cast<char *>(loam_os_map(kBytes, kBytes));
    ASSERT_NE(start, nullptr);
    EXPECT_TRUE(IsAligned(start, kBytes));
  }
  std::sort(std::begin(mapped), std::end(mapped));
  for (int i = 1; i < 8; i++) EXPECT_GE(mapped[i], mapped[i - 1] + kBytes);
  for (char *start : mapped) EXPECT_TRUE(loam_os_release(start, kBytes));
}

TEST_F(OsTest, ReserveTrimsTheSurplusOfAnAlignedMapping) {
  constexpr size_t kAlignment = size_t{16} << 20;
  char *start = static_cast<char *>(loam_os_reserve(page_, kAlignment));
  ASSERT_NE(start, nullptr);
  ASSERT_TRUE(loam_os_release(start, page_));
  // Were a surplus left on either side, a neighbour would still be mapped.
  EXPECT_FALSE(IsMapped(start - page_));
  EXPECT_FALSE(IsMapped(start + page_));
  errno = kErrno;
}

TEST_F(OsTest, DecommittedMemoryReadsZero) {
  char *start = static_cast<char *>(loam_os_map(4 * page_, 1));
  ASSERT_NE(start, nullptr);
  memset(start, 7, 4 * page_);
  EXPECT_TRUE(loam_os_decommit(start + page_, 2 * page_));
  EXPECT_TRUE(AllBytesAre(start, page_, 7));
  EXPECT_TRUE(AllBytesAre(start + page_, 2 * page_, 0));
  EXPECT_TRUE(AllBytesAre(start + 3 * page_, page_, 7));
  memset(start, 8, 4 * page_);  // and can be written again
  EXPECT_TRUE(loam_os_release(start, 4 * page_));
}

TEST_F(OsTest, ReleaseTakesAPart) {
  char *start = static_cast<char *>(loam_os_map(3 * page_, 1));
  ASSERT_NE(start, nullptr);
  memset(start, 9, 3 * page_);
  EXPECT_TRUE(loam_os_release(start + page_, page_));
  EXPECT_TRUE(AllBytesAre(start, page_, 9));
  EXPECT_TRUE(AllBytesAre(start + 2 * page_, page_, 9));
  EXPECT_FALSE(IsMapped(start + page_));
  errno = kErrno;
  EXPECT_TRUE(loam_os_release(start, page_));
  EXPECT_TRUE(loam_os_release(start + 2 * page_, page_));
}

TEST_F(OsTest, RemapGrowsAndShrinksAndKeepsContents) {
  char *start = static_cast<char *>(loam_os_map(2 * page_, 1));
  ASSERT_NE(start, nullptr);
  memset(start, 3, 2 * page_);
  char *grown = static_cast<char *>(loam_os_remap(start, 2 * page_, 64 * page_));
  ASSERT_NE(grown, nullptr);
  EXPECT_TRUE(AllBytesAre(grown, 2 * page_, 3));
  EXPECT_TRUE(AllBytesAre(grown + 2 * page_, 62 * page_, 0));
  memset(grown, 4, 64 * page_);
  char *shrunk = static_cast<char *>(loam_os_remap(grown, 64 * page_, page_));
  ASSERT_NE(shrunk, nullptr);
  EXPECT_TRUE(AllBytesAre(shrunk, page_, 4));
  EXPECT_TRUE(loam_os_release(shrunk, page_));
}

TEST_F(OsTest, WhatTheKernelRefusesIsNull) {
  const size_t too_much = SIZE_MAX / 2 & ~(page_ - 1);
  EXPECT_EQ(loam_os_reserve(too_much, 1), nullptr);
  EXPECT_EQ(loam_os_map(too_much, 1), nullptr);
  EXPECT_EQ(loam_os_map(too_much, size_t{1} << 22), nullptr);
  // Size and slack together overflow.
  EXPECT_EQ(loam_os_reserve(SIZE_MAX & ~(page_ - 1), size_t{1} << 22), nullptr);
  char *start = static_cast<char *>(loam_os_map(page_, 1));
  ASSERT_NE(start, nullptr);
  EXPECT_EQ(loam_os_remap(start, page_, too_much), nullptr);
  *start = 1;  // the old mapping stands
  EXPECT_FALSE(loam_os_release(start + 1, page_)) << "not at a page";
  EXPECT_FALSE(loam_os_commit(start + 1, page_));
  EXPECT_FALSE(loam_os_decommit(start + 1, page_));
  EXPECT_TRUE(loam_os_release(start, page_));
}

// --- Failure injection -------------------------------------------------------

loam_os_call failing_call;
size_t asked_bytes;

bool FailOne(loam_os_call call, size_t bytes) {
  if (call != failing_call) return false;
  asked_bytes = bytes;
  return true;
}

class OsFaultTest : public OsTest {
 protected:
  void SetUp() override {
    OsTest::SetUp();
    start_ = static_cast<char *>(loam_os_map(2 * page_, 1));
    ASSERT_NE(start_, nullptr);
    memset(start_, 6, 2 * page_);
  }
  void TearDown() override {
    loam_os_set_fault_hook(nullptr);
    // Whatever failed has changed nothing.
    EXPECT_TRUE(AllBytesAre(start_, 2 * page_, 6));
    EXPECT_TRUE(loam_os_release(start_, 2 * page_));
    OsTest::TearDown();
  }
  void Fail(loam_os_call call) {
    failing_call = call;
    asked_bytes = 0;
    loam_os_set_fault_hook(FailOne);
  }
  char *start_ = nullptr;
};

TEST_F(OsFaultTest, Map) {
  Fail(LOAM_OS_MAP);
  EXPECT_EQ(loam_os_map(page_, 1), nullptr);
  EXPECT_EQ(asked_bytes, page_);
  EXPECT_EQ(loam_os_map(page_, size_t{1} << 22), nullptr);
  EXPECT_EQ(loam_os_reserve(2 * page_, 1), nullptr);
  EXPECT_EQ(asked_bytes, 2 * page_);
  EXPECT_EQ(loam_os_reserve(page_, size_t{1} << 22), nullptr);
}

TEST_F(OsFaultTest, Commit) {
  Fail(LOAM_OS_COMMIT);
  EXPECT_FALSE(loam_os_commit(start_, 2 * page_));
  EXPECT_EQ(asked_bytes, 2 * page_);
}

TEST_F(OsFaultTest, Decommit) {
  Fail(LOAM_OS_DECOMMIT);
  EXPECT_FALSE(loam_os_decommit(start_, 2 * page_));
  EXPECT_EQ(asked_bytes, 2 * page_);
}

TEST_F(OsFaultTest, Release) {
  Fail(LOAM_OS_RELEASE);
  EXPECT_FALSE(loam_os_release(start_, 2 * page_));
  EXPECT_EQ(asked_bytes, 2 * page_);
}

TEST_F(OsFaultTest, Remap) {
  Fail(LOAM_OS_REMAP);
  EXPECT_EQ(loam_os_remap(start_, 2 * page_, 4 * page_), nullptr);
  EXPECT_EQ(asked_bytes, 4 * page_);
}

TEST_F(OsFaultTest, AlignedReserveOutlivesFailingTrims) {
  Fail(LOAM_OS_RELEASE);
  constexpr size_t kAlignment = size_t{1} << 22;
  char *reserved = static_cast<char *>(loam_os_reserve(page_, kAlignment));
  ASSERT_NE(reserved, nullptr);
  EXPECT_TRUE(IsAligned(reserved, kAlignment));
  loam_os_set_fault_hook(nullptr);
  EXPECT_TRUE(loam_os_release(reserved, page_));
}

TEST_F(OsFaultTest, TheHookCanBeTakenAway) {
  Fail(LOAM_OS_MAP);
  ASSERT_EQ(loam_os_map(page_, 1), nullptr);
  loam_os_set_fault_hook(nullptr);
  void *mapped = loam_os_map(page_, 1);
  EXPECT_NE(mapped, nullptr);
  EXPECT_TRUE(loam_os_release(mapped, page_));
}

// --- Time, processors, chance ------------------------------------------------

TEST_F(OsTest, TimeNeverGoesBackAndDoesGoOn) {
  const uint64_t start = loam_os_now_ms();
  uint64_t last = start;
  for (int i = 0; i < 200 && last < start + 20; i++) {
    usleep(1000);
    const uint64_t now = loam_os_now_ms();
    ASSERT_GE(now, last);
    last = now;
  }
  EXPECT_GE(last, start + 20);
}

TEST_F(OsTest, CpuCountIsWhatTheProcessMayUse) {
  EXPECT_GE(loam_os_cpu_count(), 1u);
  EXPECT_LE(loam_os_cpu_count(), static_cast<unsigned>(sysconf(_SC_NPROCESSORS_CONF)));
}

constexpr char kPrintRandom[] = "--print_random";

std::string RandomOfANewProcess() {
  int fds[2];
  if (pipe(fds) != 0) return "";
  const pid_t child = fork();
  if (child == 0) {
    dup2(fds[1], STDOUT_FILENO);
    execl("/proc/self/exe", "os_test", kPrintRandom, static_cast<char *>(nullptr));
    _exit(127);
  }
  close(fds[1]);
  std::string text;
  char byte;
  while (read(fds[0], &byte, 1) == 1) text += byte;
  close(fds[0]);
  int status = -1;
  waitpid(child, &status, 0);
  return status == 0 ? text : "";
}

TEST_F(OsTest, RandomDiffersBetweenProcesses) {
  const std::string first = RandomOfANewProcess();
  const std::string second = RandomOfANewProcess();
  EXPECT_FALSE(first.empty());
  EXPECT_FALSE(second.empty());
  EXPECT_NE(first, second);
  EXPECT_NE(first, std::to_string(loam_os_random()));
  errno = kErrno;
}

}  // namespace

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], kPrintRandom) == 0) {
    printf("%ju", static_cast<uintmax_t>(loam_os_random()));
    return 0;
  }
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
