#include "tests/preload/preload_test.h"

#include <unistd.h>

#include <cstdlib>
#include <sstream>
#include <utility>
#include <vector>

namespace loam::test {
namespace {

constexpr unsigned kTimeoutSeconds = 120;

bool IsInPath(const std::string &program) {
  const char *path = std::getenv("PATH");
  std::istringstream folders(path != nullptr ? path : "/usr/bin:/bin");
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (access((folder + "/" + program).c_str(), X_OK) == 0) return true;
  }
  return false;
}

}  // namespace

std::string MissingOf(const std::string &programs) {
  std::istringstream names(programs);
  for (std::string name; names >> name;) {
    if (!IsInPath(name)) return name;
  }
  return "";
}

std::string FileOf(const loam_variant &variant) {
  const std::string level = variant.level;
  return std::string("libloam_") + variant.name + (level == "default" ? "" : "_" + level) + ".so";
}

std::string LibraryOf(const loam_variant &variant) {
  const std::string name = variant.name;
  return DataPath("allocators/" + name + "/" + FileOf(variant));
}

bool IsDebugLevel(const loam_variant &variant) { return std::string(variant.level) == "debug"; }

ChildResult RunScript(const std::string &script, const std::string &preload) {
  const std::string folder = MakeFolder("run");
  const std::vector<std::pair<std::string, std::string>> environment = {
      {"HOME", folder}, {"TMPDIR", folder}, {"LC_ALL", "C"}, {"TZ", "UTC"}};
  // Set by the script: the shell that reads it is not under test, what it starts is.
  const std::string prologue =
      preload.empty() ? "unset LD_PRELOAD\n" : "export LD_PRELOAD='" + preload + "'\n";
  const ChildResult result =
      RunProgram({"/bin/sh", "-euc", prologue + script}, environment, folder, kTimeoutSeconds);
  RunProgram({"rm", "-rf", folder});
  return result;
}

}  // namespace loam::test
