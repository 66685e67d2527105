// The matrix replays a user's trace: the third of three commands.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "benchmarks/harness/traces.h"
#include "benchmarks/testing/run_matrix.h"
#include "benchmarks/trace/testing/loam_trace.h"

namespace loam::trace {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

TEST(MatrixTraceTest, ReplaysTheUsersTraceUnderEveryAllocator) {
  const std::string trace = ScratchPath("My-Program.loamtrace");
  const std::string out = ScratchPath("result.json");
  RecordKnownCalls("threads 3 20000", trace);
  const json info = Info(trace);
  const matrix::Said said = matrix::RunMatrix(absl::StrCat(
      "--trace ", trace, " --allocators glibc,first_fit,segregated_fit --rounds 2 --out ", out));
  ASSERT_EQ(said.exit_status, 0) << said.stderr_text;
  EXPECT_THAT(said.stdout_text, HasSubstr("trace/my_program x4"));
  const json result = json::parse(matrix::ReadText(out));
  EXPECT_EQ(result.at("cells").size(), 3u);  // no other workload
  EXPECT_EQ(result.at("benchmarks").size(), 6u);
  for (const json &repetition : result.at("benchmarks")) {
    EXPECT_EQ(repetition.at("threads"), 4);
    EXPECT_EQ(repetition.at("live_peak_bytes"), info.at("peak_live_bytes"));
    EXPECT_GE(repetition.at("peak_rss_bytes"), info.at("peak_live_bytes"));
    const json &samples = repetition.at("trace_samples");
    if (repetition.at("round") != 0) {
      EXPECT_TRUE(samples.is_null());
      continue;
    }
    int64_t peak = 0;
    for (const json &sample : samples) peak = std::max(peak, sample.at(1).get<int64_t>());
    EXPECT_EQ(peak, info.at("peak_live_bytes"));
  }
}

TEST(MatrixTraceTest, EveryTraceThatIsShippedIsWholeAndReplays) {
  const std::string out = ScratchPath("shipped.json");
  const matrix::Said said =
      matrix::RunMatrix("--workloads 'trace/*' --allocators glibc --rounds 1 --out " + out);
  ASSERT_EQ(said.exit_status, 0) << said.stderr_text;
  const json result = json::parse(matrix::ReadText(out));
  EXPECT_GE(result.at("benchmarks").size(), 4u);
  for (const json &repetition : result.at("benchmarks")) {
    const std::string name = repetition.at("workload").get<std::string>().substr(6);
    const std::string file = BuiltFile(absl::StrCat("recorded/", name, ".loamtrace"));
    EXPECT_EQ(RunLoamTrace("verify " + file).exit_status, 0);
    EXPECT_EQ(repetition.at("live_peak_bytes"), Info(file).at("peak_live_bytes")) << name;
    EXPECT_LE(std::filesystem::file_size(file), 512 * 1024) << name;
  }
}

TEST(MatrixTraceTest, SaysWhatItCannotReplay) {
  const std::string text = ScratchPath("text.loamtrace");
  std::ofstream(text) << "no trace";
  const std::string again = BuiltFile("recorded/gcc_compile.loamtrace");
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"--trace /nowhere", "matrix: /nowhere cannot be read"},
      {"--trace " + text, "text.loamtrace is not a trace"},
      {"--trace " + again, "two workloads trace/gcc_compile"},
      {"--trace", "trace"},
  };
  for (const auto &[arguments, message] : cases) {
    const matrix::Said said = matrix::RunMatrix(arguments);
    EXPECT_EQ(said.exit_status, 2) << arguments;
    EXPECT_THAT(said.stderr_text, HasSubstr(message));
  }
}

TEST(TraceNameTest, IsOneThatAWorkloadMayHave) {
  EXPECT_EQ(matrix::TraceName("/a/My server-2.loamtrace"), "trace/my_server_2");
  EXPECT_EQ(matrix::TraceName("gcc.2.loamtrace"), "trace/gcc_2");
  EXPECT_EQ(matrix::TraceName(".loamtrace"), "trace/_");
}

}  // namespace
}  // namespace loam::trace
