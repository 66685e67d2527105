#include "benchmarks/publish/publish.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "benchmarks/harness/result_file.h"
#include "benchmarks/harness/show.h"
#include "benchmarks/publish/upload.h"
#include "dashboards/report/embed.h"

namespace loam::matrix {
namespace {

absl::StatusOr<std::string> ReadFile(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (file && text << file.rdbuf()) return text.str();
  return absl::NotFoundError(absl::StrCat("cannot read ", path));
}

// Never from the command line: that is in the result, and in lists of processes.
absl::StatusOr<std::string> Token(const Options &options) {
  std::string token;
  if (!options.token_file.empty()) {
    const absl::StatusOr<std::string> text = ReadFile(options.token_file);
    if (!text.ok()) return text.status();
    token = *text;
  } else if (const char *variable = std::getenv("LOAM_TOKEN")) {
    token = variable;
  }
  absl::StripAsciiWhitespace(&token);
  for (const char c : token) {
    if (!absl::ascii_isgraph(static_cast<unsigned char>(c)) && c != ' ') {
      return absl::InvalidArgumentError("the token has characters that no token has");
    }
  }
  return token;
}

absl::Status UploadResult(const Options &options, const std::string &text) {
  const absl::StatusOr<std::string> token = Token(options);
  if (!token.ok()) return token.status();
  const absl::StatusOr<std::string> address =
      UploadRun(text, {options.upload, options.label, *token});
  if (address.ok()) return Show(absl::StrCat(*address, "\n"));
  return absl::Status(address.status().code(),
                      absl::StrCat(options.out, " was not uploaded: ", address.status().message()));
}

absl::Status WriteReport(const Options &options, const std::string &text) {
  const std::string path = std::filesystem::path(options.out).replace_extension(".html").string();
  const std::string report = dashboards::MakeReport({text});
  absl::StatusOr<ResultFile> file = ResultFile::Open(path, report.size());
  if (!file.ok()) return file.status();
  const absl::Status written = file->Write(report);
  return written.ok() ? Show(absl::StrCat(path, "\n")) : written;
}

}  // namespace

absl::Status CheckPublishing(const Options &options) {
  if (options.report && std::filesystem::path(options.out).extension() == ".html") {
    return absl::InvalidArgumentError("--out is the JSON file; its report gets .html by itself");
  }
  if (options.upload.empty()) return absl::OkStatus();
  const absl::Status url = CheckServiceUrl(options.upload);
  return url.ok() ? Token(options).status() : url;
}

absl::Status Publish(const Options &options) {
  if (options.upload.empty() && !options.report) return absl::OkStatus();
  const absl::StatusOr<std::string> text = ReadFile(options.out);
  if (!text.ok()) return text.status();
  const absl::Status uploaded =
      options.upload.empty() ? absl::OkStatus() : UploadResult(options, *text);
  const absl::Status reported = options.report ? WriteReport(options, *text) : absl::OkStatus();
  return uploaded.ok() ? reported : uploaded;
}

}  // namespace loam::matrix
