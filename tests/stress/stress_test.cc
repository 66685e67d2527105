// A stress run over every variant: some seconds of it in CI, and as long as one
// likes by hand:
//
//   bazel run //tests/stress -- --seconds=1800 --variant=first_fit

#include "tests/stress/stress.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <string>
#include <thread>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "allocators/variants.h"

ABSL_FLAG(double, seconds, 8, "how long, for each variant");
ABSL_FLAG(double, round_seconds, 4, "after so long all is freed and nothing may be left");
ABSL_FLAG(size_t, threads, 0, "threads at a time; 0: four for each processor");
ABSL_FLAG(uint64_t, seed, 1, "decides what each thread does, not when");
ABSL_FLAG(std::string, variant, "", "the only one to run; none: all");

namespace loam::test {
namespace {

class StressTest : public ::testing::TestWithParam<const loam_variant *> {};

TEST_P(StressTest, StaysWholeAndBounded) {
  const std::string wanted = absl::GetFlag(FLAGS_variant);
  if (!wanted.empty() && wanted != GetParam()->name) GTEST_SKIP() << "--variant=" << wanted;
  StressOptions options;
  options.seconds = absl::GetFlag(FLAGS_seconds);
  options.round_seconds = absl::GetFlag(FLAGS_round_seconds);
  options.threads = absl::GetFlag(FLAGS_threads);
  options.seed = absl::GetFlag(FLAGS_seed);
  if (options.threads == 0) options.threads = 4 * std::thread::hardware_concurrency();
  const StressReport report = RunStress(*GetParam(), options);
  printf("%s: %s\n", GetParam()->name, report.Describe().c_str());
  EXPECT_EQ(report.failures, "");
  EXPECT_GT(report.operations, 1000u);
  EXPECT_GT(report.threads, options.threads);
  EXPECT_GT(report.forks, 0u);
  EXPECT_GT(report.heaps, 0u);
  EXPECT_GT(report.failed_calls, 0u);
}

INSTANTIATE_TEST_SUITE_P(, StressTest,
                         ::testing::ValuesIn(loam_variants, loam_variants + loam_variant_count),
                         [](const auto &info) { return info.param->name; });

}  // namespace
}  // namespace loam::test

int main(int argc, char **argv) {
  ::testing::InitGoogleTest(&argc, argv);
  absl::SetProgramUsageMessage("threads, forks and failing system calls over every variant");
  absl::ParseCommandLine(argc, argv);
  return RUN_ALL_TESTS();
}
