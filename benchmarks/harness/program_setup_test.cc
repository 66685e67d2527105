#include "benchmarks/harness/program_setup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "benchmarks/harness/runfiles.h"
#include "benchmarks/harness/scratch_folder.h"

namespace loam::matrix {
namespace {

using ::testing::HasSubstr;

class ProgramSetupTest : public ::testing::Test {
 protected:
  ProgramSetupTest()
      : scratch_(*ScratchFolder::Make()),
        runner_(*Runfiles::Find("")->Path("benchmarks/launcher/launcher"), scratch_.path()) {}

  void AddWorkload(const std::string &script) {
    Workload workload;
    workload.program = Program();
    workload.program->setup = {"/bin/sh", "-c", script};
    workload.program->environment = {"WORD=made"};
    Cell cell;
    cell.workload = matrix_.workloads.size();
    matrix_.workloads.push_back(workload);
    matrix_.cells.push_back(cell);
  }

  ScratchFolder scratch_;
  ProcessRunner runner_;
  Matrix matrix_;
};

TEST_F(ProgramSetupTest, RunsInTheFolderAndOnceForAllThatShareIt) {
  const std::string script = "mkdir \"$WORD\" && test -z \"${LD_PRELOAD-}\"";
  AddWorkload(script);
  AddWorkload(script);  // a second time it would fail
  SetUpPrograms(runner_, &matrix_);
  for (const Cell &cell : matrix_.cells) EXPECT_EQ(cell.status, CellStatus::kOk) << cell.message;
  EXPECT_TRUE(std::filesystem::is_directory(scratch_.path() + "/made"));
}

TEST_F(ProgramSetupTest, FailsTheCellsOfThatWorkloadAlone) {
  AddWorkload("echo the reason >&2; exit 3");
  AddWorkload("true");
  SetUpPrograms(runner_, &matrix_);
  EXPECT_EQ(matrix_.cells[0].status, CellStatus::kFailed);
  EXPECT_THAT(matrix_.cells[0].message, HasSubstr("its setup failed: exit status 3: the reason"));
  EXPECT_EQ(matrix_.cells[1].status, CellStatus::kOk);
}

TEST_F(ProgramSetupTest, LeavesOutWhatIsNotInstalled) {
  AddWorkload("mkdir never");
  matrix_.workloads[0].problem = "not installed";
  SetUpPrograms(runner_, &matrix_);
  EXPECT_FALSE(std::filesystem::exists(scratch_.path() + "/never"));
}

}  // namespace
}  // namespace loam::matrix
