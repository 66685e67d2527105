// Each script of programs/ does some work with a real program and prints what
// came of it: the output under the variant is that under libc's malloc.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

#include "tests/preload/preload_test.h"

namespace loam::test {
namespace {

std::string FolderOfScripts() { return DataPath("tests/preload/programs"); }

// The names of the scripts, without their ".sh".
std::vector<std::string> Scripts() {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto &entry : std::filesystem::directory_iterator(FolderOfScripts(), error)) {
    if (entry.path().extension() == ".sh") names.push_back(entry.path().stem());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string ReadScript(const std::string &name) {
  std::ostringstream text;
  text << std::ifstream(FolderOfScripts() + "/" + name + ".sh").rdbuf();
  return text.str();
}

// The programs in the script's first line, "# needs: PROGRAM PROGRAM ...".
std::string NeedsOf(const std::string &script) {
  const std::string key = "# needs: ";
  const std::string line = script.substr(0, script.find('\n'));
  EXPECT_EQ(line.compare(0, key.size(), key), 0) << line;
  return line.substr(std::min(key.size(), line.size()));
}

// Programs that take half a minute at the debug level, and do little there that others do not.
constexpr const char *kSlow[] = {"gcc", "node", "perl", "python", "redis"};

bool IsSlow(const std::string &name) {
  return std::find(std::begin(kSlow), std::end(kSlow), name) != std::end(kSlow);
}

// And of these the hardened level of one variant is enough.
constexpr const char *kSlowest[] = {"gcc", "node", "redis"};

bool IsRepeated(const loam_variant &variant, const std::string &name) {
  return std::string(variant.level) == "hardened" && std::string(variant.name) != "thread_heap" &&
         std::find(std::begin(kSlowest), std::end(kSlowest), name) != std::end(kSlowest);
}

// What the script prints without a library: run once, however many the variants.
const ChildResult &PlainResultOf(const std::string &name, const std::string &script) {
  static std::map<std::string, ChildResult> results;
  const auto known = results.find(name);
  if (known != results.end()) return known->second;
  return results[name] = RunScript(script, "");
}

class ProgramsTest
    : public ::testing::TestWithParam<std::tuple<const loam_variant *, std::string>> {};

TEST_P(ProgramsTest, GiveTheSameOutput) {
  const auto &[variant, name] = GetParam();
  const std::string script = ReadScript(name);
  const std::string missing = MissingOf(NeedsOf(script));
  if (!missing.empty()) GTEST_SKIP() << missing << " is not installed";
  const ChildResult &plain = PlainResultOf(name, script);
  ASSERT_TRUE(plain.Exited(0)) << "without the library: " << plain.Describe();
  ASSERT_NE(plain.out, "") << "the script must print what it did";
  if (IsDebugLevel(*variant) && IsSlow(name)) GTEST_SKIP() << "slow at this level: by hand";
  if (IsRepeated(*variant, name)) GTEST_SKIP() << "slow: thread_heap runs it at this level";
  // What these programs leak is theirs.
  const std::string quiet = IsDebugLevel(*variant) ? "export LOAM_OPTIONS=leaks=0\n" : "";
  const ChildResult preloaded = RunScript(quiet + script, LibraryOf(*variant));
  EXPECT_TRUE(preloaded.Exited(0)) << preloaded.Describe();
  EXPECT_EQ(preloaded.out, plain.out);
  EXPECT_EQ(preloaded.err, plain.err);
}

INSTANTIATE_TEST_SUITE_P(, ProgramsTest,
                         ::testing::Combine(EveryVariant(), ::testing::ValuesIn(Scripts())),
                         [](const auto &info) {
                           return std::string(std::get<0>(info.param)->name) + "_" +
                                  std::get<1>(info.param);
                         });

}  // namespace
}  // namespace loam::test
