// A child process of a test, with what it says.

#ifndef LOAM_DASHBOARDS_TESTING_PROCESS_H_
#define LOAM_DASHBOARDS_TESTING_PROCESS_H_

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

namespace loam::dashboards {

class Process {
 public:
  // `before` is called in the child, before the program.
  Process(const std::vector<std::string> &words, const std::vector<std::string> &environment = {},
          const std::function<void()> &before = nullptr);
  Process(const Process &) = delete;
  Process &operator=(const Process &) = delete;
  ~Process();  // kills it

  // The next line of its stdout; empty at the end.
  std::string ReadLine();
  void Signal(int signal);
  // Its exit status once it has ended, or 128 + the signal that ended it.
  int Wait();
  // What it wrote to stderr so far.
  std::string Stderr() const;
  pid_t id() const { return id_; }

 private:
  pid_t id_ = -1;
  int stdout_ = -1;
  std::string stderr_path_;
  std::string unread_;
};

}  // namespace loam::dashboards

#endif  // LOAM_DASHBOARDS_TESTING_PROCESS_H_
