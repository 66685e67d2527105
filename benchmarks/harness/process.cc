#include "benchmarks/harness/process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "nlohmann/json.hpp"

extern char **environ;

namespace loam::matrix {
namespace {

using nlohmann::json;

std::string ReadFile(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string LastLine(const std::string &text) {
  const std::vector<std::string> lines = absl::StrSplit(absl::StripAsciiWhitespace(text), '\n');
  return lines.back();
}

// The launcher that runs, or 0; for a signal handler to end.
std::atomic<pid_t> running_launcher{0};
static_assert(std::atomic<pid_t>::is_always_lock_free, "a signal handler reads it");

// Signals wait while one of these lives.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before_);
  }
  ~SignalsBlocked() { sigprocmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked &) = delete;
  SignalsBlocked &operator=(const SignalsBlocked &) = delete;

  const sigset_t *before() const { return &before_; }

 private:
  sigset_t before_;
};

// posix_spawn, in the child with the signals that we had before. The pid is
// known to a signal handler from the start.
int SpawnStoppable(char *const *argv, const posix_spawn_file_actions_t *actions, pid_t *pid) {
  const SignalsBlocked blocked;
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  sigset_t ignored;  // by us, not by programs that are measured
  sigemptyset(&ignored);
  sigaddset(&ignored, SIGXFSZ);
  posix_spawnattr_setsigdefault(&attributes, &ignored);
  posix_spawnattr_setsigmask(&attributes, blocked.before());
  const int error = posix_spawn(pid, argv[0], actions, &attributes, argv, environ);
  posix_spawnattr_destroy(&attributes);
  if (error == 0) running_launcher = *pid;
  return error;
}

// The status of the launcher once it has ended. It is reaped only when no
// signal handler can know its pid any more, which may then be another's.
absl::StatusOr<int> WaitFor(pid_t pid) {
  siginfo_t ended;
  while (waitid(P_PID, static_cast<id_t>(pid), &ended, WEXITED | WNOWAIT) != 0 && errno == EINTR) {
  }
  running_launcher = 0;
  int status = 0;
  while (waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return absl::InternalError(absl::StrCat("waitpid: ", strerror(errno)));
  }
  return status;
}

// Runs the launcher with its report going to `report_path`; its exit status.
absl::StatusOr<int> Spawn(const std::vector<std::string> &words, const std::string &report_path) {
  std::vector<char *> argv;
  for (const std::string &word : words) argv.push_back(const_cast<char *>(word.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, report_path.c_str(),
                                   O_WRONLY | O_CREAT | O_TRUNC, 0600);
  pid_t pid = 0;
  const int error = SpawnStoppable(argv.data(), &actions, &pid);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    return absl::InternalError(absl::StrCat("cannot start ", words[0], ": ", strerror(error)));
  }
  const absl::StatusOr<int> status = WaitFor(pid);
  if (!status.ok()) return status;
  return WIFEXITED(*status) ? WEXITSTATUS(*status) : 128 + WTERMSIG(*status);
}

std::optional<int64_t> OrNone(const json &value) {
  return value.is_null() ? std::nullopt : std::optional<int64_t>(value);
}

Usage UsageOf(const json &report) {
  Usage usage;
  usage.wall_ns = report.at("wall_ns");
  usage.user_ns = report.at("user_us").get<int64_t>() * 1000;
  usage.system_ns = report.at("system_us").get<int64_t>() * 1000;
  usage.peak_rss_bytes = report.at("peak_rss_bytes");
  usage.minor_faults = report.at("minor_faults");
  usage.major_faults = report.at("major_faults");
  usage.voluntary_switches = report.at("voluntary_switches");
  usage.involuntary_switches = report.at("involuntary_switches");
  usage.cycles = OrNone(report.at("cycles"));
  usage.instructions = OrNone(report.at("instructions"));
  usage.mean_rss_bytes = OrNone(report.at("mean_rss_bytes"));
  for (const json &sample : report.at("rss_samples")) {
    usage.rss_samples.push_back({sample.at(0), sample.at(1)});
  }
  return usage;
}

Ending EndingOf(const json &report, const Command &command, const std::string &stderr_text) {
  Ending ending;
  ending.usage = UsageOf(report);
  const std::string outcome = report.at("outcome");
  const int exit_status = report.at("exit_status");
  if (outcome == "exited" && exit_status == 0) return ending;
  ending.kind = Ending::Kind::kFailed;
  if (outcome == "timed_out") {
    ending.kind = Ending::Kind::kTimedOut;
    ending.message = absl::StrCat("still running after ", command.timeout_ms, " ms");
    return ending;
  }
  if (outcome == "not_started") {
    ending.message =
        absl::StrCat("could not be started: ", report.at("start_error").get<std::string>());
  } else if (outcome == "signaled") {
    ending.message = absl::StrCat("killed by ", strsignal(report.at("signal")));
  } else {
    ending.message = absl::StrCat("exit status ", exit_status);
  }
  const std::string said = LastLine(stderr_text);
  if (!said.empty()) absl::StrAppend(&ending.message, ": ", said);
  return ending;
}

// The command's words; with strace, they are its, and it sets the preload, which
// it does not want for itself. It follows threads and children.
std::vector<std::string> WordsUnderStrace(const Command &command, const std::string &summary_path) {
  std::vector<std::string> words = {command.strace, "-f", "-c",        "-U",
                                    "name,calls",   "-o", summary_path};
  if (!command.preload.empty()) {
    words.insert(words.end(), {"-E", absl::StrCat("LD_PRELOAD=", command.preload)});
  }
  words.push_back("--");
  words.insert(words.end(), command.words.begin(), command.words.end());
  return words;
}

}  // namespace

void StopRunningProcess() {
  const pid_t launcher = running_launcher;
  // It ends its child and reports, as when it is told to by hand.
  if (launcher > 0) kill(launcher, SIGTERM);
}

absl::StatusOr<Ending> ProcessRunner::Run(const Command &command) const {
  const std::string report_path = absl::StrCat(folder_, "/report");
  const std::string stdout_path = absl::StrCat(folder_, "/stdout");
  const std::string stderr_path = absl::StrCat(folder_, "/stderr");
  const std::string summary_path = absl::StrCat(folder_, "/system_calls");
  std::vector<std::string> words = {launcher_,  "--timeout_ms", absl::StrCat(command.timeout_ms),
                                    "--stderr", stderr_path,    "--directory",
                                    folder_};
  const bool traced = !command.strace.empty();
  if (!command.preload.empty() && !traced) {
    words.insert(words.end(), {"--preload", command.preload});
  }
  if (!command.stdin_path.empty()) words.insert(words.end(), {"--stdin", command.stdin_path});
  if (command.wants_stdout) words.insert(words.end(), {"--stdout", stdout_path});
  if (command.sample_ms > 0) {
    words.insert(words.end(), {"--sample_ms", absl::StrCat(command.sample_ms)});
  }
  for (const std::string &variable : command.environment) {
    words.insert(words.end(), {"--env", variable});
  }
  words.push_back("--");
  const std::vector<std::string> started =
      traced ? WordsUnderStrace(command, summary_path) : command.words;
  words.insert(words.end(), started.begin(), started.end());

  absl::StatusOr<int> exit_status = Spawn(words, report_path);
  if (!exit_status.ok()) return exit_status.status();
  const json report = json::parse(ReadFile(report_path), nullptr, false);
  if (*exit_status != 0 || !report.is_object()) {
    return absl::InternalError(absl::StrCat("the launcher gave no report for ", command.words[0],
                                            " (exit status ", *exit_status, "; is ", folder_,
                                            " full?)"));
  }
  const std::string stderr_text = ReadFile(stderr_path);
  Ending ending = EndingOf(report, command, stderr_text);
  if (command.wants_stdout) ending.stdout_text = ReadFile(stdout_path);
  if (command.wants_stderr) ending.stderr_text = stderr_text;
  if (traced) ending.system_calls_text = ReadFile(summary_path);
  return ending;
}

}  // namespace loam::matrix
