#include "dashboards/testing/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace loam::dashboards {

Process::Process(const std::vector<std::string> &words, const std::vector<std::string> &environment,
                 const std::function<void()> &before) {
  stderr_path_ = ::testing::TempDir() + "/stderr-XXXXXX";
  const int stderr_file = mkstemp(stderr_path_.data());
  int pipe_files[2];
  if (stderr_file < 0 || pipe2(pipe_files, O_CLOEXEC) != 0) return;
  std::vector<char *> arguments;
  for (const std::string &word : words) arguments.push_back(const_cast<char *>(word.c_str()));
  arguments.push_back(nullptr);
  id_ = fork();
  if (id_ == 0) {
    dup2(pipe_files[1], STDOUT_FILENO);
    dup2(stderr_file, STDERR_FILENO);
    for (const std::string &variable : environment) putenv(const_cast<char *>(variable.c_str()));
    if (before) before();
    execv(arguments[0], arguments.data());
    _exit(127);
  }
  close(pipe_files[1]);
  close(stderr_file);
  stdout_ = pipe_files[0];
}

Process::~Process() {
  if (id_ > 0) {
    Signal(SIGKILL);
    Wait();
  }
  close(stdout_);
  unlink(stderr_path_.c_str());
}

std::string Process::ReadLine() {
  for (;;) {
    const size_t end = unread_.find('\n');
    if (end != std::string::npos) {
      const std::string line = unread_.substr(0, end);
      unread_.erase(0, end + 1);
      return line;
    }
    char buffer[4096];
    const ssize_t count = read(stdout_, buffer, sizeof buffer);
    if (count <= 0) return "";
    unread_.append(buffer, static_cast<size_t>(count));
  }
}

void Process::Signal(int signal) { kill(id_, signal); }

int Process::Wait() {
  int status = 0;
  if (id_ <= 0 || waitpid(id_, &status, 0) != id_) return -1;
  id_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string Process::Stderr() const {
  std::ifstream file(stderr_path_);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace loam::dashboards
