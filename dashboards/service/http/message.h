// A request and its reply, as handlers see them.

#ifndef LOAM_DASHBOARDS_SERVICE_HTTP_MESSAGE_H_
#define LOAM_DASHBOARDS_SERVICE_HTTP_MESSAGE_H_

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace loam::dashboards {

struct Request {
  std::string method;
  std::string path;                            // percent-decoded, without the query
  std::map<std::string, std::string> query;    // percent-decoded
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;                            // where the handler wants it in memory
  std::string body_file;                       // else the path of a file that holds it

  // Empty where there is none.
  const std::string &Header(const std::string &lower_case_name) const;
  const std::string &Query(const std::string &name) const;
  // GET and HEAD change nothing.
  bool IsRead() const { return method == "GET" || method == "HEAD"; }
};

// A reply that goes on: gives the next bytes, waiting for them if need be; nothing
// at the end. Called by one thread.
using Stream = std::function<std::optional<std::string>()>;

struct Reply {
  int status = 200;
  std::string content_type = "application/json";
  // Shared, so that what is the same for all is not copied for each.
  std::shared_ptr<const std::string> body;
  std::vector<std::pair<std::string, std::string>> headers;
  Stream stream;  // instead of a body

  static Reply Json(int status, std::string text);
  // {"error": "..."}, in one line.
  static Reply Error(int status, absl::string_view message);
  // The status code that fits.
  static Reply Error(const absl::Status &status);
};

// What is to happen to a request's body.
struct BodyRule {
  size_t bytes_max = 0;
  std::string folder;  // not empty: it is written to a file there
};

// What stands behind the server. Called by many threads.
class Handler {
 public:
  virtual ~Handler() = default;
  // Once the header is read: where the body goes, or at once a reply.
  virtual BodyRule RuleFor(const Request &request, std::optional<Reply> *refusal) = 0;
  // Once all of it is there. A body file is the handler's to move away; else it is
  // removed.
  virtual Reply Answer(const Request &request) = 0;
};

}  // namespace loam::dashboards

#endif  // LOAM_DASHBOARDS_SERVICE_HTTP_MESSAGE_H_
