#include "benchmarks/harness/result_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"

namespace loam::matrix {
namespace {

absl::Status Failed(const std::string &path, int error) {
  return absl::UnavailableError(absl::StrCat("cannot write ", path, ": ", strerror(error)));
}

absl::Status WriteAll(int file, const std::string &text, const std::string &path) {
  size_t written = 0;
  while (written < text.size()) {
    const ssize_t count = write(file, text.data() + written, text.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return Failed(path, count == 0 ? ENOSPC : errno);
    written += static_cast<size_t>(count);
  }
  return absl::OkStatus();
}

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
    if (access(path.c_str(), W_OK) != 0) return Failed(path, errno);
  }
  std::string temporary = absl::StrCat(path, ".XXXXXX");
  const int file = mkostemp(temporary.data(), O_CLOEXEC);
  if (file < 0) return Failed(path, errno);
  ResultFile result(path, temporary, file);
  const int error = posix_fallocate(file, 0, static_cast<off_t>(expected_bytes));
  if (error != 0) return Failed(path, error);
  return result;
}

ResultFile::ResultFile(ResultFile &&other) noexcept
    : path_(other.path_), temporary_(other.temporary_), file_(std::exchange(other.file_, -1)) {}

ResultFile::~ResultFile() {
  if (file_ < 0) return;
  close(file_);
  unlink(temporary_.c_str());
}

absl::Status ResultFile::Write(const std::string &text) {
  const absl::Status written = WriteAll(file_, text, path_);
  if (!written.ok()) return written;
  constexpr mode_t kMode = 0644;  // mkostemp made it private
  if (ftruncate(file_, static_cast<off_t>(text.size())) != 0 || fchmod(file_, kMode) != 0 ||
      fsync(file_) != 0 || rename(temporary_.c_str(), path_.c_str()) != 0) {
    return Failed(path_, errno);
  }
  close(file_);
  file_ = -1;
  SyncFolder(FolderOf(path_));
  return absl::OkStatus();
}

}  // namespace loam::matrix
