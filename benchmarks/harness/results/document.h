// Tables in a document that come from result files, and stay as they are.
//
//   <!-- table: results/full.json -->
//   ... what is here is written by `matrix tables DOCUMENT` ...
//   <!-- end -->
//
// The path is from the document's folder. Names of metrics behind it choose the tables:
// <!-- table: results/full.json time peak_rss -->

#ifndef LOAM_BENCHMARKS_HARNESS_RESULTS_DOCUMENT_H_
#define LOAM_BENCHMARKS_HARNESS_RESULTS_DOCUMENT_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"

namespace loam::matrix {

struct RenewedDocument {
  std::string text;
  size_t tables = 0;  // places between marks
};

// `text` with every table as its file says now. `folder` is the document's. An
// error in one line for a mark without its end or a file that is no result.
absl::StatusOr<RenewedDocument> RenewTables(const std::string &text, const std::string &folder);

}  // namespace loam::matrix

#endif  // LOAM_BENCHMARKS_HARNESS_RESULTS_DOCUMENT_H_
