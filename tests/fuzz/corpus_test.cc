// Programs that are kept as files, on every variant: corpus/ is what libFuzzer
// found worth keeping, regressions/ has one for each bug ever found.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "allocators/variants.h"
#include "tests/fuzz/program.h"
#include "tests/support/process.h"

namespace loam::test {
namespace {

// The files of a folder beside this test; none where there is no folder.
std::vector<std::filesystem::path> FilesOf(const std::string &folder) {
  std::vector<std::filesystem::path> files;
  const std::filesystem::path path = DataPath("tests/fuzz/" + folder);
  if (std::filesystem::exists(path)) {
    for (const auto &entry : std::filesystem::directory_iterator(path)) {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<uint8_t> BytesOf(const std::filesystem::path &path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

class CorpusTest : public ::testing::TestWithParam<const loam_variant *> {
 protected:
  // Each in a process of its own: a program means the same wherever it stands.
  void Replay(const std::filesystem::path &path) {
    const std::vector<uint8_t> program = BytesOf(path);
    ASSERT_FALSE(program.empty()) << path;
    for (const bool thorough : {true, false}) {
      const ChildResult child = RunInChild([&] {
        ProgramOptions options;
        options.thorough = thorough;
        RunProgram(*GetParam(), program.data(), program.size(), options);
        return 0;
      });
      EXPECT_TRUE(child.Exited(0)) << path << ": " << child.Describe();
    }
  }
};

TEST_P(CorpusTest, KeptProgramsRun) {
  const auto files = FilesOf("corpus");
  ASSERT_FALSE(files.empty());
  for (const auto &path : files) Replay(path);
}

TEST_P(CorpusTest, FoundBugsStayFixed) {
  for (const auto &path : FilesOf("regressions")) Replay(path);
}

INSTANTIATE_TEST_SUITE_P(, CorpusTest,
                         ::testing::ValuesIn(loam_variants, loam_variants + loam_variant_count),
                         [](const auto &info) { return std::string(info.param->name); });

}  // namespace
}  // namespace loam::test
