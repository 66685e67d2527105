#include "dashboards/service/http/watch.h"

#include <sys/socket.h>

#include <chrono>

#include "absl/time/clock.h"

namespace loam::dashboards {
namespace {

constexpr std::chrono::milliseconds kTick(250);

constexpr char kTooSlow[] =
    "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Type: application/json\r\n"
    "X-Content-Type-Options: nosniff\r\nContent-Length: 45\r\n\r\n"
    "{\"error\":\"the request took too long to come\"}";

// Past libmicrohttpd, which has begun no reply: it has no whole request yet.
void SayTooSlow(int socket) {
  (void)!send(socket, kTooSlow, sizeof kTooSlow - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

}  // namespace

Watch::Watch(absl::Duration request_time_max)
    : request_time_max_(request_time_max), thread_([this] { Run(); }) {}

Watch::~Watch() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stop_ = true;
  }
  stop_changed_.notify_all();
  thread_.join();
}

void Watch::Set(int socket, State state) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = connections_.find(socket);
  if (found == connections_.end() || found->second.state == State::kOver) return;
  found->second = {state, absl::Now()};
}

void Watch::Opened(int socket) {
  const std::lock_guard<std::mutex> lock(mutex_);
  connections_[socket] = {State::kIdle, absl::Now()};
}

void Watch::RequestBegan(int socket) { Set(socket, State::kRequest); }
void Watch::RequestEnded(int socket) { Set(socket, State::kReply); }
void Watch::ReplyEnded(int socket) { Set(socket, State::kIdle); }

void Watch::Closed(int socket) {
  const std::lock_guard<std::mutex> lock(mutex_);
  connections_.erase(socket);
}

void Watch::EndOld(absl::Time now) {
  for (auto &[socket, entry] : connections_) {
    if (entry.state != State::kIdle && entry.state != State::kRequest) continue;
    if (now - entry.since < request_time_max_) continue;
    if (entry.state == State::kRequest) SayTooSlow(socket);
    entry.state = State::kOver;
    shutdown(socket, SHUT_RDWR);  // libmicrohttpd sees the end, and closes
  }
}

void Watch::Run() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (!stop_changed_.wait_for(lock, kTick, [this] { return stop_; })) EndOld(absl::Now());
}

}  // namespace loam::dashboards
