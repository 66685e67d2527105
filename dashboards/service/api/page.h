// The page itself: one file in the binary, with its script and style inside.

#ifndef LOAM_DASHBOARDS_SERVICE_API_PAGE_H_
#define LOAM_DASHBOARDS_SERVICE_API_PAGE_H_

#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "dashboards/service/http/message.h"

namespace loam::dashboards {

// The Content-Security-Policy under which just the page's own scripts run: each is
// named by its hash, so that no markup in data becomes a script.
std::string ContentPolicyOf(absl::string_view html);

// Thread-safe.
class Page {
 public:
  explicit Page(absl::string_view html);
  Reply Get(const Request &request) const;

 private:
  std::shared_ptr<const std::string> html_;
  std::shared_ptr<const std::string> gzip_;
  std::string policy_;
  std::string etag_;
};

// Whether the request names `encoding` among those that it takes.
bool Accepts(const Request &request, absl::string_view encoding);
// Whether the client has what `etag` names.
bool HasAlready(const Request &request, absl::string_view etag);

}  // namespace loam::dashboards

#endif  // LOAM_DASHBOARDS_SERVICE_API_PAGE_H_
