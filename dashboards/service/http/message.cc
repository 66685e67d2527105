#include "dashboards/service/http/message.h"

#include "nlohmann/json.hpp"

namespace loam::dashboards {
namespace {

const std::string &Find(const std::map<std::string, std::string> &values, const std::string &name) {
  static const std::string *const none = new std::string;
  const auto found = values.find(name);
  return found == values.end() ? *none : found->second;
}

int CodeFor(const absl::Status &status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
      return 400;
    case absl::StatusCode::kUnauthenticated:
      return 401;
    case absl::StatusCode::kPermissionDenied:
      return 403;
    case absl::StatusCode::kNotFound:
      return 404;
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kFailedPrecondition:
      return 409;
    case absl::StatusCode::kResourceExhausted:
      return 507;
    case absl::StatusCode::kUnavailable:
      return 503;
    default:
      return 500;
  }
}

}  // namespace

const std::string &Request::Header(const std::string &name) const { return Find(headers, name); }

const std::string &Request::Query(const std::string &name) const { return Find(query, name); }

Reply Reply::Json(int status, std::string text) {
  Reply reply;
  reply.status = status;
  reply.body = std::make_shared<const std::string>(std::move(text));
  return reply;
}

Reply Reply::Error(int status, absl::string_view message) {
  const nlohmann::json error = {{"error", std::string(message)}};
  return Json(status, error.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

Reply Reply::Error(const absl::Status &status) { return Error(CodeFor(status), status.message()); }

}  // namespace loam::dashboards
