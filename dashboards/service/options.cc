#include "dashboards/service/options.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "benchmarks/harness/command_line.h"
#include "benchmarks/harness/runfiles.h"

ABSL_FLAG(std::string, data, "",
          "the file that keeps the runs; none: $XDG_STATE_HOME/loam/results.db, or "
          "~/.local/state/loam/results.db");
ABSL_FLAG(std::string, listen, "127.0.0.1",
          "the address to listen on, in digits; beyond this machine (0.0.0.0, ::) a token is "
          "needed");
ABSL_FLAG(int, port, 7117, "0: one that is free");
ABSL_FLAG(std::string, token_file, "",
          "a file with the token that writes must bring; none: $LOAM_TOKEN, if it is set");
ABSL_FLAG(std::vector<std::string>, host_names, {},
          "names that the server goes by besides localhost, separated by commas");
ABSL_FLAG(int, run_mib_max, 64, "the largest result file that is taken, in MiB");
ABSL_FLAG(int, trace_mib_max, 256, "the largest trace that is taken, in MiB");
ABSL_FLAG(bool, run, true, "let people start runs of the matrix on this machine, from the page");
ABSL_FLAG(std::string, matrix, "", "the matrix; none: the one that was built with this program");
ABSL_FLAG(int, connections_max, 512, "at a time; more wait");
ABSL_FLAG(double, request_timeout_s, 120, "a request that takes longer to arrive is given up");
ABSL_FLAG(double, idle_timeout_s, 30, "a connection on which nothing happens is closed");
ABSL_FLAG(bool, check, false, "look whether the file is whole, serve nothing");

namespace loam::dashboards {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void ShowHelp() {
  std::printf(
      "Keeps results of the benchmark matrix in a file, and serves them as a page.\n\n"
      "  serve [FLAG...]\n\n"
      "Exit status: 0; 2 for an error.\n\n%s",
      matrix::DescribeFlags("service/options.cc").c_str());
  std::exit(0);
}

std::string Variable(const char *name) {
  const char *value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// Where the user stands: bazel run starts programs elsewhere.
fs::path FromUsersFolder(const std::string &path) {
  const std::string folder = Variable("BUILD_WORKING_DIRECTORY");
  return (folder.empty() ? fs::current_path() : fs::path(folder)) / path;
}

// The program, or empty where none is to be had; an error only for one that was
// asked for.
absl::StatusOr<std::string> MatrixPath(const char *argv0) {
  if (!absl::GetFlag(FLAGS_run)) return "";
  const std::string given = absl::GetFlag(FLAGS_matrix);
  if (!given.empty()) {
    const std::string path = FromUsersFolder(given).lexically_normal().string();
    if (access(path.c_str(), X_OK) == 0) return path;
    return absl::NotFoundError(absl::StrCat("there is no program ", path));
  }
  const absl::StatusOr<matrix::Runfiles> runfiles = matrix::Runfiles::Find(argv0);
  if (!runfiles.ok()) return "";
  const absl::StatusOr<std::string> path = runfiles->Path("benchmarks/matrix");
  return path.ok() ? *path : "";
}

absl::StatusOr<std::string> DataPath() {
  const std::string given = absl::GetFlag(FLAGS_data);
  if (!given.empty()) return FromUsersFolder(given).lexically_normal().string();
  const std::string state = Variable("XDG_STATE_HOME");
  if (!state.empty() && state.front() == '/') return state + "/loam/results.db";
  const std::string home = Variable("HOME");
  if (!home.empty()) return home + "/.local/state/loam/results.db";
  return absl::InvalidArgumentError("neither HOME nor XDG_STATE_HOME is set: give --data");
}

absl::StatusOr<std::string> Token() {
  constexpr size_t kBytesMin = 16;
  std::string token = Variable("LOAM_TOKEN");
  const std::string path = absl::GetFlag(FLAGS_token_file);
  if (!path.empty()) {
    std::ifstream file(FromUsersFolder(path));
    if (!file) return absl::NotFoundError(absl::StrCat("cannot read ", path));
    std::ostringstream text;
    text << file.rdbuf();
    token = text.str();
  }
  absl::StripAsciiWhitespace(&token);
  if (token.empty() && !path.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(path, " has no token"));
  }
  if (!token.empty() && token.size() < kBytesMin) {
    return absl::InvalidArgumentError(
        absl::StrCat("the token is shorter than ", kBytesMin, " characters"));
  }
  return token;
}

template <typename T>
absl::StatusOr<T> InRange(const char *name, T value, T least, T most) {
  if (value >= least && value <= most) return value;
  return absl::InvalidArgumentError(
      absl::StrCat("--", name, "=", value, " is not a number from ", least, " to ", most));
}

absl::Status ReadNumbers(Options *options) {
  constexpr int kMibMax = 1024;
  constexpr int kConnectionsMax = 4096;
  constexpr double kTimeoutMaxS = 86'400;
  const auto port = InRange("port", absl::GetFlag(FLAGS_port), 0, 65535);
  if (!port.ok()) return port.status();
  const auto mib = InRange("run_mib_max", absl::GetFlag(FLAGS_run_mib_max), 1, kMibMax);
  if (!mib.ok()) return mib.status();
  const auto trace_mib = InRange("trace_mib_max", absl::GetFlag(FLAGS_trace_mib_max), 1, kMibMax);
  if (!trace_mib.ok()) return trace_mib.status();
  options->api.trace_bytes_max = static_cast<size_t>(*trace_mib) << 20;
  const auto connections =
      InRange("connections_max", absl::GetFlag(FLAGS_connections_max), 1, kConnectionsMax);
  if (!connections.ok()) return connections.status();
  const auto request_s =
      InRange("request_timeout_s", absl::GetFlag(FLAGS_request_timeout_s), 0.1, kTimeoutMaxS);
  if (!request_s.ok()) return request_s.status();
  const auto idle_s =
      InRange("idle_timeout_s", absl::GetFlag(FLAGS_idle_timeout_s), 1.0, kTimeoutMaxS);
  if (!idle_s.ok()) return idle_s.status();
  options->server.port = static_cast<uint16_t>(*port);
  options->server.connections_max = static_cast<unsigned>(*connections);
  options->server.request_time_max = absl::Seconds(*request_s);
  options->server.idle_time_max = absl::Seconds(*idle_s);
  options->api.run_bytes_max = static_cast<size_t>(*mib) << 20;
  // Several of the largest, and room for many that are small.
  options->server.bodies_bytes_max = 2 * options->api.run_bytes_max + (size_t{64} << 20);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Options> ParseOptions(int argc, char **argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  for (const std::string &argument : arguments) {
    if (argument == "--help" || argument == "-help" || argument == "-h") ShowHelp();
  }
  const absl::StatusOr<std::vector<std::string>> words = matrix::ParseFlags(arguments);
  if (!words.ok()) return words.status();
  if (!words->empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", words->front(), "\" is not a flag; see --help"));
  }
  Options options;
  const absl::StatusOr<std::string> data = DataPath();
  if (!data.ok()) return data.status();
  options.data = *data;
  options.check = absl::GetFlag(FLAGS_check);
  const absl::StatusOr<std::string> matrix_path = MatrixPath(argv[0]);
  if (!matrix_path.ok()) return matrix_path.status();
  options.matrix = *matrix_path;
  options.server.address = absl::GetFlag(FLAGS_listen);
  const absl::StatusOr<std::string> token = Token();
  if (!token.ok()) return token.status();
  options.guard.token = *token;
  options.guard.host_names = absl::GetFlag(FLAGS_host_names);
  options.api.needs_token = !token->empty();
  const absl::Status numbers = ReadNumbers(&options);
  if (!numbers.ok()) return numbers;
  if (token->empty() && !IsLoopback(options.server.address)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--listen=", options.server.address,
                     " is open to other machines: set a token (LOAM_TOKEN or --token_file)"));
  }
  return options;
}

}  // namespace loam::dashboards
