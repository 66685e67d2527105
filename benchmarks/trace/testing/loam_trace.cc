#include "benchmarks/trace/testing/loam_trace.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "benchmarks/harness/runfiles.h"
#include "benchmarks/testing/run_matrix.h"

namespace loam::trace {

std::string BuiltFile(const std::string &name) {
  return *matrix::Runfiles::Find("")->Path("benchmarks/trace/" + name);
}

std::string ScratchPath(const std::string &name) { return ::testing::TempDir() + "/" + name; }

Said RunLoamTrace(const std::string &arguments) {
  const std::string out = ScratchPath("stdout");
  const std::string err = ScratchPath("stderr");
  const int status = std::system(
      absl::StrCat(BuiltFile("loam-trace"), " ", arguments, " >", out, " 2>", err).c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), matrix::ReadText(out),
          matrix::ReadText(err)};
}

void RecordKnownCalls(const std::string &arguments, const std::string &path,
                      const std::string &options) {
  const Said recorded =
      RunLoamTrace(absl::StrCat("record ", options, " --output ", path, " -- ",
                                BuiltFile("testing/known_calls"), " ", arguments));
  ASSERT_EQ(recorded.exit_status, 0) << recorded.stderr_text;
  const Said verified = RunLoamTrace("verify " + path);
  ASSERT_EQ(verified.exit_status, 0) << verified.stderr_text;
}

nlohmann::json Info(const std::string &path) {
  const Said said = RunLoamTrace(absl::StrCat("info --format=json ", path));
  EXPECT_EQ(said.exit_status, 0) << said.stderr_text;
  return nlohmann::json::parse(said.stdout_text, nullptr, false);
}

}  // namespace loam::trace
