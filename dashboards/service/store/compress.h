// zstd for what is kept, gzip for browsers that know no better.

#ifndef LOAM_DASHBOARDS_SERVICE_STORE_COMPRESS_H_
#define LOAM_DASHBOARDS_SERVICE_STORE_COMPRESS_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace loam::dashboards {

// Thread-safe, as is all here.
absl::StatusOr<std::string> ToZstd(absl::string_view bytes);
// kDataLoss unless they come to just `expected_bytes`.
absl::StatusOr<std::string> FromZstd(absl::string_view compressed, size_t expected_bytes);
absl::StatusOr<std::string> ToGzip(absl::string_view bytes);

}  // namespace loam::dashboards

#endif  // LOAM_DASHBOARDS_SERVICE_STORE_COMPRESS_H_
