// Child processes: how they ended and what they said.

#ifndef LOAM_TESTS_SUPPORT_PROCESS_H_
#define LOAM_TESTS_SUPPORT_PROCESS_H_

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace loam::test {

struct ChildResult {
  int status = -1;  // as waitpid gives it
  std::string out;
  std::string err;

  bool Exited(int code) const;
  bool Signalled(int signal) const;

  // "exit status 3", "signal 6 (Aborted)", followed by what stderr has.
  std::string Describe() const;
};

// Runs `body` in a fork of this process, which ends with its value as exit
// status. A child that hangs is killed by SIGALRM.
ChildResult RunInChild(const std::function<int()> &body, unsigned timeout_seconds = 60);

// Runs a program, found through PATH, in `folder` when that is not empty, with
// `environment` added to this process's own. Exit status 127 when it cannot start.
ChildResult RunProgram(const std::vector<std::string> &arguments,
                       const std::vector<std::pair<std::string, std::string>> &environment = {},
                       const std::string &folder = "", unsigned timeout_seconds = 60);

// The lines of a text, without their newlines.
std::vector<std::string> Lines(const std::string &text);

// A file that the test target lists as data, by its path from the workspace's root.
std::string DataPath(const std::string &path);

// A fresh folder below the test's own temporary folder.
std::string MakeFolder(const std::string &name);

}  // namespace loam::test

#endif  // LOAM_TESTS_SUPPORT_PROCESS_H_
