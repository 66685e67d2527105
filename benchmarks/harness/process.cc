#include "benchmarks/harness/process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
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
  const int error = posix_spawn(&pid, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    return absl::InternalError(absl::StrCat("cannot start ", words[0], ": ", strerror(error)));
  }
  int status = 0;
  while (waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return absl::InternalError(absl::StrCat("waitpid: ", strerror(errno)));
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
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

}  // namespace

absl::StatusOr<Ending> ProcessRunner::Run(const Command &command) const {
  const std::string report_path = absl::StrCat(folder_, "/report");
  const std::string stdout_path = absl::StrCat(folder_, "/stdout");
  const std::string stderr_path = absl::StrCat(folder_, "/stderr");
  std::vector<std::string> words = {launcher_,  "--timeout_ms", absl::StrCat(command.timeout_ms),
                                    "--stderr", stderr_path,    "--directory",
                                    folder_};
  if (!command.preload.empty()) words.insert(words.end(), {"--preload", command.preload});
  if (!command.stdin_path.empty()) words.insert(words.end(), {"--stdin", command.stdin_path});
  if (command.wants_stdout) words.insert(words.end(), {"--stdout", stdout_path});
  for (const std::string &variable : command.environment) {
    words.insert(words.end(), {"--env", variable});
  }
  words.push_back("--");
  words.insert(words.end(), command.words.begin(), command.words.end());

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
  return ending;
}

}  // namespace loam::matrix
