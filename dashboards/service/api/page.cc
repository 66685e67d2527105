#include "dashboards/service/api/page.h"

#include <openssl/sha.h>

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "dashboards/service/store/compress.h"

namespace loam::dashboards {
namespace {

std::string Sha256(absl::string_view bytes) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char *>(bytes.data()), bytes.size(), digest);
  return std::string(reinterpret_cast<const char *>(digest), sizeof digest);
}

}  // namespace

std::string ContentPolicyOf(absl::string_view html) {
  constexpr absl::string_view kOpen = "<script";
  constexpr absl::string_view kClose = "</script";
  std::string scripts;
  for (size_t at = html.find(kOpen); at != absl::string_view::npos; at = html.find(kOpen, at)) {
    const size_t begin = html.find('>', at);
    const size_t end = html.find(kClose, at);
    if (begin == absl::string_view::npos || end == absl::string_view::npos) break;
    absl::StrAppend(&scripts, " 'sha256-",
                    absl::Base64Escape(Sha256(html.substr(begin + 1, end - begin - 1))), "'");
    at = end;
  }
  // Charts set styles on elements; a style cannot run or send anything here.
  return absl::StrCat("default-src 'none'; script-src", scripts.empty() ? " 'none'" : scripts,
                      "; style-src 'unsafe-inline'; img-src 'self' data: blob:; font-src data:;"
                      " connect-src 'self'; base-uri 'none'; form-action 'none';"
                      " frame-ancestors 'none'");
}

bool Accepts(const Request &request, absl::string_view encoding) {
  for (absl::string_view part : absl::StrSplit(request.Header("accept-encoding"), ',')) {
    const std::pair<absl::string_view, absl::string_view> words =
        absl::StrSplit(part, absl::MaxSplits(';', 1));
    if (!absl::EqualsIgnoreCase(absl::StripAsciiWhitespace(words.first), encoding)) continue;
    const absl::string_view weight = absl::StripAsciiWhitespace(words.second);
    return weight != "q=0" && !absl::StartsWith(weight, "q=0.0");
  }
  return false;
}

bool HasAlready(const Request &request, absl::string_view etag) {
  for (absl::string_view one : absl::StrSplit(request.Header("if-none-match"), ',')) {
    one = absl::StripAsciiWhitespace(one);
    if (one == etag || one == absl::StrCat("W/", etag)) return true;
  }
  return false;
}

Page::Page(absl::string_view html)
    : html_(std::make_shared<const std::string>(html)),
      policy_(ContentPolicyOf(html)),
      etag_(absl::StrCat("\"", absl::BytesToHexString(Sha256(html)).substr(0, 16), "\"")) {
  absl::StatusOr<std::string> compressed = ToGzip(html);
  if (compressed.ok()) gzip_ = std::make_shared<const std::string>(*std::move(compressed));
}

Reply Page::Get(const Request &request) const {
  Reply reply;
  reply.content_type = "text/html; charset=utf-8";
  reply.headers = {{"Content-Security-Policy", policy_},
                   {"Cache-Control", "no-cache"},
                   {"Vary", "Accept-Encoding"},
                   {"ETag", etag_}};
  if (HasAlready(request, etag_)) {
    reply.status = 304;
  } else if (gzip_ && Accepts(request, "gzip")) {
    reply.body = gzip_;
    reply.headers.emplace_back("Content-Encoding", "gzip");
  } else {
    reply.body = html_;
  }
  return reply;
}

}  // namespace loam::dashboards
