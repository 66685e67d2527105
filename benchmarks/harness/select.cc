#include "benchmarks/harness/select.h"

#include <fnmatch.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace loam::matrix {

absl::StatusOr<std::vector<size_t>> Select(const std::vector<std::string> &names,
                                           const std::vector<std::string> &patterns,
                                           const std::string &what) {
  std::vector<bool> chosen(names.size(), patterns.empty());
  for (const std::string &pattern : patterns) {
    bool matched = false;
    for (size_t i = 0; i < names.size(); i++) {
      if (fnmatch(pattern.c_str(), names[i].c_str(), 0) != 0) continue;
      chosen[i] = true;
      matched = true;
    }
    if (!matched) {
      return absl::InvalidArgumentError(absl::StrCat("no ", what, " is called \"", pattern,
                                                     "\"; there are ", absl::StrJoin(names, ", ")));
    }
  }
  std::vector<size_t> indices;
  for (size_t i = 0; i < names.size(); i++) {
    if (chosen[i]) indices.push_back(i);
  }
  return indices;
}

}  // namespace loam::matrix
