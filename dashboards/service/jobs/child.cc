#include "dashboards/service/jobs/child.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace loam::dashboards {
namespace {

constexpr int kExitNotStarted = 127;

// In the child: only what may be called between fork and exec of a process with
// threads.
[[noreturn]] void Become(char *const *words, int stdout_file, int stderr_file, pid_t parent) {
  setpgid(0, 0);  // a terminal's Ctrl-C is ours to pass on
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) _exit(kExitNotStarted);  // it ended before that was set
  struct sigaction plain = {};
  plain.sa_handler = SIG_DFL;
  for (int signal : {SIGPIPE, SIGXFSZ, SIGINT, SIGTERM, SIGHUP}) {
    sigaction(signal, &plain, nullptr);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  const int nothing = open("/dev/null", O_RDONLY);
  if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 || dup2(stdout_file, STDOUT_FILENO) < 0 ||
      dup2(stderr_file, STDERR_FILENO) < 0) {
    _exit(kExitNotStarted);
  }
  execv(words[0], words);
  _exit(kExitNotStarted);
}

absl::StatusOr<int> OpenForOutput(const std::string &path) {
  constexpr mode_t kMode = 0600;
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kMode);
  if (file >= 0) return file;
  return absl::UnavailableError(absl::StrCat("cannot write ", path, ": ", strerror(errno)));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Child>> Child::Start(const std::vector<std::string> &words,
                                                    const std::string &stdout_path,
                                                    const std::string &stderr_path) {
  const absl::StatusOr<int> stdout_file = OpenForOutput(stdout_path);
  if (!stdout_file.ok()) return stdout_file.status();
  const absl::StatusOr<int> stderr_file = OpenForOutput(stderr_path);
  if (!stderr_file.ok()) {
    close(*stdout_file);
    return stderr_file.status();
  }
  std::vector<char *> pointers;
  for (const std::string &word : words) pointers.push_back(const_cast<char *>(word.c_str()));
  pointers.push_back(nullptr);
  const pid_t parent = getpid();
  const pid_t id = fork();
  if (id == 0) Become(pointers.data(), *stdout_file, *stderr_file, parent);
  const int error = errno;
  close(*stdout_file);
  close(*stderr_file);
  if (id < 0) return absl::UnavailableError(absl::StrCat("cannot start: ", strerror(error)));
  return std::unique_ptr<Child>(new Child(id));
}

Child::~Child() {
  if (ExitStatus()) return;
  Signal(SIGKILL);
  while (waitpid(id_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

std::optional<int> Child::ExitStatus() {
  int status = 0;
  if (!exit_status_ && waitpid(id_, &status, WNOHANG) == id_) {
    exit_status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  return exit_status_;
}

void Child::Signal(int signal) {
  if (!exit_status_) kill(id_, signal);
}

}  // namespace loam::dashboards
