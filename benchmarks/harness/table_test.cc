#include "benchmarks/harness/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "benchmarks/harness/result_json.h"
#include "benchmarks/harness/summary.h"

namespace loam::matrix {
namespace {

using Json = nlohmann::ordered_json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

Json Metric(double ratio, const std::string &verdict, bool best) {
  return {
      {"median", 20480.0 * ratio}, {"unit", "bytes"},    {"ratio", ratio}, {"ratio_low", nullptr},
      {"ratio_high", nullptr},     {"verdict", verdict}, {"best", best}};
}

Json CellOf(const std::string &allocator, int threads, const Json &peak_rss,
            const std::string &status = "ok", const Json &message = nullptr) {
  return {{"allocator", allocator}, {"workload", "threaded/server"},
          {"threads", threads},     {"status", status},
          {"message", message},     {"time", nullptr},
          {"peak_rss", peak_rss},   {"trough_rss", nullptr}};
}

Json Mean(double ratio, int cells) { return {{"ratio", ratio}, {"cells", cells}}; }

Json Result() {
  Json result;
  result["schema"] = kSchemaId;
  result["context"] = {{"baseline_allocator", "glibc"},
                       {"rounds", 7},
                       {"complete", true},
                       {"load_avg", {0.5}},
                       {"num_cpus", 2}};
  result["allocators"] = {{{"name", "glibc"}}, {{"name", "fast"}}, {{"name", "odd"}}};
  result["cells"] = {
      CellOf("glibc", 1, Metric(1, "baseline", false)),
      CellOf("fast", 1, Metric(0.5, "less", true)),
      CellOf("odd", 1, Metric(0.98, "cannot_tell", false)),
      CellOf("glibc", 2, Metric(1, "baseline", true)),
      CellOf("fast", 2, nullptr, "failed", "killed by Aborted"),
      CellOf("odd", 2, nullptr, "timed_out", "still running after 5 ms"),
  };
  for (const char *name : {"glibc", "fast", "odd"}) {
    const bool whole = std::string(name) == "glibc";
    result["geomeans"].push_back({{"allocator", name},
                                  {"time", nullptr},
                                  {"peak_rss", Mean(whole ? 1 : 0.5, whole ? 2 : 1)},
                                  {"trough_rss", nullptr}});
  }
  return result;
}

TEST(ReadReportTest, HasATableForEachMetricThatWasMeasured) {
  const Report report = *ReadReport(Result());
  ASSERT_EQ(report.tables.size(), 1u);
  EXPECT_EQ(report.tables[0].title, "Peak RSS");
  EXPECT_THAT(report.tables[0].columns, ElementsAre("glibc", "fast", "odd"));
  ASSERT_EQ(report.tables[0].rows.size(), 2u);
  EXPECT_EQ(report.tables[0].rows[0].label, "threaded/server");
  EXPECT_EQ(report.tables[0].rows[1].label, "threaded/server x2");
}

TEST(ReadReportTest, TheBaselineShowsItsValueAndOthersTheirRatio) {
  const std::vector<TableCell> cells = ReadReport(Result())->tables[0].rows[0].cells;
  EXPECT_EQ(cells[0].text, "20.0 KiB");
  EXPECT_EQ(cells[1].text, "0.50");
  EXPECT_TRUE(cells[1].best);
  EXPECT_FALSE(cells[1].cannot_tell);
  EXPECT_TRUE(cells[2].cannot_tell);
}

TEST(ReadReportTest, MarksWhatFailedAndSaysWhy) {
  const Report report = *ReadReport(Result());
  EXPECT_EQ(report.tables[0].rows[1].cells[1].text, "FAILED");
  EXPECT_EQ(report.tables[0].rows[1].cells[2].text, "TIMEOUT");
  EXPECT_THAT(report.notes,
              ElementsAre("failed: killed by Aborted (fast threaded/server x2)",
                          "timed_out: still running after 5 ms (odd threaded/server x2)"));
}

TEST(ReadReportTest, SaysThatRoundsAreTooFewAndThatARunIsIncomplete) {
  Json result = Result();
  result["context"]["rounds"] = 3;
  result["context"]["complete"] = false;
  const std::vector<std::string> notes = ReadReport(result)->notes;
  ASSERT_EQ(notes.size(), 4u);
  EXPECT_THAT(notes[2], HasSubstr("3 rounds are too few"));
  EXPECT_THAT(notes[3], HasSubstr("incomplete"));
}

TEST(ReadReportTest, ShowsMetricsThatOnlyNewerFilesHave) {
  Json result = Result();
  for (Json &cell : result["cells"]) cell["settled_rss"] = cell["peak_rss"];
  for (Json &geomean : result["geomeans"]) geomean["settled_rss"] = nullptr;
  const Report report = *ReadReport(result);
  ASSERT_EQ(report.tables.size(), 2u);
  EXPECT_THAT(report.tables[1].title, HasSubstr("settled"));
  result["cells"][1].erase("settled_rss");
  EXPECT_FALSE(ReadReport(result).ok());
}

TEST(ReadReportTest, DetailsAreShownWhenAskedFor) {
  Json result = Result();
  for (Json &cell : result["cells"]) cell["page_faults"] = cell["peak_rss"];
  for (Json &geomean : result["geomeans"]) geomean["page_faults"] = nullptr;
  EXPECT_EQ(ReadReport(result)->tables.size(), 1u);
  const Report report = *ReadReport(result, {/*details=*/true, {}});
  ASSERT_EQ(report.tables.size(), 2u);
  EXPECT_EQ(report.tables[1].title, "Page faults");
}

TEST(ReadReportTest, WhatIsNoResultFileIsAnError) {
  EXPECT_FALSE(ReadReport(Json::parse("[]")).ok());
  EXPECT_FALSE(ReadReport(Json::parse("{\"schema\":\"other\"}")).ok());
  EXPECT_FALSE(ReadReport(Json::parse("{\"schema\":7}")).ok());
  Json damaged = Result();
  damaged["cells"][3].erase("peak_rss");
  EXPECT_FALSE(ReadReport(damaged).ok());
  Json stranger = Result();
  stranger["cells"][0]["allocator"] = "unheard of";
  EXPECT_FALSE(ReadReport(stranger).ok());
}

TEST(RenderTerminalTest, AlignsColumnsAndMarksWithoutColour) {
  const std::string text = RenderTerminal(*ReadReport(Result()), /*colour=*/false);
  EXPECT_THAT(text, HasSubstr("                       glibc         fast          odd  \n"
                              "threaded/server     20.0 KiB         0.50*        0.98~ \n"
                              "threaded/server x2  20.0 KiB*      FAILED      TIMEOUT  \n"
                              "geometric mean          1.00    0.50 of 1    0.50 of 1  \n"));
  EXPECT_THAT(text, Not(HasSubstr("\033[")));
}

TEST(RenderTerminalTest, GreysWhatCannotBeTold) {
  const std::string text = RenderTerminal(*ReadReport(Result()), /*colour=*/true);
  EXPECT_THAT(text, HasSubstr("\033[2m     0.98~ \033[0m"));
  EXPECT_THAT(text, HasSubstr("\033[1;32m"));
}

TEST(RenderTerminalTest, TheBestMayBeOneThatCannotBeTold) {
  Json result = Result();
  result["cells"][2]["peak_rss"]["best"] = true;
  EXPECT_THAT(RenderTerminal(*ReadReport(result), /*colour=*/false), HasSubstr("0.98~*\n"));
  EXPECT_THAT(RenderMarkdown(*ReadReport(result)), HasSubstr("**_0.98_**"));
}

TEST(ReadReportTest, SaysThatTheMachineWasBusy) {
  Json result = Result();
  result["context"]["load_avg"] = {1.5, 0.1, 0.1};
  EXPECT_THAT(ReadReport(result)->notes.back(), HasSubstr("busy when the run began (load 1.5"));
}

TEST(ReadReportTest, SaysHowSmallADifferenceWouldHaveShown) {
  Json result = Result();
  result["cells"][1]["peak_rss"]["smallest_visible"] = 0.021;
  result["cells"][2]["peak_rss"]["smallest_visible"] = 0.3;
  EXPECT_EQ(ReadReport(result)->notes.front(),
            "Peak RSS: half of the cells would have shown a difference of 2.1 %, nine of ten one "
            "of 2.1 %");
}

TEST(RenderMarkdownTest, IsATable) {
  const std::string text = RenderMarkdown(*ReadReport(Result()));
  EXPECT_THAT(text, HasSubstr("| | glibc | fast | odd |\n| --- | ---: | ---: | ---: |\n"
                              "| threaded/server | 20.0 KiB | **0.50** | _0.98_ |\n"));
  EXPECT_THAT(text, HasSubstr("\n- failed: killed by Aborted"));
}

TEST(FormatQuantityTest, ShowsThreeDigits) {
  EXPECT_EQ(FormatQuantity(1.234, "ns"), "1.23 ns");
  EXPECT_EQ(FormatQuantity(999.4, "ns"), "999 ns");
  EXPECT_EQ(FormatQuantity(12345, "ns"), "12.3 us");
  EXPECT_EQ(FormatQuantity(2.5e9, "ns"), "2.50 s");
  EXPECT_EQ(FormatQuantity(5e12, "ns"), "5000 s");
  EXPECT_EQ(FormatQuantity(1536, "bytes"), "1.50 KiB");
  EXPECT_EQ(FormatQuantity(0, "bytes"), "0.00 B");
  EXPECT_EQ(FormatQuantity(7, "count"), "7");
  EXPECT_EQ(FormatQuantity(12345, "count"), "12.3 thousand");
  EXPECT_EQ(FormatQuantity(1.234, "ratio"), "1.23");
}

}  // namespace
}  // namespace loam::matrix
