// Runs loam-trace as a user would, and keeps what it said.

#ifndef LOAM_BENCHMARKS_TRACE_TESTING_LOAM_TRACE_H_
#define LOAM_BENCHMARKS_TRACE_TESTING_LOAM_TRACE_H_

#include <string>

#include "nlohmann/json.hpp"

namespace loam::trace {

struct Said {
  int exit_status = 0;
  std::string stdout_text;
  std::string stderr_text;
};

// The path of a file of //benchmarks/trace, as "testing/known_calls".
std::string BuiltFile(const std::string &name);

// A path of that name in the test's own folder.
std::string ScratchPath(const std::string &name);

// `arguments` go through the shell.
Said RunLoamTrace(const std::string &arguments);

// Records known_calls with those arguments into the file, which is then verified;
// fails the test where the program or the check does.
void RecordKnownCalls(const std::string &arguments, const std::string &path,
                      const std::string &options = "");

// `loam-trace info --format=json` of the file.
nlohmann::json Info(const std::string &path);

}  // namespace loam::trace

#endif  // LOAM_BENCHMARKS_TRACE_TESTING_LOAM_TRACE_H_
