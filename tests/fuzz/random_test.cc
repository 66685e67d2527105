// Random programs of every profile on every variant. The length is a flag:
// --turns=100 runs a hundred times as long as the default.

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <tuple>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "allocators/variants.h"
#include "tests/fuzz/random_run.h"
#include "tests/support/process.h"
#include "tests/support/sanitizers.h"

ABSL_FLAG(uint64_t, turns, 1, "turns of each profile on each variant, well under a second each");
ABSL_FLAG(uint64_t, seed, 1, "decides the programs");

namespace loam::test {
namespace {

constexpr unsigned kSecondsOfATurnMax = 100;  // on a slow machine, in a debug build

// What the defaults keep a short run from: memory that goes back at once or never
// waits, threads that share an arena, a small cache that overflows, blocks that are sampled.
struct OtherOptions {
  const char *options;
  const char *variant;  // nullptr: of every variant
};

constexpr OtherOptions kOptions[] = {
    {"purge_delay_ms=1", nullptr},
    {"purge_delay_ms=0,arenas=1", nullptr},
    {"large_bytes=65536,large_cache_bytes=1048576,arenas=1", nullptr},
    {"profile_sample=1K,guard_sample=1/8", "thread_heap"},
};

using Parameter = std::tuple<const loam_variant *, const Profile *>;

class RandomProgramTest : public ::testing::TestWithParam<Parameter> {
 protected:
  // The default level goes into breadth; where bytes are looked at, an operation takes longer.
  static bool IsDefault() { return std::string(std::get<0>(GetParam())->level) == "default"; }

  // A share of the length that the flag asks for, in a process of its own: one
  // that has had no second thread yet, and reads the options.
  static void Run(size_t share, const char *options) {
    const auto [variant, profile] = GetParam();
    const uint64_t turns = absl::GetFlag(FLAGS_turns);
    RandomRun run;
    run.seed = absl::GetFlag(FLAGS_seed);
    run.operations = profile->turn * turns / share / (kSlowBuild ? 8 : 1) / (IsDefault() ? 1 : 4);
    run.profiles = {profile};
    const ChildResult child = RunInChild(
        [&, variant = variant] {
          setenv("LOAM_OPTIONS", options, 1);
          return RunAtRandom(*variant, run).operations >= run.operations ? 0 : 1;
        },
        kSecondsOfATurnMax * static_cast<unsigned>(turns));
    EXPECT_TRUE(child.Exited(0)) << "LOAM_OPTIONS=" << options << ": " << child.Describe();
  }
};

TEST_P(RandomProgramTest, KeepsTheContract) { Run(3, ""); }

TEST_P(RandomProgramTest, KeepsTheContractUnderOtherOptions) {
  const auto [variant, profile] = GetParam();
  // Each option meets each profile; in a short form where that takes long, a share of them.
  const bool all = (IsDefault() && !kSlowBuild) || absl::GetFlag(FLAGS_turns) > 1;
  size_t turn = static_cast<size_t>(profile - &Profiles()[0]);
  for (const OtherOptions &other : kOptions) {
    if (other.variant != nullptr && std::string(variant->name) != other.variant) continue;
    if (all || turn++ % std::size(kOptions) == 0) Run(24, other.options);
  }
}

std::vector<const Profile *> AllProfiles() {
  std::vector<const Profile *> profiles;
  for (const Profile &profile : Profiles()) profiles.push_back(&profile);
  return profiles;
}

INSTANTIATE_TEST_SUITE_P(, RandomProgramTest,
                         ::testing::Combine(::testing::ValuesIn(loam_variants,
                                                                loam_variants + loam_variant_count),
                                            ::testing::ValuesIn(AllProfiles())),
                         [](const auto &info) {
                           return std::string(std::get<0>(info.param)->name) + "_" +
                                  std::get<1>(info.param)->name;
                         });

}  // namespace
}  // namespace loam::test

int main(int argc, char **argv) {
  testing::InitGoogleTest(&argc, argv);
  absl::ParseCommandLine(argc, argv);
  return RUN_ALL_TESTS();
}
