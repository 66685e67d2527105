// Listens, and gives each connection a thread.

#ifndef LOAM_DASHBOARDS_SERVICE_HTTP_SERVER_H_
#define LOAM_DASHBOARDS_SERVICE_HTTP_SERVER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "dashboards/service/http/guard.h"
#include "dashboards/service/http/message.h"

namespace loam::dashboards {

struct ServerOptions {
  std::string address = "127.0.0.1";  // in digits
  uint16_t port = 0;                  // 0: one that is free
  unsigned connections_max = 512;     // more wait to be accepted
  absl::Duration request_time_max = absl::Seconds(120);
  absl::Duration idle_time_max = absl::Seconds(30);
  size_t bodies_bytes_max = size_t{256} << 20;  // in memory, of all requests at once
  // Sent with every reply.
  std::vector<std::pair<std::string, std::string>> headers;
};

class Server {
 public:
  // Serves until it is destroyed; `handler` and `guard` must live as long. An error
  // in one line if it cannot listen there. Before it is destroyed, streams of the
  // handler must end.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerOptions &options,
                                                       const Guard *guard, Handler *handler);
  virtual ~Server() = default;

  // "http://127.0.0.1:8080/".
  virtual std::string Url() const = 0;
};

}  // namespace loam::dashboards

#endif  // LOAM_DASHBOARDS_SERVICE_HTTP_SERVER_H_
