#include "common/check/report.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <string>

#include "common/testing/capture.h"

namespace {

constexpr int kErrno = 4711;  // nobody sets this one

std::string TextOf(const loam_line &line) { return std::string(line.text, line.length); }

std::string Decimal(uint64_t value) {
  loam_line line = {};
  loam_line_decimal(&line, value);
  return TextOf(line);
}

std::string Ratio(double value) {
  loam_line line = {};
  loam_line_ratio(&line, value);
  return TextOf(line);
}

std::string Pointer(uintptr_t value) {
  loam_line line = {};
  loam_line_pointer(&line, reinterpret_cast<void *>(value));
  return TextOf(line);
}

// What writing the line gives.
std::string Written(loam_line *line) {
  loam_capture_begin();
  loam_line_write(line, STDERR_FILENO);
  return loam_capture_end();
}

TEST(LineTest, Decimals) {
  EXPECT_EQ(Decimal(0), "0");
  EXPECT_EQ(Decimal(9), "9");
  EXPECT_EQ(Decimal(10), "10");
  EXPECT_EQ(Decimal(4294967296), "4294967296");
  EXPECT_EQ(Decimal(UINT64_MAX), "18446744073709551615");
}

TEST(LineTest, PointersAreHexadecimal) {
  EXPECT_EQ(Pointer(0), "0x0");
  EXPECT_EQ(Pointer(0xf), "0xf");
  EXPECT_EQ(Pointer(0x7f0123456789), "0x7f0123456789");
  EXPECT_EQ(Pointer(UINTPTR_MAX), "0xffffffffffffffff");
}

TEST(LineTest, RatiosAreRoundedToHundredths) {
  EXPECT_EQ(Ratio(0), "0.00");
  EXPECT_EQ(Ratio(0.004), "0.00");
  EXPECT_EQ(Ratio(0.006), "0.01");
  EXPECT_EQ(Ratio(0.05), "0.05");
  EXPECT_EQ(Ratio(0.994), "0.99");
  EXPECT_EQ(Ratio(0.996), "1.00");
  EXPECT_EQ(Ratio(1), "1.00");
  EXPECT_EQ(Ratio(1.25), "1.25");
  EXPECT_EQ(Ratio(123456.789), "123456.79");
}

TEST(LineTest, PartsFollowEachOther) {
  loam_line line = {};
  loam_line_text(&line, "a");
  loam_line_text(&line, "");
  loam_line_decimal(&line, 1);
  loam_line_text(&line, " ");
  loam_line_ratio(&line, 0.5);
  EXPECT_EQ(Written(&line), "a1 0.50\n");
}

TEST(LineTest, AnEmptyLineIsANewline) {
  loam_line line = {};
  EXPECT_EQ(Written(&line), "\n");
}

TEST(LineTest, WhatDoesNotFitIsCutOffButTheNewlineIsKept) {
  constexpr size_t kMost = sizeof(loam_line::text) - 1;
  for (const size_t length : {kMost - 1, kMost, kMost + 1, 2 * kMost}) {
    const std::string text(length, 'x');
    loam_line line = {};
    loam_line_text(&line, text.c_str());
    loam_line_decimal(&line, 0);
    EXPECT_EQ(Written(&line), (text + "0").substr(0, kMost) + "\n");
  }
}

TEST(LineTest, ANumberIsCutOffToo) {
  const std::string text(sizeof(loam_line::text) - 4, 'x');
  loam_line line = {};
  loam_line_text(&line, text.c_str());
  loam_line_decimal(&line, 123456);
  EXPECT_EQ(Written(&line), text + "123\n");
}

TEST(LineTest, WritesToTheDescriptorGiven) {
  int fds[2];
  ASSERT_EQ(pipe(fds), 0);
  loam_line line = {};
  loam_line_text(&line, "here");
  loam_line_write(&line, fds[1]);
  char got[16];
  EXPECT_EQ(read(fds[0], got, sizeof got), 5);
  EXPECT_EQ(std::string(got, 5), "here\n");
  close(fds[0]);
  close(fds[1]);
}

TEST(LineTest, AClosedOrFailingDescriptorIsBorne) {
  loam_line line = {};
  loam_line_text(&line, "nobody reads this");
  errno = kErrno;
  loam_line_write(&line, -1);
  EXPECT_EQ(errno, kErrno);
  const int full = open("/dev/full", O_WRONLY);
  ASSERT_GE(full, 0);
  errno = kErrno;
  loam_line_write(&line, full);
  EXPECT_EQ(errno, kErrno);
  close(full);
}

void *const kPointer = reinterpret_cast<void *>(0xabc0);

TEST(ReportTest, Warn) {
  loam_capture_begin();
  errno = kErrno;
  loam_warn("some_fit", "what is wrong");
  EXPECT_EQ(errno, kErrno);
  EXPECT_STREQ(loam_capture_end(), "loam: some_fit: what is wrong\n");
}

TEST(ReportTest, Complain) {
  loam_capture_begin();
  errno = kErrno;
  loam_complain("some_fit", kPointer, "what is wrong");
  EXPECT_EQ(errno, kErrno);
  EXPECT_STREQ(loam_capture_end(), "loam: some_fit: 0xabc0: what is wrong\n");
}

TEST(ReportTest, FatalSaysOneLineAndAborts) {
  EXPECT_EXIT(loam_fatal("some_fit", kPointer, "what is wrong"), testing::KilledBySignal(SIGABRT),
              "^loam: some_fit: 0xabc0: what is wrong\n");
}

TEST(ReportTest, FatalAbortsAlsoWhereStderrIsClosed) {
  EXPECT_EXIT(
      {
        close(STDERR_FILENO);
        loam_fatal("some_fit", nullptr, "nobody hears it");
      },
      testing::KilledBySignal(SIGABRT), "");
}

}  // namespace
