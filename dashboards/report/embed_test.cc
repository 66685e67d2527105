#include "dashboards/report/embed.h"

#include <gtest/gtest.h>

#include "nlohmann/json.hpp"

namespace loam::dashboards {
namespace {

using nlohmann::json;

// What a browser takes for the data: up to the first end of a script element.
json DataOf(const std::string &report) {
  const std::string open = "<script type=\"application/json\" id=\"loam-data\">";
  const size_t begin = report.find(open) + open.size();
  return json::parse(report.substr(begin, report.find("</script", begin) - begin), nullptr, false);
}

TEST(EmbedTest, TheFilesAreTheDataInOrder) {
  const std::string report =
      EmbedInto("<p>\n<!-- loam-data -->\n<script>1</script>", {"{\"a\": 1}", "{\"b\": 2}\n"});
  EXPECT_EQ(DataOf(report), json::parse(R"({"runs":[{"a":1},{"b":2}]})"));
  EXPECT_EQ(report.rfind("<p>\n", 0), 0u);
  EXPECT_EQ(report.substr(report.size() - 19), "\n<script>1</script>");
}

TEST(EmbedTest, MarkupStaysData) {
  const json file = {{"text", "</script><script>alert(1)</script><!-- <script> ]]>"}};
  const std::string report = EmbedInto("<!-- loam-data -->", {file.dump()});
  EXPECT_EQ(DataOf(report).at("runs").at(0), file);
  EXPECT_EQ(report.find("alert(1)</script"), std::string::npos);
  EXPECT_EQ(report.find("<!--"), std::string::npos);
}

TEST(EmbedTest, ThePageHasAPlaceForThem) {
  const std::string report = MakeReport({"{\"a\": 1}"});
  EXPECT_EQ(report.find("<!-- loam-data -->"), std::string::npos);
  EXPECT_EQ(DataOf(report), json::parse(R"({"runs":[{"a":1}]})"));
  EXPECT_NE(report.find("</html>"), std::string::npos);
}

}  // namespace
}  // namespace loam::dashboards
