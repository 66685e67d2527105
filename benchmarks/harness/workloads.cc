#include "benchmarks/harness/workloads.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "nlohmann/json.hpp"

namespace loam::matrix {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int64_t kListTimeoutMs = 10'000;

// An ELF file. A script would put its interpreter under the allocator too, and
// time that.
bool IsBinary(const fs::path &path) {
  char magic[4] = {};
  std::ifstream file(path, std::ios::binary);
  file.read(magic, sizeof magic);
  return file && absl::string_view(magic, sizeof magic) ==
                     "\x7f"
                     "ELF";
}

// The program of that name: the distribution's own before others, so that the
// same machine measures the same program whoever asks.
std::string FindProgram(const std::string &name) {
  const char *path = std::getenv("PATH");
  for (absl::string_view folder :
       absl::StrSplit(absl::StrCat("/usr/bin:/bin:", path == nullptr ? "" : path), ':')) {
    const fs::path candidate = fs::path(std::string(folder)) / name;
    if (access(candidate.c_str(), X_OK) == 0 && IsBinary(candidate)) return candidate.string();
  }
  return "";
}

std::vector<std::string> Words(const json &entry, const char *key) {
  return entry.value(key, std::vector<std::string>());
}

// The command with its program's path, and {folder} and {measured} filled in.
std::vector<std::string> ReadCommand(const std::vector<std::string> &words,
                                     const std::string &folder, const std::string &measured) {
  std::vector<std::string> command;
  for (const std::string &word : words) {
    command.push_back(absl::StrReplaceAll(word, {{"{folder}", folder}, {"{measured}", measured}}));
  }
  if (!command.empty()) command[0] = FindProgram(words[0]);
  return command;
}

// "not installed: ...", or empty.
std::string WhatIsMissing(const json &entry, const std::string &measured) {
  std::vector<std::string> names = Words(entry, "needs");
  names.push_back(measured);
  for (const char *key : {"command", "setup"}) {
    const std::vector<std::string> words = Words(entry, key);
    if (!words.empty()) names.push_back(words[0]);
  }
  std::set<std::string> missing;
  for (const std::string &name : names) {
    if (FindProgram(name).empty()) missing.insert(name);
  }
  if (missing.empty()) return "";
  return absl::StrCat("not installed: ", absl::StrJoin(missing, ", "),
                      " (Debian: ", entry.at("package").get<std::string>(), ")");
}

Workload ProgramWorkload(const json &entry, const std::string &folder) {
  Workload workload;
  workload.name = entry.at("name");
  workload.stresses = entry.at("stresses");
  workload.stands_for = entry.at("stands_for");
  const std::vector<std::string> command = Words(entry, "command");
  const std::string measured = entry.value("measured", command.at(0));
  workload.problem = WhatIsMissing(entry, measured);
  Program program;
  program.measured = FindProgram(measured);
  program.command = ReadCommand(command, folder, program.measured);
  program.told = ReadCommand(command, "{folder}", program.measured);
  program.setup = ReadCommand(Words(entry, "setup"), folder, program.measured);
  program.environment = Words(entry, "environment");
  program.stdin_path = absl::StrReplaceAll(entry.value("stdin", ""), {{"{folder}", folder}});
  workload.program = program;
  return workload;
}

}  // namespace

absl::StatusOr<std::vector<Workload>> CellWorkloads(const ProcessRunner &runner,
                                                    const std::string &cell) {
  Command command;
  command.words = {cell, "--list"};
  command.wants_stdout = true;
  command.timeout_ms = kListTimeoutMs;
  absl::StatusOr<Ending> ending = runner.Run(command);
  if (!ending.ok()) return ending.status();
  if (ending->kind != Ending::Kind::kDone) {
    return absl::InternalError(absl::StrCat("the cell gives no list: ", ending->message));
  }
  std::vector<Workload> workloads;
  for (absl::string_view line : absl::StrSplit(ending->stdout_text, '\n', absl::SkipEmpty())) {
    const json entry = json::parse(line);
    Workload workload;
    workload.name = entry.at("name");
    workload.stresses = entry.at("stresses");
    workload.stands_for = entry.at("stands_for");
    workload.threaded = entry.at("threaded");
    workload.one_way = entry.at("one_way");
    workloads.push_back(workload);
  }
  return workloads;
}

absl::StatusOr<std::vector<Workload>> ProgramWorkloads(const std::string &table_path) {
  std::ifstream file(table_path);
  const json table = json::parse(file, nullptr, false);
  if (!table.is_object()) {
    return absl::InvalidArgumentError(absl::StrCat(table_path, " is not a table of programs"));
  }
  const std::string folder = fs::path(table_path).parent_path().string();
  std::vector<Workload> workloads;
  for (const json &entry : table.at("programs")) {
    workloads.push_back(ProgramWorkload(entry, folder));
  }
  return workloads;
}

}  // namespace loam::matrix
