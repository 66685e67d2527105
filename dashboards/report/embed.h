// Result files inside the page: a report that opens from disk, without a server.

#ifndef LOAM_DASHBOARDS_REPORT_EMBED_H_
#define LOAM_DASHBOARDS_REPORT_EMBED_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace loam::dashboards {

// The page with the files in it. Each is JSON; what is in its strings cannot become
// markup. Thread-safe.
std::string MakeReport(const std::vector<std::string> &files);

// The same over another page: the first line that is the mark "<!-- loam-data -->"
// gives way to the data.
std::string EmbedInto(absl::string_view page, const std::vector<std::string> &files);

}  // namespace loam::dashboards

#endif  // LOAM_DASHBOARDS_REPORT_EMBED_H_
