#include "dashboards/service/http/server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "dashboards/service/http/exchange.h"
#include "dashboards/service/http/watch.h"

namespace loam::dashboards {
namespace {

constexpr size_t kHeaderBytesMax = 32 << 10;
// A thread checks a document, whose patterns are matched by recursion over at
// most kStringBytesMax (document/limits.h). Only what is used is resident.
constexpr size_t kStackBytes = 8 << 20;

struct Address {
  sockaddr_storage storage = {};
  socklen_t length = 0;
};

absl::StatusOr<Address> ParseAddress(const std::string &text, uint16_t port) {
  Address address;
  auto *v4 = reinterpret_cast<sockaddr_in *>(&address.storage);
  auto *v6 = reinterpret_cast<sockaddr_in6 *>(&address.storage);
  if (inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    address.length = sizeof *v4;
  } else if (inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    address.length = sizeof *v6;
  } else {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", text, "\" is not an address in digits, such as 127.0.0.1"));
  }
  return address;
}

// Our own, so that an error can be told in words.
absl::StatusOr<int> Listen(const std::string &address_text, uint16_t port) {
  const absl::StatusOr<Address> address = ParseAddress(address_text, port);
  if (!address.ok()) return address.status();
  const int socket_file =
      socket(address->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int yes = 1;
  if (socket_file >= 0 &&
      setsockopt(socket_file, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
      bind(socket_file, reinterpret_cast<const sockaddr *>(&address->storage), address->length) ==
          0 &&
      listen(socket_file, SOMAXCONN) == 0) {
    return socket_file;
  }
  const int error = errno;
  if (socket_file >= 0) close(socket_file);
  return absl::UnavailableError(
      absl::StrCat("cannot listen on ", address_text, " port ", port, ": ", strerror(error)));
}

uint16_t PortOf(int socket_file) {
  sockaddr_storage storage = {};
  socklen_t length = sizeof storage;
  getsockname(socket_file, reinterpret_cast<sockaddr *>(&storage), &length);
  return ntohs(storage.ss_family == AF_INET6
                   ? reinterpret_cast<const sockaddr_in6 *>(&storage)->sin6_port
                   : reinterpret_cast<const sockaddr_in *>(&storage)->sin_port);
}

int SocketOf(MHD_Connection *connection) {
  return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

class MicrohttpdServer : public Server {
 public:
  MicrohttpdServer(const ServerOptions &options, const Guard *guard, Handler *handler)
      : address_(options.address),
        budget_(options.bodies_bytes_max),
        watch_(options.request_time_max),
        shared_{handler, guard, &budget_, options.headers} {}

  ~MicrohttpdServer() override {
    if (daemon_ != nullptr) MHD_stop_daemon(daemon_);
  }

  absl::Status Start(const ServerOptions &options) {
    const absl::StatusOr<int> listening = Listen(options.address, options.port);
    if (!listening.ok()) return listening.status();
    port_ = PortOf(*listening);
    const auto idle_s = static_cast<unsigned>(absl::ToInt64Seconds(options.idle_time_max));
    daemon_ = MHD_start_daemon(
        MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL, 0, nullptr,
        nullptr, &OnPiece, this,                               //
        MHD_OPTION_LISTEN_SOCKET, *listening,                  //
        MHD_OPTION_CONNECTION_LIMIT, options.connections_max,  //
        MHD_OPTION_CONNECTION_TIMEOUT, idle_s,                 //
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, kHeaderBytesMax,   //
        MHD_OPTION_THREAD_STACK_SIZE, kStackBytes,             //
        MHD_OPTION_STRICT_FOR_CLIENT, 1,                       //
        MHD_OPTION_URI_LOG_CALLBACK, &OnFirstLine, this,       //
        MHD_OPTION_NOTIFY_COMPLETED, &OnCompleted, this,       //
        MHD_OPTION_NOTIFY_CONNECTION, &OnConnection, this, MHD_OPTION_END);
    if (daemon_ != nullptr) return absl::OkStatus();
    close(*listening);
    return absl::InternalError("the HTTP server does not start");
  }

  std::string Url() const override {
    const bool is_v6 = address_.find(':') != std::string::npos;
    return absl::StrCat("http://", is_v6 ? "[" : "", address_, is_v6 ? "]" : "", ":", port_, "/");
  }

 private:
  static MHD_Result OnPiece(void *server_pointer, MHD_Connection *connection, const char *url,
                            const char *method, const char *, const char *bytes, size_t *count,
                            void **exchange_pointer) {
    auto *server = static_cast<MicrohttpdServer *>(server_pointer);
    auto *exchange = static_cast<Exchange *>(*exchange_pointer);
    if (exchange == nullptr) {
      exchange = new Exchange(&server->shared_, connection, url, method);
      *exchange_pointer = exchange;
      return exchange->Begin();
    }
    if (*count != 0) {
      const MHD_Result taken = exchange->Take(bytes, *count);
      *count = 0;
      return taken;
    }
    server->watch_.RequestEnded(SocketOf(connection));
    return exchange->Answer();
  }

  // The first that is known of a request. What it returns is the exchange: none yet.
  static void *OnFirstLine(void *server, const char *, MHD_Connection *connection) {
    static_cast<MicrohttpdServer *>(server)->watch_.RequestBegan(SocketOf(connection));
    return nullptr;
  }

  static void OnCompleted(void *server, MHD_Connection *connection, void **exchange,
                          MHD_RequestTerminationCode code) {
    static_cast<MicrohttpdServer *>(server)->watch_.ReplyEnded(SocketOf(connection));
    auto *ended = static_cast<Exchange *>(*exchange);
    // Nobody is there to be told; the operator may want to know.
    if (code != MHD_REQUEST_TERMINATED_COMPLETED_OK && ended != nullptr && !ended->was_answered()) {
      std::fprintf(stderr, "serve: a request was cut off, nothing of it is kept\n");
    }
    delete ended;
    *exchange = nullptr;
  }

  static void OnConnection(void *server, MHD_Connection *connection, void **,
                           MHD_ConnectionNotificationCode code) {
    Watch &watch = static_cast<MicrohttpdServer *>(server)->watch_;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
      watch.Opened(SocketOf(connection));
    } else {
      watch.Closed(SocketOf(connection));
    }
  }

  const std::string address_;
  uint16_t port_ = 0;
  BodyBudget budget_;
  Watch watch_;
  Exchange::Shared shared_;
  MHD_Daemon *daemon_ = nullptr;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerOptions &options,
                                                      const Guard *guard, Handler *handler) {
  auto server = std::make_unique<MicrohttpdServer>(options, guard, handler);
  const absl::Status started = server->Start(options);
  if (!started.ok()) return started;
  return server;
}

}  // namespace loam::dashboards
