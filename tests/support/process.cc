#include "tests/support/process.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sstream>

namespace loam::test {
namespace {

// A file in memory that collects one stream of a child.
class Capture {
 public:
  Capture() : file_(memfd_create("capture", MFD_CLOEXEC)) {
    if (file_ < 0) {
      perror("memfd_create");
      std::abort();
    }
  }
  ~Capture() { close(file_); }
  Capture(const Capture &) = delete;
  Capture &operator=(const Capture &) = delete;

  void Become(int stream) const { dup2(file_, stream); }

  std::string Text() const {
    std::string text;
    char part[4096];
    off_t at = 0;
    ssize_t got;
    while ((got = pread(file_, part, sizeof(part), at)) > 0) {
      text.append(part, static_cast<size_t>(got));
      at += got;
    }
    return text;
  }

 private:
  int file_;
};

}  // namespace

bool ChildResult::Exited(int code) const {
  return WIFEXITED(status) && WEXITSTATUS(status) == code;
}

bool ChildResult::Signalled(int signal) const {
  return WIFSIGNALED(status) && WTERMSIG(status) == signal;
}

std::string ChildResult::Describe() const {
  std::ostringstream text;
  if (WIFEXITED(status)) {
    text << "exit status " << WEXITSTATUS(status);
  } else if (WIFSIGNALED(status)) {
    text << "signal " << WTERMSIG(status) << " (" << strsignal(WTERMSIG(status)) << ")";
  } else {
    text << "wait status " << status;
  }
  text << ", stderr: \"" << err << "\"";
  return text.str();
}

ChildResult RunInChild(const std::function<int()> &body, unsigned timeout_seconds) {
  const Capture out;
  const Capture err;
  fflush(nullptr);
  ChildResult result;
  const pid_t child = fork();
  if (child < 0) {
    result.err = std::string("fork: ") + std::strerror(errno);
    return result;
  }
  if (child == 0) {
    out.Become(STDOUT_FILENO);
    err.Become(STDERR_FILENO);
    alarm(timeout_seconds);
    const int code = body();
    fflush(nullptr);
    _exit(code);
  }
  while (waitpid(child, &result.status, 0) < 0 && errno == EINTR) {
  }
  result.out = out.Text();
  result.err = err.Text();
  return result;
}

ChildResult RunProgram(const std::vector<std::string> &arguments,
                       const std::vector<std::pair<std::string, std::string>> &environment,
                       const std::string &folder, unsigned timeout_seconds) {
  std::vector<char *> argv;
  for (const std::string &argument : arguments)
    argv.push_back(const_cast<char *>(argument.c_str()));
  argv.push_back(nullptr);
  return RunInChild(
      [&] {
        if (!folder.empty() && chdir(folder.c_str()) != 0) return 127;
        for (const auto &[name, value] : environment) setenv(name.c_str(), value.c_str(), 1);
        execvp(argv[0], argv.data());
        dprintf(STDERR_FILENO, "%s: %s\n", argv[0], std::strerror(errno));
        return 127;
      },
      timeout_seconds);
}

std::vector<std::string> Lines(const std::string &text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string DataPath(const std::string &path) {
  const char *root = std::getenv("TEST_SRCDIR");
  const char *workspace = std::getenv("TEST_WORKSPACE");
  if (root == nullptr || workspace == nullptr) return path;
  return std::string(root) + "/" + workspace + "/" + path;
}

std::string MakeFolder(const std::string &name) {
  const char *root = std::getenv("TEST_TMPDIR");
  std::string path = std::string(root != nullptr ? root : "/tmp") + "/" + name + ".XXXXXX";
  if (mkdtemp(path.data()) == nullptr) {
    perror(path.c_str());
    std::abort();
  }
  return path;
}

}  // namespace loam::test
