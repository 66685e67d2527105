// Reading Abseil's flags so that whatever is wrong is a status, in one line, and
// the exit code ours. absl::ParseCommandLine would exit by itself.

#ifndef LOAM_BENCHMARKS_HARNESS_COMMAND_LINE_H_
#define LOAM_BENCHMARKS_HARNESS_COMMAND_LINE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace loam::matrix {

// The type of a flag that may be given more than once.
struct Repeated {
  std::vector<std::string> values;
};

bool AbslParseFlag(absl::string_view text, Repeated *repeated, std::string *error);
std::string AbslUnparseFlag(const Repeated &repeated);

// Sets the flags: --name=value, --name value, --yes_or_no, --noyes_or_no. What
// is not a flag is returned, in order.
absl::StatusOr<std::vector<std::string>> ParseFlags(const std::vector<std::string> &arguments);

// Every flag that a source whose path ends in `file` defines, as help text.
std::string DescribeFlags(absl::string_view file);

}  // namespace loam::matrix

#endif  // LOAM_BENCHMARKS_HARNESS_COMMAND_LINE_H_
