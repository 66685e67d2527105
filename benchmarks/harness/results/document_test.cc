#include "benchmarks/harness/results/document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "benchmarks/harness/result_json.h"
#include "benchmarks/harness/results/made_up_result.h"

namespace loam::matrix {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class RenewTablesTest : public ::testing::Test {
 protected:
  RenewTablesTest() {
    const Result result = MadeUpResult();
    std::ofstream(::testing::TempDir() + "/result.json")
        << ResultJson(result.matrix, Summarise(result.matrix, 1), result.context);
  }

  static absl::StatusOr<RenewedDocument> Renew(const std::string &text) {
    return RenewTables(text, ::testing::TempDir());
  }
};

TEST_F(RenewTablesTest, ReplacesWhatIsBetweenTheMarksAndNothingElse) {
  const absl::StatusOr<RenewedDocument> renewed =
      Renew("before\n<!-- table: result.json -->\nold\n<!-- end -->\nafter\n");
  ASSERT_TRUE(renewed.ok()) << renewed.status();
  EXPECT_EQ(renewed->tables, 1u);
  EXPECT_THAT(renewed->text, HasSubstr("before\n<!-- table: result.json -->\n\n**Time**\n"));
  EXPECT_THAT(renewed->text, HasSubstr("| micro/pair | 115 ns | **0.50** |"));
  EXPECT_THAT(renewed->text, HasSubstr("\n<!-- end -->\nafter\n"));
  EXPECT_THAT(renewed->text, Not(HasSubstr("old")));
}

TEST_F(RenewTablesTest, AMarkMayNameMetrics) {
  const std::string text = Renew("<!-- table: result.json peak_rss -->\nold\n<!-- end -->")->text;
  EXPECT_THAT(text, HasSubstr("<!-- table: result.json peak_rss -->\n\n**Peak RSS**\n"));
  EXPECT_THAT(text, Not(HasSubstr("**Time**")));
  EXPECT_THAT(
      std::string(Renew("<!-- table: result.json speed -->\n<!-- end -->").status().message()),
      HasSubstr("no metric \"speed\""));
}

TEST_F(RenewTablesTest, WhatIsUpToDateStaysAsItIs) {
  const std::string text =
      Renew(
          "<!-- table: result.json -->\n<!-- end -->\nx\n<!-- table: result.json -->\n<!-- end -->")
          ->text;
  EXPECT_EQ(Renew(text)->text, text);
  EXPECT_EQ(Renew(text)->tables, 2u);
  EXPECT_EQ(Renew("no tables\n\n")->text, "no tables\n\n");
}

TEST_F(RenewTablesTest, AMarkWithoutItsEndIsAnError) {
  EXPECT_THAT(std::string(Renew("a\n<!-- table: result.json -->\nb").status().message()),
              HasSubstr("line 2: no \"<!-- end -->\" follows"));
}

TEST_F(RenewTablesTest, AFileThatIsNoResultIsAnError) {
  EXPECT_THAT(std::string(Renew("<!-- table: missing.json -->\n<!-- end -->").status().message()),
              HasSubstr("cannot read"));
}

}  // namespace
}  // namespace loam::matrix
