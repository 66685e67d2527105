// Who may ask for what.

#ifndef LOAM_DASHBOARDS_SERVICE_HTTP_GUARD_H_
#define LOAM_DASHBOARDS_SERVICE_HTTP_GUARD_H_

#include <optional>
#include <string>
#include <vector>

#include "dashboards/service/http/message.h"

namespace loam::dashboards {

struct GuardOptions {
  std::string token;                    // of writes; empty: none is asked for
  std::vector<std::string> host_names;  // besides localhost and addresses in digits
};

// Thread-safe.
class Guard {
 public:
  explicit Guard(GuardOptions options) : options_(std::move(options)) {}

  // A reply that refuses, or none. Refused are
  // - a Host that is a name we do not go by: a page from elsewhere whose name was
  //   made to point here (DNS rebinding);
  // - a write that a page from elsewhere started;
  // - a write without the token.
  std::optional<Reply> Refuse(const Request &request) const;

  bool NeedsToken() const { return !options_.token.empty(); }

 private:
  bool KnowsHost(const std::string &host) const;

  GuardOptions options_;
};

// Whether the address, in digits, is of this machine alone.
bool IsLoopback(const std::string &address);

}  // namespace loam::dashboards

#endif  // LOAM_DASHBOARDS_SERVICE_HTTP_GUARD_H_
