// Every real program that is installed runs, and is proven to run under the
// allocator that its cell names; what is not installed says so.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "benchmarks/testing/run_matrix.h"
#include "nlohmann/json.hpp"

namespace loam::matrix {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

TEST(MatrixProgramsTest, RunsEveryProgramThatIsInstalled) {
  const std::string path =
      (std::filesystem::path(::testing::TempDir()) / "matrix_programs.json").string();
  // One allocator that needs no preload, and one that does.
  const Said said = RunMatrix(
      "--rounds 1 --timeout_s 300 --allocators glibc,first_fit --workloads 'program/*' --out " +
      path);
  EXPECT_EQ(said.exit_status, 0) << said.stderr_text;
  const json result = json::parse(ReadText(path), nullptr, false);
  ASSERT_TRUE(result.is_object());
  EXPECT_GE(result.at("cells").size(), 16u);
  for (const json &cell : result.at("cells")) {
    if (cell.at("status") == "ok") continue;
    EXPECT_EQ(cell.at("status"), "skipped") << cell;
    EXPECT_THAT(cell.at("message").get<std::string>(), HasSubstr("not installed: ")) << cell;
  }
}

}  // namespace
}  // namespace loam::matrix
