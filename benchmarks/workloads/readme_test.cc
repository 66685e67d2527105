// The table of workloads in benchmarks/README.md names every workload, and none
// that does not exist.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "benchmarks/harness/process.h"
#include "benchmarks/harness/runfiles.h"
#include "benchmarks/harness/scratch_folder.h"
#include "benchmarks/harness/traces.h"
#include "benchmarks/harness/workloads.h"

namespace loam::matrix {
namespace {

// "| `micro/pair` | the fast path | a temporary |": the name, where the other
// two columns say something.
std::vector<std::string> WorkloadsOf(const std::string &readme_path) {
  std::vector<std::string> names;
  std::ifstream readme(readme_path);
  for (std::string line; std::getline(readme, line);) {
    const std::vector<std::string> columns = absl::StrSplit(line, " | ");
    if (columns.size() != 3 || !absl::StartsWith(line, "| `")) continue;
    const std::vector<std::string> quoted = absl::StrSplit(columns[0], '`');
    if (quoted.size() == 3 && absl::StrContains(quoted[1], '/')) names.push_back(quoted[1]);
  }
  return names;
}

TEST(ReadmeTest, NamesEveryWorkload) {
  const Runfiles runfiles = *Runfiles::Find("");
  const ScratchFolder scratch = *ScratchFolder::Make();
  const ProcessRunner runner(*runfiles.Path("benchmarks/launcher/launcher"), scratch.path());
  std::vector<Workload> workloads = *CellWorkloads(runner, *runfiles.Path("benchmarks/cell/cell"));
  const std::vector<Workload> programs =
      *ProgramWorkloads(*runfiles.Path("benchmarks/workloads/program/programs.json"));
  workloads.insert(workloads.end(), programs.begin(), programs.end());
  const absl::Status traces =
      AddTraceWorkloads(*runfiles.Path("benchmarks/trace/recorded/traces.json"), {}, &workloads);
  ASSERT_TRUE(traces.ok()) << traces;
  std::vector<std::string> names;
  for (const Workload &workload : workloads) names.push_back(workload.name);
  EXPECT_THAT(WorkloadsOf(*runfiles.Path("benchmarks/README.md")),
              ::testing::UnorderedElementsAreArray(names));
}

}  // namespace
}  // namespace loam::matrix
