#include "dashboards/testing/client.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>

#include "absl/strings/ascii.h"

namespace loam::dashboards {
namespace {

constexpr long kTimeoutS = 120;

size_t TakeBody(char *bytes, size_t, size_t count, void *answer) {
  static_cast<Answer *>(answer)->body.append(bytes, count);
  return count;
}

size_t TakeHeader(char *bytes, size_t, size_t count, void *answer) {
  const std::string line(bytes, count);
  const size_t colon = line.find(':');
  if (colon == std::string::npos) return count;
  std::string value = line.substr(colon + 1);
  absl::StripAsciiWhitespace(&value);
  static_cast<Answer *>(answer)->headers[absl::AsciiStrToLower(line.substr(0, colon))] = value;
  return count;
}

Answer Ask(const std::string &url, const std::string *body,
           const std::vector<std::string> &headers) {
  Answer answer;
  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(), curl_easy_cleanup);
  curl_slist *list = nullptr;
  for (const std::string &header : headers) list = curl_slist_append(list, header.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, list);
  curl_easy_setopt(curl.get(), CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT, kTimeoutS);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, TakeBody);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &answer);
  curl_easy_setopt(curl.get(), CURLOPT_HEADERFUNCTION, TakeHeader);
  curl_easy_setopt(curl.get(), CURLOPT_HEADERDATA, &answer);
  if (body != nullptr) {
    curl_easy_setopt(curl.get(), CURLOPT_POST, 1L);
    curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, body->data());
    curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(body->size()));
  }
  long status = 0;
  if (curl_easy_perform(curl.get()) == CURLE_OK) {
    curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  }
  answer.status = static_cast<int>(status);
  curl_slist_free_all(list);
  return answer;
}

}  // namespace

Answer Get(const std::string &url, const std::vector<std::string> &headers) {
  return Ask(url, nullptr, headers);
}

Answer Post(const std::string &url, const std::string &body,
            const std::vector<std::string> &headers) {
  return Ask(url, &body, headers);
}

RawConnection::RawConnection(uint16_t port)
    : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(socket_, reinterpret_cast<const sockaddr *>(&address), sizeof address) != 0) {
    close(socket_);
    socket_ = -1;
  }
}

RawConnection::~RawConnection() {
  if (socket_ >= 0) close(socket_);
}

bool RawConnection::Send(const std::string &bytes) {
  size_t sent = 0;
  while (sent < bytes.size()) {
    const ssize_t count = send(socket_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (count <= 0) return false;
    sent += static_cast<size_t>(count);
  }
  return true;
}

void RawConnection::CloseSendingHalf() { shutdown(socket_, SHUT_WR); }

std::string RawConnection::ReadAll(int seconds) {
  std::string bytes;
  pollfd waiting = {socket_, POLLIN, 0};
  while (poll(&waiting, 1, seconds * 1000) == 1) {
    char buffer[4096];
    const ssize_t count = recv(socket_, buffer, sizeof buffer, 0);
    if (count <= 0) break;
    bytes.append(buffer, static_cast<size_t>(count));
  }
  return bytes;
}

}  // namespace loam::dashboards
