#include "dashboards/service/http/guard.h"

#include <arpa/inet.h>
#include <openssl/crypto.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace loam::dashboards {
namespace {

// "example:80" and "[::1]:80" without the port and the brackets; empty for what is
// neither.
std::string HostOf(absl::string_view authority) {
  if (!absl::ConsumePrefix(&authority, "[")) {
    return absl::AsciiStrToLower(authority.substr(0, authority.find(':')));
  }
  const size_t end = authority.find(']');
  return end == absl::string_view::npos ? "" : std::string(authority.substr(0, end));
}

bool IsAddress(const std::string &host) {
  in6_addr address;
  return inet_pton(AF_INET, host.c_str(), &address) == 1 ||
         inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

// In a time that does not tell how much of it was right.
bool AreSame(const std::string &given, const std::string &token) {
  return given.size() == token.size() &&
         CRYPTO_memcmp(given.data(), token.data(), token.size()) == 0;
}

// Browsers say so; programs do not, and need not.
bool IsFromAnotherPage(const Request &request) {
  const std::string &site = request.Header("sec-fetch-site");
  if (!site.empty() && site != "same-origin" && site != "none") return true;
  const std::string &origin = request.Header("origin");
  return !origin.empty() && origin != absl::StrCat("http://", request.Header("host")) &&
         origin != absl::StrCat("https://", request.Header("host"));
}

}  // namespace

bool IsLoopback(const std::string &address) {
  in_addr v4;
  if (inet_pton(AF_INET, address.c_str(), &v4) == 1) return ntohl(v4.s_addr) >> 24 == 127;
  in6_addr v6;
  return inet_pton(AF_INET6, address.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

bool Guard::KnowsHost(const std::string &host) const {
  return host == "localhost" || IsAddress(host) ||
         std::find(options_.host_names.begin(), options_.host_names.end(), host) !=
             options_.host_names.end();
}

std::optional<Reply> Guard::Refuse(const Request &request) const {
  const std::string host = HostOf(request.Header("host"));
  if (host.empty()) return Reply::Error(400, "the request has no Host");
  if (!KnowsHost(host)) {
    return Reply::Error(421, "this server does not go by that Host: see --host_names");
  }
  if (request.IsRead()) return std::nullopt;
  if (IsFromAnotherPage(request)) return Reply::Error(403, "a page from elsewhere may not write");
  if (!NeedsToken()) return std::nullopt;
  absl::string_view given = request.Header("authorization");
  const bool has_one = absl::StartsWithIgnoreCase(given, "bearer ");
  if (has_one) {
    given.remove_prefix(sizeof "bearer " - 1);
    if (AreSame(std::string(absl::StripAsciiWhitespace(given)), options_.token)) {
      return std::nullopt;
    }
  }
  Reply reply = Reply::Error(
      401, has_one ? "the token is wrong" : "a write needs a token (Authorization: Bearer ...)");
  reply.headers.emplace_back("WWW-Authenticate", "Bearer");
  return reply;
}

}  // namespace loam::dashboards
