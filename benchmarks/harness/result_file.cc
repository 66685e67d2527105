#include "benchmarks/harness/result_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "benchmarks/harness/exclusive_file.h"

namespace loam::matrix {
namespace {

std::string FolderOf(const std::string &path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

// So that the new name survives a crash too. Not every file system can.
void SyncFolder(const std::string &folder) {
  const int file = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return;
  fsync(file);
  close(file);
}

}  // namespace

absl::StatusOr<ResultFile> ResultFile::Open(const std::string &place, size_t expected_bytes) {
  // A symbolic link stays one: what it points to is replaced.
  std::error_code unresolved;
  const std::filesystem::path real = std::filesystem::weakly_canonical(place, unresolved);
  const std::string path = unresolved ? place : real.string();
  struct stat existing;
  if (stat(path.c_str(), &existing) == 0) {
    if (!S_ISREG(existing.st_mode)) {
      return absl::InvalidArgumentError(
          absl::StrCat("cannot write ", path, ": it is not a regular file"));
    }
    if (access(path.c_str(), W_OK) != 0) return CannotWrite(path, errno);
  }
  const std::string temporary = absl::StrCat(path, ".part");
  const absl::StatusOr<int> file = OpenExclusive(temporary);
  if (!file.ok()) return file.status();
  ResultFile result(path, temporary, *file);
  const int error = posix_fallocate(*file, 0, static_cast<off_t>(expected_bytes));
  if (error != 0) return CannotWrite(path, error);
  return result;
}

ResultFile::ResultFile(ResultFile &&other) noexcept
    : path_(other.path_), temporary_(other.temporary_), file_(std::exchange(other.file_, -1)) {}

ResultFile::~ResultFile() {
  if (file_ < 0) return;
  unlink(temporary_.c_str());
  close(file_);
}

absl::Status ResultFile::Write(const std::string &text) {
  const int error = WriteAllAt(file_, text, 0);
  if (error != 0) return CannotWrite(path_, error);
  if (ftruncate(file_, static_cast<off_t>(text.size())) != 0 || fsync(file_) != 0 ||
      rename(temporary_.c_str(), path_.c_str()) != 0) {
    return CannotWrite(path_, errno);
  }
  close(file_);
  file_ = -1;
  SyncFolder(FolderOf(path_));
  return absl::OkStatus();
}

}  // namespace loam::matrix
