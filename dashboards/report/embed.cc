#include "dashboards/report/embed.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "dashboards/report/page_template.h"

namespace loam::dashboards {
namespace {

constexpr absl::string_view kMark = "<!-- loam-data -->";

// In JSON a `<` stands in strings alone, where the escape means the same; without
// one, no text ends the script element or begins a comment in it.
void AppendEscaped(absl::string_view json, std::string *text) {
  for (const char c : json) {
    if (c == '<') {
      text->append("\\u003c");
    } else {
      text->push_back(c);
    }
  }
}

}  // namespace

std::string EmbedInto(absl::string_view page, const std::vector<std::string> &files) {
  const size_t mark = std::min(page.find(kMark), page.size());
  std::string report(page.substr(0, mark));
  report.append("<script type=\"application/json\" id=\"loam-data\">{\"runs\":[");
  for (size_t i = 0; i < files.size(); i++) {
    if (i != 0) report.push_back(',');
    AppendEscaped(files[i], &report);
  }
  report.append("]}</script>");
  absl::StrAppend(&report, page.substr(std::min(mark + kMark.size(), page.size())));
  return report;
}

std::string MakeReport(const std::vector<std::string> &files) {
  return EmbedInto(PageTemplate(), files);
}

}  // namespace loam::dashboards
