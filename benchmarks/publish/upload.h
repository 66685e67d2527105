// Sends a result to the result service.

#ifndef LOAM_BENCHMARKS_PUBLISH_UPLOAD_H_
#define LOAM_BENCHMARKS_PUBLISH_UPLOAD_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace loam::matrix {

struct UploadOptions {
  std::string service;  // "http://127.0.0.1:7117"
  std::string label;    // or empty
  std::string token;    // or empty
};

// An error unless it is http:// or https:// and a name.
absl::Status CheckServiceUrl(const std::string &service);

// Where the run can be looked at, once the service says that it has it. Sending a file again
// changes nothing there. An error says in one line what went wrong.
absl::StatusOr<std::string> UploadRun(const std::string &text, const UploadOptions &options);

}  // namespace loam::matrix

#endif  // LOAM_BENCHMARKS_PUBLISH_UPLOAD_H_
