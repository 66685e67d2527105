// What is done with a result that was saved: a report beside it, an upload.

#ifndef LOAM_BENCHMARKS_PUBLISH_PUBLISH_H_
#define LOAM_BENCHMARKS_PUBLISH_PUBLISH_H_

#include "absl/status/status.h"
#include "benchmarks/harness/options.h"

namespace loam::matrix {

// Looks, before hours are spent, whether what the options ask for can be done.
absl::Status CheckPublishing(const Options &options);

// Uploads the file at options.out, writes its report, and prints where they are,
// the report last; as far as the options want that. The result is safe whatever
// goes wrong here.
absl::Status Publish(const Options &options);

}  // namespace loam::matrix

#endif  // LOAM_BENCHMARKS_PUBLISH_PUBLISH_H_
