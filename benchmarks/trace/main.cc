// loam-trace: records what a program asks of malloc, and tells about it.

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "benchmarks/harness/runfiles.h"
#include "benchmarks/trace/analysis/summary.h"
#include "benchmarks/trace/analysis/units.h"
#include "benchmarks/trace/analysis/verify.h"
#include "benchmarks/trace/record/record.h"

namespace loam::trace {
namespace {

constexpr int kUsageError = 2;
constexpr int kFailed = 1;
constexpr int kHighestLevel = 19;
constexpr size_t kChartColumns = 64;

constexpr char kHelp[] =
    "Records what a program asks of malloc, and tells about it.\n"
    "\n"
    "  loam-trace record [--follow] [--output FILE] [--level N] -- PROGRAM [ARGUMENT]...\n"
    "      Runs the program and writes a trace (default: PROGRAM-DATE-TIME.loamtrace).\n"
    "      --follow: children too, and what they exec: FILE.2.loamtrace and so on.\n"
    "      --level: of compression, 1 to 19 (default 3).\n"
    "      Exits as the program does.\n"
    "  loam-trace info FILE [--format text|json]\n"
    "      Events, sizes, lifetimes, threads, live bytes over time.\n"
    "  loam-trace verify FILE...\n"
    "      Says whether traces are whole and make sense; exits with 1 where one is not.\n"
    "\n"
    "The matrix replays traces: bazel run //benchmarks:matrix -- --trace FILE\n";

absl::Status Usage(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(what, "; see loam-trace --help"));
}

// Takes the words of a subcommand one by one: flags with values, and the rest.
class Words {
 public:
  explicit Words(std::vector<std::string> words) : words_(std::move(words)) {}

  bool AtEnd() const { return next_ == words_.size(); }
  std::string Take() { return words_[next_++]; }

  // The value of `--name value` or `--name=value`, if that is what comes next.
  bool TakeFlag(absl::string_view name, absl::StatusOr<std::string> *value) {
    const std::string &word = words_[next_];
    if (word == name) {
      next_++;
      *value = AtEnd() ? absl::StatusOr<std::string>(Usage(absl::StrCat(name, " has no value")))
                       : absl::StatusOr<std::string>(Take());
      return true;
    }
    if (!absl::StartsWith(word, absl::StrCat(name, "="))) return false;
    *value = Take().substr(name.size() + 1);
    return true;
  }

 private:
  std::vector<std::string> words_;
  size_t next_ = 0;
};

std::string DefaultOutput(const std::string &program) {
  return absl::StrCat(
      std::filesystem::path(program).filename().string(),
      absl::FormatTime("-%Y%m%d-%H%M%S.loamtrace", absl::Now(), absl::LocalTimeZone()));
}

absl::StatusOr<RecordOptions> ParseRecord(Words words) {
  RecordOptions options;
  for (;;) {
    if (words.AtEnd()) return Usage("record: no \"-- PROGRAM\"");
    absl::StatusOr<std::string> value = std::string();
    if (words.TakeFlag("--output", &value)) {
      if (!value.ok()) return value.status();
      if (value->empty()) return Usage("--output has no value");
      options.output = *value;
    } else if (words.TakeFlag("--level", &value)) {
      if (!value.ok()) return value.status();
      if (!absl::SimpleAtoi(*value, &options.level) || options.level < 1 ||
          options.level > kHighestLevel) {
        return Usage(
            absl::StrCat("--level=", *value, " is not a number from 1 to ", kHighestLevel));
      }
    } else {
      const std::string word = words.Take();
      if (word == "--") break;
      if (word != "--follow") return Usage(absl::StrCat("record: unknown argument \"", word, "\""));
      options.follow = true;
    }
  }
  while (!words.AtEnd()) options.command.push_back(words.Take());
  if (options.command.empty()) return Usage("record: no program behind \"--\"");
  if (options.output.empty()) options.output = DefaultOutput(options.command[0]);
  return options;
}

absl::StatusOr<int> RunRecord(Words words, const std::string &preload) {
  absl::StatusOr<RecordOptions> options = ParseRecord(std::move(words));
  if (!options.ok()) return options.status();
  options->preload = preload;
  return Record(*options);
}

absl::StatusOr<int> RunInfo(Words words) {
  std::string path;
  std::string format = "text";
  while (!words.AtEnd()) {
    absl::StatusOr<std::string> value = std::string();
    if (words.TakeFlag("--format", &value)) {
      if (!value.ok()) return value.status();
      format = *value;
    } else if (path.empty()) {
      path = words.Take();
    } else {
      return Usage(absl::StrCat("info: one file only, not \"", words.Take(), "\" as well"));
    }
  }
  if (path.empty()) return Usage("info: no FILE");
  if (format != "text" && format != "json") {
    return Usage(absl::StrCat("--format=", format, " is not text or json"));
  }
  absl::StatusOr<TraceReader> reader = TraceReader::Open(path);
  if (!reader.ok()) return reader.status();
  const Summary summary = Summarise(&*reader, kChartColumns);
  const std::string text = format == "json" ? SummaryJson(*reader, summary).dump(1) + "\n"
                                            : SummaryText(*reader, summary);
  if (std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0) {
    return absl::UnavailableError("cannot write to stdout");
  }
  return 0;
}

absl::Status VerifyFile(const std::string &path) {
  absl::StatusOr<TraceReader> reader = TraceReader::Open(path);
  if (!reader.ok()) return reader.status();
  const absl::Status status = Verify(&*reader);
  if (!status.ok()) return absl::DataLossError(absl::StrCat(path, " ", status.message()));
  std::printf("%s: ok: %s events of %zu threads\n", path.c_str(),
              Grouped(reader->event_count()).c_str(), reader->thread_count());
  return absl::OkStatus();
}

absl::StatusOr<int> RunVerify(Words words) {
  if (words.AtEnd()) return Usage("verify: no FILE");
  int exit_status = 0;
  while (!words.AtEnd()) {
    const absl::Status status = VerifyFile(words.Take());
    if (status.ok()) continue;
    std::fprintf(stderr, "loam-trace: %s\n", std::string(status.message()).c_str());
    exit_status = kFailed;
  }
  return exit_status;
}

absl::StatusOr<int> Run(int argc, char **argv) {
  if (argc < 2) return Usage("no command");
  const std::string command = argv[1];
  if (command == "--help" || command == "-h" || command == "help") {
    return std::fputs(kHelp, stdout) < 0 ? kFailed : 0;
  }
  std::string preload;
  if (command == "record") {
    const absl::StatusOr<matrix::Runfiles> runfiles = matrix::Runfiles::Find(argv[0]);
    if (!runfiles.ok()) return runfiles.status();
    const absl::StatusOr<std::string> path =
        runfiles->Path("benchmarks/trace/preload/libloam_trace.so");
    if (!path.ok()) return path.status();
    preload = *path;
  }
  // Where the user stands: bazel run starts programs elsewhere.
  if (const char *folder = std::getenv("BUILD_WORKING_DIRECTORY")) {
    if (chdir(folder) != 0) return absl::NotFoundError(absl::StrCat("cannot go to ", folder));
  }
  Words words(std::vector<std::string>(argv + 2, argv + argc));
  if (command == "record") return RunRecord(std::move(words), preload);
  if (command == "info") return RunInfo(std::move(words));
  if (command == "verify") return RunVerify(std::move(words));
  return Usage(absl::StrCat("unknown command \"", command, "\""));
}

}  // namespace
}  // namespace loam::trace

int main(int argc, char **argv) {
  absl::StatusOr<int> exit_status = 0;
  try {
    exit_status = loam::trace::Run(argc, argv);
  } catch (const std::exception &error) {
    exit_status = absl::InternalError(error.what());
  }
  if (exit_status.ok()) return *exit_status;
  std::fprintf(stderr, "loam-trace: %s\n", std::string(exit_status.status().message()).c_str());
  const bool usage = absl::EndsWith(exit_status.status().message(), "--help");
  return usage ? loam::trace::kUsageError : loam::trace::kFailed;
}
