// One request and its reply, as libmicrohttpd hands it over piece by piece.

#ifndef LOAM_DASHBOARDS_SERVICE_HTTP_EXCHANGE_H_
#define LOAM_DASHBOARDS_SERVICE_HTTP_EXCHANGE_H_

#include <microhttpd.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dashboards/service/http/body.h"
#include "dashboards/service/http/guard.h"
#include "dashboards/service/http/message.h"

namespace loam::dashboards {

using CommonHeaders = std::vector<std::pair<std::string, std::string>>;

class Exchange {
 public:
  // What all exchanges of a server have in common.
  struct Shared {
    Handler *handler;
    const Guard *guard;
    BodyBudget *budget;
    CommonHeaders headers;
  };

  Exchange(const Shared *shared, MHD_Connection *connection, const char *url, const char *method);

  // The header is there. A reply now only if the client waits for leave to send.
  MHD_Result Begin();
  // A piece of the body.
  MHD_Result Take(const char *bytes, size_t count);
  // All of it is there.
  MHD_Result Answer();

  bool was_answered() const { return was_answered_; }

 private:
  MHD_Result Send(const Reply &reply);

  const Shared *shared_;
  MHD_Connection *connection_;
  Request request_;
  std::optional<Reply> refusal_;
  std::optional<Body> body_;
  bool was_answered_ = false;
};

}  // namespace loam::dashboards

#endif  // LOAM_DASHBOARDS_SERVICE_HTTP_EXCHANGE_H_
