// A request's body while it comes: into memory or a file, and no more than may be.

#ifndef LOAM_DASHBOARDS_SERVICE_HTTP_BODY_H_
#define LOAM_DASHBOARDS_SERVICE_HTTP_BODY_H_

#include <cstddef>
#include <mutex>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "dashboards/service/http/message.h"

namespace loam::dashboards {

// What all bodies in memory may take together. Thread-safe.
class BodyBudget {
 public:
  explicit BodyBudget(size_t bytes) : bytes_left_(bytes) {}
  bool Take(size_t bytes);
  void GiveBack(size_t bytes);

 private:
  std::mutex mutex_;
  size_t bytes_left_;
};

// One body. Once something is wrong with it, the rest is read and thrown away, so
// that the client hears what was wrong instead of a broken connection.
class Body {
 public:
  // `declared_bytes`: what the header says, or 0.
  Body(BodyRule rule, size_t declared_bytes, BodyBudget *budget);
  Body(const Body &) = delete;
  Body &operator=(const Body &) = delete;
  ~Body();  // removes the file, if it is still there

  void Append(absl::string_view bytes);
  // The end: what is wrong with it, or none, and then it is in the request.
  std::optional<Reply> Finish(Request *request);

  // What is wrong already.
  const std::optional<Reply> &problem() const { return problem_; }
  // Whether more came than anybody should read only to say that it is too much.
  bool IsAbsurd() const;

 private:
  void OpenFile();
  void WriteFile(absl::string_view bytes);
  void Drop(Reply why);

  const BodyRule rule_;
  BodyBudget *const budget_;
  std::optional<Reply> problem_;
  size_t bytes_ = 0;  // that came
  size_t taken_ = 0;  // of the budget
  std::string memory_;
  std::string path_;
  int file_ = -1;
};

}  // namespace loam::dashboards

#endif  // LOAM_DASHBOARDS_SERVICE_HTTP_BODY_H_
