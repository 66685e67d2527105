// bazel run //dashboards:report -- A.json B.json -o out.html

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "benchmarks/harness/command_line.h"
#include "benchmarks/harness/result_file.h"
#include "dashboards/document/document.h"
#include "dashboards/report/embed.h"

ABSL_FLAG(std::string, o, "loam-report.html", "the HTML file to write");

namespace {

namespace fs = std::filesystem;

constexpr char kUsage[] =
    "Makes one HTML file of results of the matrix, to open from disk or to send.\n\n"
    "  report RESULT.json... [-o OUT.html]\n\n"
    "Exit status: 0; 2 for an error.\n";

// Where the user stands: bazel run starts programs elsewhere.
std::string FromUsersFolder(const std::string &path) {
  const char *folder = std::getenv("BUILD_WORKING_DIRECTORY");
  const fs::path base = folder == nullptr ? fs::current_path() : fs::path(folder);
  return (base / path).lexically_normal().string();
}

absl::StatusOr<std::string> ReadRun(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) {
    return absl::NotFoundError(absl::StrCat("cannot read ", path));
  }
  const absl::Status checked = loam::dashboards::ParseDocument(text.str()).status();
  if (checked.ok()) return text.str();
  return absl::InvalidArgumentError(absl::StrCat(path, ": ", checked.message()));
}

absl::Status Run(const std::vector<std::string> &arguments) {
  for (const std::string &argument : arguments) {
    if (argument != "--help" && argument != "-help" && argument != "-h") continue;
    std::printf("%s", kUsage);
    return absl::OkStatus();
  }
  const absl::StatusOr<std::vector<std::string>> paths = loam::matrix::ParseFlags(arguments);
  if (!paths.ok()) return paths.status();
  if (paths->empty()) return absl::InvalidArgumentError("which results? see --help");
  std::vector<std::string> files;
  for (const std::string &path : *paths) {
    absl::StatusOr<std::string> file = ReadRun(FromUsersFolder(path));
    if (!file.ok()) return file.status();
    files.push_back(*std::move(file));
  }
  const std::string report = loam::dashboards::MakeReport(files);
  absl::StatusOr<loam::matrix::ResultFile> out =
      loam::matrix::ResultFile::Open(FromUsersFolder(absl::GetFlag(FLAGS_o)), report.size());
  if (!out.ok()) return out.status();
  const absl::Status written = out->Write(report);
  if (!written.ok()) return written;
  std::printf("%s\n", out->path().c_str());
  return absl::OkStatus();
}

}  // namespace

int main(int argc, char **argv) {
  absl::Status status;
  try {
    status = Run(std::vector<std::string>(argv + 1, argv + argc));
  } catch (const std::exception &error) {
    status = absl::InternalError(error.what());
  }
  if (status.ok()) return 0;
  std::fprintf(stderr, "report: %s\n", std::string(status.message()).c_str());
  return 2;
}
