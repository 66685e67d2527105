#include "benchmarks/harness/select.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace loam::matrix {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::vector<std::string> kNames = {"micro/pair", "micro/calloc", "memory/comb"};

TEST(SelectTest, NoPatternMeansAll) {
  EXPECT_THAT(*Select(kNames, {}, "workload"), ElementsAre(0, 1, 2));
}

TEST(SelectTest, KeepsTheOrderOfTheNamesAndTakesEachOnce) {
  EXPECT_THAT(*Select(kNames, {"memory/comb", "*/c*", "micro/pair"}, "workload"),
              ElementsAre(0, 1, 2));
  EXPECT_THAT(*Select(kNames, {"micro/*"}, "workload"), ElementsAre(0, 1));
}

TEST(SelectTest, APatternThatMatchesNothingIsAnErrorThatNamesTheChoices) {
  const auto chosen = Select(kNames, {"micro/pair", "mirco/*"}, "workload");
  ASSERT_FALSE(chosen.ok());
  EXPECT_THAT(std::string(chosen.status().message()),
              HasSubstr("no workload is called \"mirco/*\""));
  EXPECT_THAT(std::string(chosen.status().message()), HasSubstr("micro/calloc"));
}

}  // namespace
}  // namespace loam::matrix
