#include "benchmarks/harness/options.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <thread>

#include "absl/flags/flag.h"
#include "absl/flags/marshalling.h"
#include "absl/flags/parse.h"
#include "absl/flags/reflection.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace loam::matrix {

// A flag that may be given more than once. Abseil keeps the last value only,
// so FoldRepeated joins them first.
struct Repeated {
  std::vector<std::string> values;
};

constexpr char kFold = '\n';

bool AbslParseFlag(absl::string_view text, Repeated *repeated, std::string *) {
  repeated->values = absl::StrSplit(text, kFold, absl::SkipEmpty());
  return true;
}

std::string AbslUnparseFlag(const Repeated &repeated) {
  return absl::StrJoin(repeated.values, std::string(1, kFold));
}

}  // namespace loam::matrix

ABSL_FLAG(std::string, suite, "quick", "quick: a few minutes; full: more rounds and threads");
ABSL_FLAG(std::vector<std::string>, allocators, {},
          "which to measure: names or patterns, separated by commas; none: all that are installed");
ABSL_FLAG(std::vector<std::string>, workloads, {},
          "which to run: names or patterns such as micro/*, separated by commas; none: all");
ABSL_FLAG(std::vector<std::string>, threads, {},
          "thread counts of the threaded workloads, separated by commas; none: as the suite says");
ABSL_FLAG(int, rounds, 0, "repetitions of each cell; 0: as the suite says");
ABSL_FLAG(int, latency_rounds, -1,
          "rounds that also time each malloc and free of the micro and threaded workloads, in a "
          "process of their own; -1: as the suite says (quick 0, full 3)");
ABSL_FLAG(std::string, out, "",
          "the result file; none: loam-matrix-<date>-<time>.json in the folder you are in");
ABSL_FLAG(std::string, baseline_allocator, "glibc", "the one that all others are compared with");
ABSL_FLAG(uint64_t, seed, 1, "decides the work and the order of the cells");
ABSL_FLAG(double, timeout_s, 60, "a repetition that takes longer is stopped, its cell marked");
ABSL_FLAG(loam::matrix::Repeated, allocator, {},
          "NAME=/path/to/library.so: one more allocator to measure; may be repeated");
ABSL_FLAG(loam::matrix::Repeated, trace, {},
          "a file of loam-trace, to be replayed as trace/NAME; may be repeated; without "
          "--workloads, these alone are run");
ABSL_FLAG(bool, list, false, "list allocators and workloads, measure nothing");
ABSL_FLAG(std::string, print, "", "print the tables of a result file, measure nothing");
ABSL_FLAG(std::string, format, "terminal", "how --print prints: terminal or markdown");

namespace loam::matrix {
namespace {

struct Suite {
  int rounds;
  int settled_rounds;
  int latency_rounds;
  std::vector<int> threads;
};

// 1, 2, 4 ... up to twice the processors.
std::vector<int> ThreadsOfFullSuite() {
  const int most = 2 * static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  std::vector<int> threads;
  for (int count = 1; count < most; count *= 2) threads.push_back(count);
  threads.push_back(most);
  return threads;
}

absl::StatusOr<Suite> FindSuite(const std::string &name) {
  if (name == "quick") return Suite{7, 1, 0, {1, 2, 4}};
  if (name == "full") return Suite{25, 7, 3, ThreadsOfFullSuite()};
  return absl::InvalidArgumentError(absl::StrCat("--suite=", name, " is not quick or full"));
}

// "--allocator=A --allocator B" becomes one flag with both values; `flag` is the
// name without dashes.
std::vector<std::string> FoldRepeated(const std::vector<std::string> &arguments,
                                      const std::string &flag) {
  std::vector<std::string> kept;
  std::string folded;
  for (size_t i = 0; i < arguments.size(); i++) {
    const std::string name = arguments[i].substr(0, arguments[i].find('='));
    if (name != "--" + flag && name != "-" + flag) {
      kept.push_back(arguments[i]);
    } else if (name != arguments[i]) {
      absl::StrAppend(&folded, arguments[i].substr(name.size() + 1), std::string(1, kFold));
    } else if (i + 1 < arguments.size()) {
      absl::StrAppend(&folded, arguments[++i], std::string(1, kFold));
    } else {
      kept.push_back(arguments[i]);  // without a value: Abseil says so
    }
  }
  if (!folded.empty()) kept.push_back(absl::StrCat("--", flag, "=", folded));
  return kept;
}

[[noreturn]] void ShowHelp() {
  std::printf(
      "Measures memory allocators over the same work and says which is best, by how much,\n"
      "and whether the difference can be told from chance.\n\n"
      "  bazel run //benchmarks:matrix [-- FLAG...]\n\n");
  std::map<std::string, const absl::CommandLineFlag *> ours;
  for (const auto &[name, flag] : absl::GetAllFlags()) {
    if (absl::EndsWith(flag->Filename(), "harness/options.cc")) ours[std::string(name)] = flag;
  }
  for (const auto &[name, flag] : ours) {
    const std::string value = flag->DefaultValue();
    std::printf("  --%s%s\n      %s\n", name.c_str(),
                value.empty() ? "" : absl::StrCat(" (default ", value, ")").c_str(),
                flag->Help().c_str());
  }
  std::exit(0);
}

// Where the user stands: bazel run starts programs elsewhere.
std::string FromUsersFolder(const std::string &path) {
  const char *folder = std::getenv("BUILD_WORKING_DIRECTORY");
  const std::filesystem::path base =
      folder == nullptr ? std::filesystem::current_path() : std::filesystem::path(folder);
  return (base / path).lexically_normal().string();
}

std::string DefaultOut() {
  return absl::FormatTime("loam-matrix-%Y%m%d-%H%M%S.json", absl::Now(), absl::LocalTimeZone());
}

absl::StatusOr<std::vector<int>> ParseThreads(const std::vector<std::string> &words) {
  constexpr int kMost = 1024;  // as the cell takes
  std::vector<int> threads;
  for (const std::string &word : words) {
    int count = 0;
    if (!absl::SimpleAtoi(word, &count) || count < 1 || count > kMost) {
      return absl::InvalidArgumentError(
          absl::StrCat("--threads: \"", word, "\" is not a number from 1 to ", kMost));
    }
    if (std::find(threads.begin(), threads.end(), count) == threads.end()) threads.push_back(count);
  }
  return threads;
}

absl::Status ReadNumbers(Options *options) {
  constexpr int kMostRounds = 10'000;
  constexpr double kLongestTimeoutS = 86'400;
  const absl::StatusOr<Suite> suite = FindSuite(options->suite);
  if (!suite.ok()) return suite.status();
  const int rounds = absl::GetFlag(FLAGS_rounds);
  if (rounds < 0 || rounds > kMostRounds) {
    return absl::InvalidArgumentError(
        absl::StrCat("--rounds=", rounds, " is not a number from 1 to ", kMostRounds));
  }
  options->rounds = rounds == 0 ? suite->rounds : rounds;
  options->settled_rounds = suite->settled_rounds;
  const int latency_rounds = absl::GetFlag(FLAGS_latency_rounds);
  if (latency_rounds < -1 || latency_rounds > kMostRounds) {
    return absl::InvalidArgumentError(absl::StrCat("--latency_rounds=", latency_rounds,
                                                   " is not a number from 0 to ", kMostRounds));
  }
  options->latency_rounds = latency_rounds == -1 ? suite->latency_rounds : latency_rounds;
  const absl::StatusOr<std::vector<int>> threads = ParseThreads(absl::GetFlag(FLAGS_threads));
  if (!threads.ok()) return threads.status();
  options->threads = threads->empty() ? suite->threads : *threads;
  const double timeout_s = absl::GetFlag(FLAGS_timeout_s);
  if (!(timeout_s >= 0.001 && timeout_s <= kLongestTimeoutS)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--timeout_s=", timeout_s, " is not a number of seconds from 0.001 to ", kLongestTimeoutS));
  }
  options->timeout_ms = static_cast<int64_t>(timeout_s * 1000);
  return absl::OkStatus();
}

absl::Status ReadFormat(Options *options) {
  const std::string format = absl::GetFlag(FLAGS_format);
  if (format != "terminal" && format != "markdown") {
    return absl::InvalidArgumentError(
        absl::StrCat("--format=", format, " is not terminal or markdown"));
  }
  options->format = format == "markdown" ? TableFormat::kMarkdown : TableFormat::kTerminal;
  return absl::OkStatus();
}

absl::Status ReadGivenAllocators(Options *options) {
  for (const std::string &text : absl::GetFlag(FLAGS_allocator).values) {
    const size_t path = text.find('=') + 1;
    const absl::StatusOr<NamedLibrary> given = ParseGivenAllocator(
        path == 0 ? text : absl::StrCat(text.substr(0, path), FromUsersFolder(text.substr(path))));
    if (!given.ok()) return given.status();
    options->given_allocators.push_back(*given);
  }
  return absl::OkStatus();
}

absl::Status ReadGivenTraces(Options *options) {
  for (const std::string &path : absl::GetFlag(FLAGS_trace).values) {
    options->given_traces.push_back(FromUsersFolder(path));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Options> ParseOptions(int argc, char **argv) {
  Options options;
  options.arguments.assign(argv + 1, argv + argc);
  for (const std::string &argument : options.arguments) {
    if (argument == "--help" || argument == "-help" || argument == "-h") ShowHelp();
  }
  std::vector<std::string> words =
      FoldRepeated(FoldRepeated(options.arguments, "allocator"), "trace");
  words.insert(words.begin(), argv[0]);
  std::vector<char *> pointers;
  for (std::string &word : words) pointers.push_back(word.data());
  const std::vector<char *> rest =
      absl::ParseCommandLine(static_cast<int>(pointers.size()), pointers.data());
  if (rest.size() > 1) {
    return absl::InvalidArgumentError(absl::StrCat("\"", rest[1], "\" is not a flag; see --help"));
  }
  options.suite = absl::GetFlag(FLAGS_suite);
  options.allocators = absl::GetFlag(FLAGS_allocators);
  options.workloads = absl::GetFlag(FLAGS_workloads);
  options.baseline_allocator = absl::GetFlag(FLAGS_baseline_allocator);
  options.seed = absl::GetFlag(FLAGS_seed);
  options.list = absl::GetFlag(FLAGS_list);
  const std::string out = absl::GetFlag(FLAGS_out);
  options.out = FromUsersFolder(out.empty() ? DefaultOut() : out);
  const std::string print = absl::GetFlag(FLAGS_print);
  if (!print.empty()) options.print = FromUsersFolder(print);
  for (const auto read : {ReadNumbers, ReadFormat, ReadGivenAllocators, ReadGivenTraces}) {
    const absl::Status status = read(&options);
    if (!status.ok()) return status;
  }
  return options;
}

}  // namespace loam::matrix
