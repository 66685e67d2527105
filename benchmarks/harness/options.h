// The command line of the matrix.

#ifndef LOAM_BENCHMARKS_HARNESS_OPTIONS_H_
#define LOAM_BENCHMARKS_HARNESS_OPTIONS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "benchmarks/harness/allocators.h"

namespace loam::matrix {

enum class TableFormat { kTerminal, kMarkdown };

enum class Task { kMeasure, kList, kPrint, kCompare, kMerge, kTables };

struct Options {
  Task task = Task::kMeasure;
  std::vector<std::string> files;  // of compare, merge and tables; absolute
  std::string suite;
  std::vector<std::string> allocators;  // patterns; none: all that are installed
  std::vector<std::string> workloads;   // patterns; none: all
  std::vector<NamedLibrary> given_allocators;
  std::vector<std::string> given_traces;  // absolute
  std::string baseline_allocator;
  std::vector<int> threads;
  int rounds = 0;
  int settled_rounds = 0;      // the first of them, which wait for troughs to settle
  int latency_rounds = 0;      // the first of them, which also time each call
  int sampled_rounds = 0;      // the first of them, in which memory over time is read
  int system_call_rounds = 0;  // the first of them, which also count system calls
  uint64_t seed = 0;
  int64_t timeout_ms = 0;
  int shard_index = 0;
  int shard_count = 1;
  bool resume = false;
  bool self_check = false;
  bool fail_on_regression = false;
  bool summary_only = false;
  bool check = false;
  bool all = false;
  std::string out;       // absolute
  std::string print;     // absolute, or empty
  std::string baseline;  // absolute, or empty
  bool report = true;
  std::string upload;      // address of a service, or empty
  std::string label;       // or empty
  std::string token_file;  // absolute, or empty
  bool json = false;
  TableFormat format = TableFormat::kTerminal;
  std::vector<std::string> arguments;  // as given
};

// Parses and checks. Shows the help and exits on --help.
absl::StatusOr<Options> ParseOptions(int argc, char **argv);

}  // namespace loam::matrix

#endif  // LOAM_BENCHMARKS_HARNESS_OPTIONS_H_
