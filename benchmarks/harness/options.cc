#include "benchmarks/harness/options.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "benchmarks/harness/command_line.h"

ABSL_FLAG(
    std::string, suite, "quick",
    "quick: 6 rounds, 2 threads, a few minutes; full: 25 rounds, up to 2 threads a processor");
ABSL_FLAG(std::vector<std::string>, allocators, {},
          "which to measure: names or patterns, separated by commas; none: all that are installed");
ABSL_FLAG(std::vector<std::string>, workloads, {},
          "which to run: names or patterns such as micro/*, separated by commas; none: all");
ABSL_FLAG(std::vector<std::string>, threads, {},
          "thread counts of the threaded workloads, separated by commas; none: as the suite says");
ABSL_FLAG(int, rounds, 0, "repetitions of each cell; 0: as the suite says");
ABSL_FLAG(int, settled_rounds, -1,
          "rounds that also wait for troughs of the memory workloads to settle; -1: as the suite "
          "says (quick 0, full 7)");
ABSL_FLAG(int, latency_rounds, -1,
          "rounds that also time each malloc and free of the micro and threaded workloads, in a "
          "process of their own; -1: as the suite says (quick 0, full 3)");
ABSL_FLAG(int, system_call_rounds, -1,
          "rounds that also count system calls, in a process under strace; -1: as the suite says "
          "(quick 0, full 1)");
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
ABSL_FLAG(bool, resume, false,
          "go on with the run to --out that was interrupted or killed, by its journal beside it");
ABSL_FLAG(
    bool, self_check, false,
    "measure --baseline_allocator under two names: fails where it differs from itself in more "
    "than 1 % of the comparisons (one is allowed)");
ABSL_FLAG(std::string, baseline, "", "a result file to compare with when the run has ended");
ABSL_FLAG(bool, report, true, "write an HTML report beside the result file, and print its path");
ABSL_FLAG(std::string, upload, "",
          "the address of a result service, http://127.0.0.1:7117 for example, that the result is "
          "sent to when the run has ended");
ABSL_FLAG(std::string, label, "", "with --upload: what the service calls the run");
ABSL_FLAG(std::string, token_file, "",
          "with --upload: a file with the token that the service asks for; none: $LOAM_TOKEN");
ABSL_FLAG(bool, fail_on_regression, false,
          "with compare or --baseline: exit with 1 where any cell is worse");
ABSL_FLAG(int, shard_index, 0, "which of the shards of a run to measure, from 0");
ABSL_FLAG(int, shard_count, 1, "in how many shards a run is measured: see merge");
ABSL_FLAG(bool, summary_only, false,
          "with merge: leave the repetitions out, for a file to keep beside a document");
ABSL_FLAG(bool, check, false, "with tables: change nothing, exit with 1 if a table is out of date");
ABSL_FLAG(bool, all, false,
          "with compare: list the cells that do not differ too; with --print: also tables of page "
          "faults, context switches, system calls and processor counters");
ABSL_FLAG(bool, list, false, "list allocators and workloads, measure nothing");
ABSL_FLAG(bool, json, false, "with --list: as JSON");
ABSL_FLAG(std::string, print, "", "print the tables of a result file, measure nothing");
ABSL_FLAG(std::string, format, "terminal", "how --print prints: terminal or markdown");

namespace loam::matrix {
namespace {

struct Suite {
  int rounds;
  int settled_rounds;
  int latency_rounds;
  int sampled_rounds;
  int system_call_rounds;
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
  if (name == "quick") return Suite{6, 0, 0, 2, 0, {2}};
  if (name == "full") return Suite{25, 7, 3, 14, 1, ThreadsOfFullSuite()};
  return absl::InvalidArgumentError(absl::StrCat("--suite=", name, " is not quick or full"));
}

[[noreturn]] void ShowHelp() {
  std::printf(
      "Measures memory allocators over the same work and says which is best, by how much,\n"
      "and whether the difference can be told from chance.\n\n"
      "  matrix [FLAG...]                    measure\n"
      "  matrix compare BEFORE AFTER         what is faster or slower in the second result\n"
      "  matrix merge OUT SHARD...           one result of the shards of a run\n"
      "  matrix tables DOCUMENT...           renew the tables in documents\n\n"
      "Exit status: 0; 1 for a regression that was asked for, a self-check that failed, a\n"
      "document that is not up to date, an interrupt; 2 for an error.\n\n%s",
      DescribeFlags("harness/options.cc").c_str());
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
  options->sampled_rounds = suite->sampled_rounds;
  struct RoundsOfSuite {
    const char *name;
    int given;
    int of_suite;
    int *rounds;
  };
  for (const RoundsOfSuite &some :
       {RoundsOfSuite{"settled_rounds", absl::GetFlag(FLAGS_settled_rounds), suite->settled_rounds,
                      &options->settled_rounds},
        RoundsOfSuite{"latency_rounds", absl::GetFlag(FLAGS_latency_rounds), suite->latency_rounds,
                      &options->latency_rounds},
        RoundsOfSuite{"system_call_rounds", absl::GetFlag(FLAGS_system_call_rounds),
                      suite->system_call_rounds, &options->system_call_rounds}}) {
    if (some.given < -1 || some.given > kMostRounds) {
      return absl::InvalidArgumentError(absl::StrCat("--", some.name, "=", some.given,
                                                     " is not a number from 0 to ", kMostRounds));
    }
    *some.rounds = some.given == -1 ? some.of_suite : some.given;
  }
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

absl::Status ReadShard(Options *options) {
  constexpr int kMost = 10'000;
  options->shard_index = absl::GetFlag(FLAGS_shard_index);
  options->shard_count = absl::GetFlag(FLAGS_shard_count);
  if (options->shard_count < 1 || options->shard_count > kMost) {
    return absl::InvalidArgumentError(
        absl::StrCat("--shard_count=", options->shard_count, " is not a number from 1 to ", kMost));
  }
  if (options->shard_index < 0 || options->shard_index >= options->shard_count) {
    return absl::InvalidArgumentError(absl::StrCat("--shard_index=", options->shard_index,
                                                   " is not a number from 0 to ",
                                                   options->shard_count - 1));
  }
  return absl::OkStatus();
}

// "compare A B" and the like; `words` is what is no flag.
absl::Status ReadTask(const std::vector<std::string> &words, Options *options) {
  struct TaskWords {
    const char *name;
    Task task;
    size_t fewest_files;
    size_t most_files;
    const char *usage;
  };
  constexpr size_t kAny = 1'000'000;
  static constexpr TaskWords kTasks[] = {
      {"compare", Task::kCompare, 2, 2, "compare BEFORE.json AFTER.json"},
      {"merge", Task::kMerge, 2, kAny, "merge OUT.json SHARD.json..."},
      {"tables", Task::kTables, 1, kAny, "tables DOCUMENT.md..."},
  };
  if (words.empty()) {
    if (absl::GetFlag(FLAGS_list)) options->task = Task::kList;
    if (!absl::GetFlag(FLAGS_print).empty()) options->task = Task::kPrint;
    return absl::OkStatus();
  }
  for (const TaskWords &known : kTasks) {
    if (words[0] != known.name) continue;
    options->task = known.task;
    for (size_t i = 1; i < words.size(); i++) options->files.push_back(FromUsersFolder(words[i]));
    if (options->files.size() >= known.fewest_files && options->files.size() <= known.most_files) {
      return absl::OkStatus();
    }
    return absl::InvalidArgumentError(absl::StrCat("usage: matrix ", known.usage));
  }
  return absl::InvalidArgumentError(
      absl::StrCat("\"", words[0], "\" is not a flag or a command; see --help"));
}

absl::Status CheckTogether(const Options &options) {
  if (options.resume && absl::GetFlag(FLAGS_out).empty()) {
    return absl::InvalidArgumentError("--resume needs --out: which run is to go on?");
  }
  if (options.self_check && !(options.allocators.empty() && options.given_allocators.empty())) {
    return absl::InvalidArgumentError(
        "--self_check measures --baseline_allocator alone: no --allocators, no --allocator");
  }
  const bool compares = options.task == Task::kCompare || !options.baseline.empty();
  if (options.fail_on_regression && !compares) {
    return absl::InvalidArgumentError("--fail_on_regression needs compare or --baseline");
  }
  return absl::OkStatus();
}

std::string FromUsersFolderIfAny(const std::string &path) {
  return path.empty() ? path : FromUsersFolder(path);
}

}  // namespace

absl::StatusOr<Options> ParseOptions(int argc, char **argv) {
  Options options;
  options.arguments.assign(argv + 1, argv + argc);
  for (const std::string &argument : options.arguments) {
    if (argument == "--help" || argument == "-help" || argument == "-h") ShowHelp();
  }
  const absl::StatusOr<std::vector<std::string>> words = ParseFlags(options.arguments);
  if (!words.ok()) return words.status();
  options.suite = absl::GetFlag(FLAGS_suite);
  options.allocators = absl::GetFlag(FLAGS_allocators);
  options.workloads = absl::GetFlag(FLAGS_workloads);
  options.baseline_allocator = absl::GetFlag(FLAGS_baseline_allocator);
  options.seed = absl::GetFlag(FLAGS_seed);
  options.resume = absl::GetFlag(FLAGS_resume);
  options.self_check = absl::GetFlag(FLAGS_self_check);
  options.fail_on_regression = absl::GetFlag(FLAGS_fail_on_regression);
  options.summary_only = absl::GetFlag(FLAGS_summary_only);
  options.all = absl::GetFlag(FLAGS_all);
  options.check = absl::GetFlag(FLAGS_check);
  const std::string out = absl::GetFlag(FLAGS_out);
  options.out = FromUsersFolder(out.empty() ? DefaultOut() : out);
  options.print = FromUsersFolderIfAny(absl::GetFlag(FLAGS_print));
  options.baseline = FromUsersFolderIfAny(absl::GetFlag(FLAGS_baseline));
  options.report = absl::GetFlag(FLAGS_report);
  options.upload = absl::GetFlag(FLAGS_upload);
  options.label = absl::GetFlag(FLAGS_label);
  options.token_file = FromUsersFolderIfAny(absl::GetFlag(FLAGS_token_file));
  options.json = absl::GetFlag(FLAGS_json);
  absl::Status status = ReadTask(*words, &options);
  for (const auto read :
       {ReadNumbers, ReadFormat, ReadGivenAllocators, ReadGivenTraces, ReadShard}) {
    if (status.ok()) status = read(&options);
  }
  if (status.ok()) status = CheckTogether(options);
  if (!status.ok()) return status;
  return options;
}

}  // namespace loam::matrix
