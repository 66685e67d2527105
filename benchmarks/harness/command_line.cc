#include "benchmarks/harness/command_line.h"

#include <map>

#include "absl/flags/commandlineflag.h"
#include "absl/flags/reflection.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace loam::matrix {
namespace {

constexpr char kFold = '\n';  // between the values of a Repeated, as one text

struct Argument {
  absl::CommandLineFlag *flag = nullptr;
  bool has_value = false;
  std::string value;
};

// "--name=value", "--name" or "--noname".
absl::StatusOr<Argument> ReadFlag(const std::string &text) {
  const std::pair<std::string, std::string> parts = absl::StrSplit(text, absl::MaxSplits('=', 1));
  absl::string_view name = parts.first;
  if (!absl::ConsumePrefix(&name, "--")) absl::ConsumePrefix(&name, "-");
  Argument argument = {absl::FindCommandLineFlag(name), absl::StrContains(text, '='), parts.second};
  if (argument.flag == nullptr && !argument.has_value && absl::ConsumePrefix(&name, "no")) {
    argument = {absl::FindCommandLineFlag(name), true, "false"};
    if (argument.flag != nullptr && !argument.flag->IsOfType<bool>()) argument.flag = nullptr;
  }
  if (argument.flag != nullptr) return argument;
  return absl::InvalidArgumentError(absl::StrCat(text, " is not a flag; see --help"));
}

}  // namespace

bool AbslParseFlag(absl::string_view text, Repeated *repeated, std::string *) {
  repeated->values = absl::StrSplit(text, kFold, absl::SkipEmpty());
  return true;
}

std::string AbslUnparseFlag(const Repeated &repeated) {
  return absl::StrJoin(repeated.values, std::string(1, kFold));
}

absl::StatusOr<std::vector<std::string>> ParseFlags(const std::vector<std::string> &arguments) {
  std::vector<std::string> others;
  for (size_t i = 0; i < arguments.size(); i++) {
    if (!absl::StartsWith(arguments[i], "-") || arguments[i] == "-") {
      others.push_back(arguments[i]);
      continue;
    }
    absl::StatusOr<Argument> read = ReadFlag(arguments[i]);
    if (!read.ok()) return read.status();
    if (!read->has_value && read->flag->IsOfType<bool>()) {
      read->value = "true";
    } else if (!read->has_value) {
      if (i + 1 == arguments.size()) {
        return absl::InvalidArgumentError(absl::StrCat(arguments[i], " lacks its value"));
      }
      read->value = arguments[++i];
    }
    std::string value = read->value;
    if (read->flag->IsOfType<Repeated>()) {
      value = absl::StrCat(read->flag->CurrentValue(), std::string(1, kFold), value);
    }
    std::string error;
    if (!read->flag->ParseFrom(value, &error)) {
      const std::string what = absl::StrCat("--", read->flag->Name(), "=", read->value);
      return absl::InvalidArgumentError(
          absl::StrCat(what, " cannot be understood", error.empty() ? "" : ": ", error));
    }
  }
  return others;
}

std::string DescribeFlags(absl::string_view file) {
  std::map<std::string, const absl::CommandLineFlag *> ours;
  for (const auto &[name, flag] : absl::GetAllFlags()) {
    if (absl::EndsWith(flag->Filename(), file)) ours[std::string(name)] = flag;
  }
  std::string text;
  for (const auto &[name, flag] : ours) {
    const std::string value = flag->DefaultValue();
    absl::StrAppend(&text, "  --", name,
                    value.empty() ? "" : absl::StrCat(" (default ", value, ")"), "\n      ",
                    flag->Help(), "\n");
  }
  return text;
}

}  // namespace loam::matrix
