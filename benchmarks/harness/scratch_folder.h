// A folder for what processes print, gone at the end.

#ifndef LOAM_BENCHMARKS_HARNESS_SCRATCH_FOLDER_H_
#define LOAM_BENCHMARKS_HARNESS_SCRATCH_FOLDER_H_

#include <string>
#include <utility>

#include "absl/status/statusor.h"

namespace loam::matrix {

class ScratchFolder {
 public:
  // In $TMPDIR, or /tmp.
  static absl::StatusOr<ScratchFolder> Make();

  ScratchFolder(ScratchFolder &&other) noexcept : path_(std::exchange(other.path_, "")) {}
  ScratchFolder &operator=(ScratchFolder &&) = delete;
  ~ScratchFolder();

  const std::string &path() const { return path_; }

 private:
  explicit ScratchFolder(std::string path) : path_(std::move(path)) {}

  std::string path_;
};

}  // namespace loam::matrix

#endif  // LOAM_BENCHMARKS_HARNESS_SCRATCH_FOLDER_H_
