// Talks to a server: as a well-behaved client, and as one that is not.

#ifndef LOAM_DASHBOARDS_TESTING_CLIENT_H_
#define LOAM_DASHBOARDS_TESTING_CLIENT_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace loam::dashboards {

struct Answer {
  int status = 0;  // 0: no answer came
  std::string body;
  std::map<std::string, std::string> headers;  // names in lower case
};

Answer Get(const std::string &url, const std::vector<std::string> &headers = {});
Answer Post(const std::string &url, const std::string &body,
            const std::vector<std::string> &headers = {});

// A connection on which any bytes can be sent.
class RawConnection {
 public:
  explicit RawConnection(uint16_t port);
  RawConnection(const RawConnection &) = delete;
  RawConnection &operator=(const RawConnection &) = delete;
  ~RawConnection();

  bool Send(const std::string &bytes);
  void CloseSendingHalf();
  // All until the server closes, or `seconds` passed without a byte.
  std::string ReadAll(int seconds);

 private:
  int socket_ = -1;
};

}  // namespace loam::dashboards

#endif  // LOAM_DASHBOARDS_TESTING_CLIENT_H_
