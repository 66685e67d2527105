// A child process that does not outlive the thread that started it.

#ifndef LOAM_DASHBOARDS_SERVICE_JOBS_CHILD_H_
#define LOAM_DASHBOARDS_SERVICE_JOBS_CHILD_H_

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace loam::dashboards {

class Child {
 public:
  // Both outputs go to files, which are made anew. When the thread that calls this
  // ends, and so when the process is killed, the child gets SIGTERM.
  static absl::StatusOr<std::unique_ptr<Child>> Start(const std::vector<std::string> &words,
                                                      const std::string &stdout_path,
                                                      const std::string &stderr_path);
  Child(const Child &) = delete;
  Child &operator=(const Child &) = delete;
  ~Child();  // kills it, if it runs

  // Its exit status, or 128 + a signal, once it has ended.
  std::optional<int> ExitStatus();
  void Signal(int signal);

 private:
  explicit Child(pid_t id) : id_(id) {}

  pid_t id_;
  std::optional<int> exit_status_;
};

}  // namespace loam::dashboards

#endif  // LOAM_DASHBOARDS_SERVICE_JOBS_CHILD_H_
