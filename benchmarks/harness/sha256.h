// The SHA-256 of a file, to say exactly which library was measured.

#ifndef LOAM_BENCHMARKS_HARNESS_SHA256_H_
#define LOAM_BENCHMARKS_HARNESS_SHA256_H_

#include <string>

#include "absl/status/statusor.h"

namespace loam::matrix {

// In 64 hexadecimal digits.
absl::StatusOr<std::string> Sha256OfFile(const std::string &path);

}  // namespace loam::matrix

#endif  // LOAM_BENCHMARKS_HARNESS_SHA256_H_
