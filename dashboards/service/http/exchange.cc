#include "dashboards/service/http/exchange.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <new>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"

namespace loam::dashboards {
namespace {

MHD_Result CollectHeader(void *headers, MHD_ValueKind, const char *name, const char *value) {
  auto *values = static_cast<std::map<std::string, std::string> *>(headers);
  (*values)[absl::AsciiStrToLower(name)] = value == nullptr ? "" : value;
  return MHD_YES;
}

MHD_Result CollectQuery(void *query, MHD_ValueKind, const char *name, const char *value) {
  auto *values = static_cast<std::map<std::string, std::string> *>(query);
  (*values)[name] = value == nullptr ? "" : value;
  return MHD_YES;
}

// A stream with what of its last piece did not fit.
struct RunningStream {
  Stream next;
  std::string rest;
};

ssize_t ReadStream(void *context, uint64_t, char *buffer, size_t room) {
  auto *stream = static_cast<RunningStream *>(context);
  while (stream->rest.empty()) {
    std::optional<std::string> piece;
    try {
      piece = stream->next();
    } catch (const std::exception &) {
      return MHD_CONTENT_READER_END_WITH_ERROR;
    }
    if (!piece) return MHD_CONTENT_READER_END_OF_STREAM;
    stream->rest = *std::move(piece);
  }
  const size_t count = std::min(room, stream->rest.size());
  memcpy(buffer, stream->rest.data(), count);
  stream->rest.erase(0, count);
  return static_cast<ssize_t>(count);
}

void EndStream(void *context) { delete static_cast<RunningStream *>(context); }

void EndBody(void *context) { delete static_cast<std::shared_ptr<const std::string> *>(context); }

MHD_Response *MakeResponse(const Reply &reply) {
  if (reply.stream) {
    constexpr size_t kBlockBytes = 16 << 10;
    return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, kBlockBytes, ReadStream,
                                             new RunningStream{reply.stream, ""}, EndStream);
  }
  if (!reply.body || reply.body->empty()) {
    return MHD_create_response_from_buffer(0, nullptr, MHD_RESPMEM_PERSISTENT);
  }
  auto *keep = new std::shared_ptr<const std::string>(reply.body);
  return MHD_create_response_from_buffer_with_free_callback_cls(
      reply.body->size(), const_cast<char *>(reply.body->data()), EndBody, keep);
}

}  // namespace

Exchange::Exchange(const Shared *shared, MHD_Connection *connection, const char *url,
                   const char *method)
    : shared_(shared), connection_(connection) {
  request_.method = method;
  request_.path = url;
  MHD_get_connection_values(connection, MHD_HEADER_KIND, CollectHeader, &request_.headers);
  MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, CollectQuery, &request_.query);
}

MHD_Result Exchange::Begin() {
  refusal_ = shared_->guard->Refuse(request_);
  BodyRule rule;
  if (!refusal_) rule = shared_->handler->RuleFor(request_, &refusal_);
  size_t declared_bytes = 0;
  (void)absl::SimpleAtoi(request_.Header("content-length"), &declared_bytes);
  body_.emplace(rule, refusal_ ? 0 : declared_bytes, shared_->budget);
  if (!refusal_) refusal_ = body_->problem();
  // Else the body is read first: a reply before it would often not be heard.
  const bool waits = absl::EqualsIgnoreCase(request_.Header("expect"), "100-continue");
  return refusal_ && waits ? Send(*refusal_) : MHD_YES;
}

MHD_Result Exchange::Take(const char *bytes, size_t count) {
  body_->Append({bytes, count});
  return body_->IsAbsurd() ? MHD_NO : MHD_YES;
}

MHD_Result Exchange::Answer() {
  if (refusal_) return Send(*refusal_);
  if (const std::optional<Reply> problem = body_->Finish(&request_)) return Send(*problem);
  try {
    return Send(shared_->handler->Answer(request_));
  } catch (const std::bad_alloc &) {
    return Send(Reply::Error(503, "out of memory"));
  } catch (const std::exception &error) {
    return Send(Reply::Error(500, error.what()));
  }
}

MHD_Result Exchange::Send(const Reply &reply) {
  was_answered_ = true;
  MHD_Response *response = MakeResponse(reply);
  if (response == nullptr) return MHD_NO;
  for (const auto &[name, value] : shared_->headers) {
    MHD_add_response_header(response, name.c_str(), value.c_str());
  }
  for (const auto &[name, value] : reply.headers) {
    MHD_add_response_header(response, name.c_str(), value.c_str());
  }
  MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, reply.content_type.c_str());
  const MHD_Result sent =
      MHD_queue_response(connection_, static_cast<unsigned int>(reply.status), response);
  MHD_destroy_response(response);
  return sent;
}

}  // namespace loam::dashboards
