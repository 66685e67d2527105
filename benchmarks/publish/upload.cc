#include "benchmarks/publish/upload.h"

#include <curl/curl.h>

#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "nlohmann/json.hpp"

namespace loam::matrix {
namespace {

constexpr long kConnectTimeoutS = 10;
constexpr long kTimeoutS = 300;
constexpr size_t kAnswerBytesMax = 1 << 20;

using Curl = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;
using Headers = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

size_t Take(char *bytes, size_t, size_t count, void *answer) {
  auto *text = static_cast<std::string *>(answer);
  if (text->size() + count > kAnswerBytesMax) return 0;
  text->append(bytes, count);
  return count;
}

std::string Escape(CURL *curl, const std::string &text) {
  char *escaped = curl_easy_escape(curl, text.data(), static_cast<int>(text.size()));
  const std::string copy = escaped == nullptr ? "" : escaped;
  curl_free(escaped);
  return copy;
}

std::string Root(const std::string &service) {
  return std::string(absl::StripSuffix(service, "/"));
}

struct Answer {
  long status = 0;
  std::string body;
};

absl::StatusOr<Answer> Post(CURL *curl, const std::string &url, const std::string &text,
                            const std::string &token) {
  Answer answer;
  char why[CURL_ERROR_SIZE] = "";
  Headers headers(curl_slist_append(nullptr, "Content-Type: application/json"),
                  curl_slist_free_all);
  if (!token.empty()) {
    curl_slist_append(headers.get(), absl::StrCat("Authorization: Bearer ", token).c_str());
  }
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl, CURLOPT_POST, 1L);
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, text.data());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(text.size()));
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, kConnectTimeoutS);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT, kTimeoutS);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, Take);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer.body);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why);
  const CURLcode code = curl_easy_perform(curl);
  if (code != CURLE_OK) {
    return absl::UnavailableError(why[0] == '\0' ? curl_easy_strerror(code) : why);
  }
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.status);
  return answer;
}

}  // namespace

absl::Status CheckServiceUrl(const std::string &service) {
  absl::string_view rest = service;
  const bool is_http =
      absl::ConsumePrefix(&rest, "http://") || absl::ConsumePrefix(&rest, "https://");
  if (is_http && !rest.empty() && rest[0] != '/') return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("\"", service,
                                                 "\" is not the address of a service, such as "
                                                 "http://127.0.0.1:7117"));
}

absl::StatusOr<std::string> UploadRun(const std::string &text, const UploadOptions &options) {
  const Curl curl(curl_easy_init(), curl_easy_cleanup);
  if (curl == nullptr) return absl::InternalError("libcurl does not start");
  std::string url = absl::StrCat(Root(options.service), "/api/v1/runs");
  if (!options.label.empty()) {
    absl::StrAppend(&url, "?label=", Escape(curl.get(), options.label));
  }
  const absl::StatusOr<Answer> answer = Post(curl.get(), url, text, options.token);
  if (!answer.ok()) return answer.status();
  const nlohmann::json said = nlohmann::json::parse(answer->body, nullptr, false);
  const bool is_object = said.is_object();
  const bool stored = answer->status == 200 || answer->status == 201;
  if (stored && is_object && said.contains("id") && said["id"].is_string()) {
    return absl::StrCat(Root(options.service), "/#/matrix?run=", said["id"].get<std::string>());
  }
  if (is_object && said.contains("error") && said["error"].is_string()) {
    return absl::FailedPreconditionError(said["error"].get<std::string>());
  }
  return absl::FailedPreconditionError(
      absl::StrCat(options.service, " is no result service: it answered ", answer->status));
}

}  // namespace loam::matrix
