#include "benchmarks/harness/system_calls.h"

#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace loam::matrix {

absl::StatusOr<std::string> FindStrace(const ProcessRunner &runner) {
  constexpr int64_t kTimeoutMs = 10'000;
  const std::string strace = "strace";
  Command command;
  command.words = {"true"};
  command.strace = strace;
  command.timeout_ms = kTimeoutMs;
  const absl::StatusOr<Ending> ending = runner.Run(command);
  if (!ending.ok()) return ending.status();
  if (ending->kind != Ending::Kind::kDone) {
    return absl::UnavailableError(absl::StrCat("strace ", ending->message));
  }
  const absl::Status read = ReadStraceSummary(ending->system_calls_text).status();
  if (!read.ok()) return read;
  return strace;
}

absl::StatusOr<std::map<std::string, int64_t>> ReadStraceSummary(const std::string &text) {
  std::map<std::string, int64_t> counts;
  int64_t sum = 0;
  int64_t total = -1;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    const std::vector<std::string> words = absl::StrSplit(line, ' ', absl::SkipEmpty());
    int64_t calls = 0;
    if (words.size() != 2 || !absl::SimpleAtoi(words[1], &calls)) continue;  // head and rules
    if (words[0] == "total") {
      total = calls;
      continue;
    }
    counts[words[0]] += calls;
    sum += calls;
  }
  if (total < 0 || sum != total) return absl::DataLossError("strace gave no summary");
  return counts;
}

}  // namespace loam::matrix
