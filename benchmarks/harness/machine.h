// The machine and the build, as far as they bear on a measurement.

#ifndef LOAM_BENCHMARKS_HARNESS_MACHINE_H_
#define LOAM_BENCHMARKS_HARNESS_MACHINE_H_

#include <string>

#include "benchmarks/harness/process.h"
#include "nlohmann/json.hpp"

namespace loam::matrix {

// One line of a file, or null if it cannot be read.
nlohmann::ordered_json FirstLine(const std::string &path);

// The value of `key` in a text of "key : value" lines, as /proc/cpuinfo; null
// if it is not there.
nlohmann::ordered_json Field(const std::string &text, const std::string &key);

// The word in brackets of "always [madvise] never"; null if there is none.
nlohmann::ordered_json ChosenWord(const std::string &text);

// A name for this machine that is always the same, tells it from others, and
// says nothing about it: "machine-0123456789ab". Null if it cannot be had.
nlohmann::ordered_json MachineName();

// The context of a result file, what is known of the machine, the build and the
// commit of `workspace` (may be empty). What is not known is null.
nlohmann::ordered_json MachineContext(const ProcessRunner &runner, const std::string &workspace);

}  // namespace loam::matrix

#endif  // LOAM_BENCHMARKS_HARNESS_MACHINE_H_
