// What a text may hold before it is made into values: checked while nothing but
// counters is kept, so that no text costs more memory than its own length allows.

#ifndef LOAM_DASHBOARDS_DOCUMENT_LIMITS_H_
#define LOAM_DASHBOARDS_DOCUMENT_LIMITS_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace loam::dashboards {

// A result file is 6 deep.
constexpr int kDepthMax = 16;
// The longest are messages of cells and command lines. Patterns of the schema are
// matched by recursion over them.
constexpr size_t kStringBytesMax = 4096;

// A result file has one for each 20 bytes; as values, each takes up to 100 bytes of memory.
constexpr int kValuesMax = 4'000'000;

// OK for JSON within the limits; an error in one line otherwise. Thread-safe.
absl::Status CheckLimits(absl::string_view text);

}  // namespace loam::dashboards

#endif  // LOAM_DASHBOARDS_DOCUMENT_LIMITS_H_
