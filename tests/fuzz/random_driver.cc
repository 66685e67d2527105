// Random programs of calls on a variant, without libFuzzer: as fast as can be,
// for as long as one likes.
//
//   random_driver --variant=first_fit --operations=1000000000
//   random_driver --profiles=faults --seconds=60 --write_failure=/tmp/failure
//   random_driver --replay=/tmp/failure

#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "tests/fuzz/find_variant.h"
#include "tests/fuzz/program.h"
#include "tests/fuzz/random_run.h"

ABSL_FLAG(std::string, variant, "", "which to drive; none: every one, one after the other");
ABSL_FLAG(uint64_t, seed, 1, "decides the programs");
ABSL_FLAG(uint64_t, operations, 10000000, "how many, on each variant; 0: no end");
ABSL_FLAG(double, seconds, 0, "how long, on each variant; 0: no end");
ABSL_FLAG(std::vector<std::string>, profiles, {},
          "kinds of programs, taken in turn, separated by commas; none: all. A process that ever "
          "had a second thread (threads, forks) locks more than one that had none");
ABSL_FLAG(std::string, write_failure, "", "a file that gets the program which fails");
ABSL_FLAG(std::string, replay, "", "run the program in this file, and no other");

namespace loam::test {
namespace {

bool ReadBytes(const std::string &path, std::vector<uint8_t> *bytes) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return false;
  bytes->assign(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  return true;
}

// Thorough first: it says more exactly what is wrong. Then as the driver ran it.
void Replay(const loam_variant &variant, const std::vector<uint8_t> &program) {
  for (const bool thorough : {true, false}) {
    ProgramOptions options;
    options.thorough = thorough;
    const size_t operations = RunProgram(variant, program.data(), program.size(), options);
    printf("%s: %zu operations, %s: nothing wrong\n", variant.name, operations,
           thorough ? "thorough" : "plain");
  }
}

int Main() {
  RandomRun run;
  run.seed = absl::GetFlag(FLAGS_seed);
  run.operations = absl::GetFlag(FLAGS_operations);
  run.seconds = absl::GetFlag(FLAGS_seconds);
  run.progress_seconds = 10;
  run.failure_file = absl::GetFlag(FLAGS_write_failure);
  for (const std::string &name : absl::GetFlag(FLAGS_profiles)) {
    run.profiles.push_back(FindProfile(name));
    if (run.profiles.back() == nullptr) {
      fprintf(stderr, "random_driver: there is no profile %s; there are:", name.c_str());
      for (const Profile &profile : Profiles()) fprintf(stderr, " %s", profile.name);
      fprintf(stderr, "\n");
      return 2;
    }
  }
  if (run.profiles.empty()) {
    for (const Profile &profile : Profiles()) run.profiles.push_back(&profile);
  }

  const std::string replay = absl::GetFlag(FLAGS_replay);
  std::vector<uint8_t> program;
  if (!replay.empty() && !ReadBytes(replay, &program)) {
    fprintf(stderr, "random_driver: cannot read %s\n", replay.c_str());
    return 2;
  }
  const std::string only = absl::GetFlag(FLAGS_variant);
  if (FindVariant(only) == nullptr) {
    fprintf(stderr, "random_driver: there is no variant %s\n", only.c_str());
    return 2;
  }
  for (size_t i = 0; i < loam_variant_count; ++i) {
    const loam_variant &variant = *loam_variants[i];
    if (!only.empty() && only != variant.name) continue;
    if (replay.empty()) {
      RunAtRandom(variant, run);
    } else {
      Replay(variant, program);
    }
  }
  return 0;
}

}  // namespace
}  // namespace loam::test

int main(int argc, char **argv) {
  absl::SetProgramUsageMessage("Runs random programs of allocator calls against a shadow model.");
  absl::ParseCommandLine(argc, argv);
  return loam::test::Main();
}
