#include "common/stats/stats.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <sstream>
#include <string>
#include <vector>

#include "common/stats/export.h"
#include "common/testing/capture.h"

namespace {

struct Counter {
  std::string name;
  size_t loam_stats::*field;
  std::string text;
};

const Counter kCounters[] = {
#define ROW(name, text) {#name, &loam_stats::name, text},
    LOAM_STATS_TABLE(ROW)
#undef ROW
};

// Every counter has a value of its own.
loam_stats Distinct(size_t factor) {
  loam_stats stats = {};
  size_t value = 0;
  for (const Counter &counter : kCounters) stats.*counter.field = ++value * factor;
  return stats;
}

std::vector<std::string> WrittenLines(const loam_stats &stats) {
  loam_capture_begin();
  loam_stats_write(&stats, "some_fit", STDERR_FILENO);
  std::istringstream text(loam_capture_end());
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

TEST(StatsTest, AddSumsEveryCounterButTheLargest) {
  loam_stats sum = Distinct(3);
  const loam_stats other = Distinct(1000);
  loam_stats_add(&sum, &other);
  for (const Counter &counter : kCounters) {
    const size_t expected = counter.name == "largest_free_bytes"
                                ? other.largest_free_bytes
                                : Distinct(3).*counter.field + other.*counter.field;
    EXPECT_EQ(sum.*counter.field, expected) << counter.name;
  }
}

TEST(StatsTest, AddKeepsALargerLargest) {
  loam_stats sum = Distinct(1000);
  const loam_stats other = Distinct(3);
  loam_stats_add(&sum, &other);
  EXPECT_EQ(sum.largest_free_bytes, Distinct(1000).largest_free_bytes);
}

TEST(StatsTest, AddingNothingChangesNothing) {
  loam_stats sum = Distinct(7);
  const loam_stats nothing = {};
  loam_stats_add(&sum, &nothing);
  for (const Counter &counter : kCounters) {
    EXPECT_EQ(sum.*counter.field, Distinct(7).*counter.field) << counter.name;
  }
}

TEST(StatsTest, Fragmentation) {
  loam_stats stats = {};
  EXPECT_EQ(loam_stats_fragmentation(&stats), 0) << "nothing is free";
  stats.free_bytes = 1000;
  EXPECT_EQ(loam_stats_fragmentation(&stats), 1);
  stats.largest_free_bytes = 250;
  EXPECT_DOUBLE_EQ(loam_stats_fragmentation(&stats), 0.75);
  stats.largest_free_bytes = 1000;
  EXPECT_EQ(loam_stats_fragmentation(&stats), 0) << "one block has it all";
}

TEST(StatsTest, Overhead) {
  loam_stats stats = {};
  stats.mapped_bytes = 4096;
  EXPECT_EQ(loam_stats_overhead(&stats), 0) << "nothing is allocated";
  stats.allocated_bytes = 1024;
  EXPECT_DOUBLE_EQ(loam_stats_overhead(&stats), 4);
}

TEST(StatsTest, TheWrittenFormNamesEveryCounterOfTheTable) {
  const loam_stats stats = Distinct(11);
  const std::vector<std::string> lines = WrittenLines(stats);
  const size_t count = std::size(kCounters);
  ASSERT_EQ(lines.size(), count + 3);
  EXPECT_EQ(lines[0], "loam: some_fit: statistics");
  for (size_t i = 0; i < count; i++) {
    EXPECT_EQ(lines[i + 1], "  " + kCounters[i].name + " = " +
                                std::to_string(stats.*kCounters[i].field) + "  (" +
                                kCounters[i].text + ")");
  }
}

TEST(StatsTest, TheWrittenFormEndsWithTheRatios) {
  loam_stats stats = {};
  stats.allocated_bytes = 100;
  stats.mapped_bytes = 125;
  stats.free_bytes = 10;
  stats.largest_free_bytes = 5;
  const std::vector<std::string> lines = WrittenLines(stats);
  ASSERT_GE(lines.size(), 2u);
  EXPECT_EQ(lines[lines.size() - 2], "  fragmentation = 0.50");
  EXPECT_EQ(lines.back(), "  mapped_per_allocated = 1.25");
}

// --- For other programs ------------------------------------------------------

using Export = size_t (*)(const loam_stats *, const char *, char *, size_t);

loam_stats WithRatios() {
  loam_stats stats = Distinct(3);
  stats.free_bytes = 8;
  stats.largest_free_bytes = 7;
  stats.allocated_bytes = 1000;
  stats.mapped_bytes = 1999;
  return stats;
}

std::string Text(Export to, const loam_stats &stats) {
  char buffer[LOAM_STATS_TEXT_MAX];
  const size_t length = to(&stats, "some_fit", buffer, sizeof(buffer));
  EXPECT_LT(length, sizeof(buffer));
  EXPECT_EQ(strlen(buffer), length);
  return buffer;
}

TEST(ExportTest, JsonHasEveryCounterAndTheRatios) {
  const loam_stats stats = WithRatios();
  std::string expected = "{\"schema\":\"loam-malloc-v1\",\"variant\":\"some_fit\"";
  for (const Counter &counter : kCounters) {
    expected += ",\"" + counter.name + "\":" + std::to_string(stats.*counter.field);
  }
  EXPECT_EQ(Text(loam_stats_json, stats),
            expected + ",\"fragmentation\":0.125000,\"mapped_per_allocated\":1.999000}\n");
}

TEST(ExportTest, PrometheusHasEveryCounterWithItsKindAndHelp) {
  const loam_stats stats = WithRatios();
  std::string expected;
  for (const Counter &counter : kCounters) {
    const bool grows = counter.name == "malloc_calls" || counter.name == "free_calls";
    const std::string name = "loam_" + counter.name + (grows ? "_total" : "");
    expected += "# HELP " + name + " " + counter.text + "\n# TYPE " + name +
                (grows ? " counter\n" : " gauge\n") + name + "{variant=\"some_fit\"} " +
                std::to_string(stats.*counter.field) + "\n";
  }
  const std::string text = Text(loam_stats_prometheus, stats);
  EXPECT_EQ(text.substr(0, expected.size()), expected);
  EXPECT_NE(text.find("\nloam_fragmentation_ratio{variant=\"some_fit\"} 0.125000\n"),
            std::string::npos);
  EXPECT_NE(text.find("\nloam_mapped_per_allocated_ratio{variant=\"some_fit\"} 1.999000\n"),
            std::string::npos);
}

TEST(ExportTest, TheLargestNumbersFit) {
  loam_stats stats;
  memset(&stats, 0xff, sizeof(stats));
  Text(loam_stats_json, stats);
  Text(loam_stats_prometheus, stats);
}

// As with snprintf: the length is that of the whole, and nothing behind the buffer changes.
TEST(ExportTest, ASmallBufferGetsTheBeginning) {
  const loam_stats stats = WithRatios();
  for (const Export to : {loam_stats_json, loam_stats_prometheus}) {
    const std::string whole = Text(to, stats);
    EXPECT_EQ(to(&stats, "some_fit", nullptr, 0), whole.size());
    for (const size_t size : {size_t{1}, size_t{2}, size_t{40}, whole.size(), whole.size() + 1}) {
      std::string buffer(size + 1, '#');
      EXPECT_EQ(to(&stats, "some_fit", buffer.data(), size), whole.size());
      EXPECT_EQ(std::string(buffer.c_str()), whole.substr(0, size - 1));
      EXPECT_EQ(buffer[size], '#');
    }
  }
}

}  // namespace
