// Runs every scenario (scenario.h) that is linked in.

#include "common/testing/scenario.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

std::vector<const loam_scenario *> &Scenarios() {
  static auto *scenarios = new std::vector<const loam_scenario *>;
  return *scenarios;
}

class ScenarioTest : public testing::TestWithParam<const loam_scenario *> {};

TEST_P(ScenarioTest, Holds) {
  const loam_scenario &scenario = *GetParam();
  if (scenario.report != nullptr) {
    EXPECT_DEATH(scenario.run(), scenario.report);
    return;
  }
  const char *fault = scenario.run();
  EXPECT_EQ(fault, nullptr) << fault;
}

// A file of scenarios that was not linked in fails here, as no instantiation.
INSTANTIATE_TEST_SUITE_P(All, ScenarioTest, testing::ValuesIn(Scenarios()),
                         [](const testing::TestParamInfo<const loam_scenario *> &info) {
                           return std::string(info.param->name);
                         });

TEST(ScenariosTest, AreLinkedIn) { EXPECT_FALSE(Scenarios().empty()); }

}  // namespace

void loam_scenario_register(const loam_scenario *scenario) { Scenarios().push_back(scenario); }
