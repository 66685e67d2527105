// Ends connections whose request does not come to its end.
//
// libmicrohttpd's own time-out is for a connection on which nothing happens; a
// client that sends a byte now and then would hold its connection for ever.

#ifndef LOAM_DASHBOARDS_SERVICE_HTTP_WATCH_H_
#define LOAM_DASHBOARDS_SERVICE_HTTP_WATCH_H_

#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "absl/time/time.h"

namespace loam::dashboards {

// Thread-safe; has a thread of its own.
class Watch {
 public:
  // For the first line of a request, and again for the rest of it.
  explicit Watch(absl::Duration request_time_max);
  Watch(const Watch &) = delete;
  Watch &operator=(const Watch &) = delete;
  ~Watch();

  // What happened to the connection whose socket this is. Opened and Closed come
  // while the socket is open.
  void Opened(int socket);
  void RequestBegan(int socket);  // its first line is there
  void RequestEnded(int socket);  // all of it is there: a reply may be written
  void ReplyEnded(int socket);
  void Closed(int socket);

 private:
  enum class State { kIdle, kRequest, kReply, kOver };
  struct Entry {
    State state = State::kIdle;
    absl::Time since;
  };

  void Set(int socket, State state);
  void Run();
  void EndOld(absl::Time now);

  const absl::Duration request_time_max_;
  std::mutex mutex_;
  std::condition_variable stop_changed_;
  bool stop_ = false;
  std::map<int, Entry> connections_;
  std::thread thread_;
};

}  // namespace loam::dashboards

#endif  // LOAM_DASHBOARDS_SERVICE_HTTP_WATCH_H_
