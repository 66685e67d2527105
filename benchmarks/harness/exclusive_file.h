// A file that one process writes at a time.

#ifndef LOAM_BENCHMARKS_HARNESS_EXCLUSIVE_FILE_H_
#define LOAM_BENCHMARKS_HARNESS_EXCLUSIVE_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace loam::matrix {

// Opens the file at `path` for reading and writing, made if it is not there,
// and locks it until the descriptor, the caller's to close, is closed. An error
// if another process holds it.
absl::StatusOr<int> OpenExclusive(const std::string &path);

// "cannot write PATH: No space left on device".
absl::Status CannotWrite(const std::string &path, int error);

// Writes all of `text` at `offset`; 0, or an errno.
int WriteAllAt(int file, const std::string &text, size_t offset);

}  // namespace loam::matrix

#endif  // LOAM_BENCHMARKS_HARNESS_EXCLUSIVE_FILE_H_
