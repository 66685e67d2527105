#include "benchmarks/harness/runfiles.h"

#include <cstdlib>
#include <filesystem>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace loam::matrix {
namespace {

namespace fs = std::filesystem;

constexpr char kWorkspace[] = "loam";

}  // namespace

absl::StatusOr<Runfiles> Runfiles::Find(const std::string &argv0) {
  std::vector<std::string> candidates;
  for (const char *variable : {"RUNFILES_DIR", "TEST_SRCDIR"}) {
    if (const char *value = std::getenv(variable)) candidates.push_back(value);
  }
  std::error_code error;
  candidates.push_back(absl::StrCat(argv0, ".runfiles"));
  candidates.push_back(
      absl::StrCat(fs::read_symlink("/proc/self/exe", error).string(), ".runfiles"));
  for (const std::string &candidate : candidates) {
    const fs::path root = fs::path(candidate) / kWorkspace;
    // Absolute, for processes that start in another folder.
    if (fs::is_directory(root, error)) return Runfiles(fs::absolute(root).string());
  }
  return absl::NotFoundError(
      absl::StrCat("the runfiles of ", argv0, " were not found: start it with bazel run"));
}

absl::StatusOr<std::string> Runfiles::Path(const std::string &file) const {
  std::error_code error;
  const fs::path path = fs::canonical(fs::path(root_) / file, error);
  if (error) return absl::NotFoundError(absl::StrCat(file, " is not among the runfiles"));
  return path.string();
}

}  // namespace loam::matrix
