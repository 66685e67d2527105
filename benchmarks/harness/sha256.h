// SHA-256, to say exactly which library was measured, and on which machine.

#ifndef LOAM_BENCHMARKS_HARNESS_SHA256_H_
#define LOAM_BENCHMARKS_HARNESS_SHA256_H_

#include <string>

#include "absl/status/statusor.h"

namespace loam::matrix {

// Both in 64 hexadecimal digits.
absl::StatusOr<std::string> Sha256OfText(const std::string &text);
absl::StatusOr<std::string> Sha256OfFile(const std::string &path);

}  // namespace loam::matrix

#endif  // LOAM_BENCHMARKS_HARNESS_SHA256_H_
