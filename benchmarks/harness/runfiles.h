// Where the files that were built with the matrix lie.

#ifndef LOAM_BENCHMARKS_HARNESS_RUNFILES_H_
#define LOAM_BENCHMARKS_HARNESS_RUNFILES_H_

#include <string>

#include "absl/status/statusor.h"

namespace loam::matrix {

class Runfiles {
 public:
  // Finds the runfiles of this program.
  static absl::StatusOr<Runfiles> Find(const std::string &argv0);

  // The real path of a file of this workspace, for example
  // "benchmarks/cell/cell".
  absl::StatusOr<std::string> Path(const std::string &file) const;

 private:
  explicit Runfiles(std::string root) : root_(std::move(root)) {}

  std::string root_;
};

}  // namespace loam::matrix

#endif  // LOAM_BENCHMARKS_HARNESS_RUNFILES_H_
