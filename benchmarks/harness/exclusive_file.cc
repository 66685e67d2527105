#include "benchmarks/harness/exclusive_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace loam::matrix {
namespace {

// Not so if who had the lock before has meanwhile renamed or removed the file.
bool IsStillAt(int file, const std::string &path) {
  struct stat opened;
  struct stat there;
  return fstat(file, &opened) == 0 && stat(path.c_str(), &there) == 0 &&
         opened.st_dev == there.st_dev && opened.st_ino == there.st_ino;
}

}  // namespace

absl::StatusOr<int> OpenExclusive(const std::string &path) {
  constexpr mode_t kMode = 0644;
  for (;;) {
    const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kMode);
    if (file < 0) return CannotWrite(path, errno);
    const bool locked = flock(file, LOCK_EX | LOCK_NB) == 0;
    const int error = errno;
    if (locked && IsStillAt(file, path)) return file;
    close(file);
    if (locked) continue;
    if (error != EWOULDBLOCK) return CannotWrite(path, error);
    return absl::AlreadyExistsError(absl::StrCat("another run is writing ", path));
  }
}

absl::Status CannotWrite(const std::string &path, int error) {
  return absl::UnavailableError(absl::StrCat("cannot write ", path, ": ", strerror(error)));
}

int WriteAllAt(int file, const std::string &text, size_t offset) {
  size_t written = 0;
  while (written < text.size()) {
    const ssize_t count = pwrite(file, text.data() + written, text.size() - written,
                                 static_cast<off_t>(offset + written));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return count == 0 ? ENOSPC : errno;
    written += static_cast<size_t>(count);
  }
  return 0;
}

}  // namespace loam::matrix
