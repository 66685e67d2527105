#include "dashboards/service/api/values.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

namespace loam::dashboards {
namespace {

bool IsUtf8(const std::string &text) {
  try {
    (void)nlohmann::json(text).dump();
    return true;
  } catch (const nlohmann::json::type_error &) {
    return false;
  }
}

}  // namespace

absl::StatusOr<int64_t> NumberIn(const Request &request, const std::string &name, int64_t otherwise,
                                 int64_t least, int64_t most) {
  const std::string &text = request.Query(name);
  if (text.empty()) return otherwise;
  int64_t number = 0;
  if (absl::SimpleAtoi(text, &number) && number >= least && number <= most) return number;
  return absl::InvalidArgumentError(
      absl::StrCat(name, " is not a number from ", least, " to ", most));
}

absl::StatusOr<std::optional<std::string>> LineIn(const Request &request, const std::string &name) {
  constexpr size_t kBytesMax = 200;
  const std::string &text = request.Query(name);
  if (text.empty()) return std::optional<std::string>();
  if (text.size() > kBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat(name, " is longer than ", kBytesMax, " bytes"));
  }
  const bool has_control =
      std::any_of(text.begin(), text.end(), [](unsigned char c) { return absl::ascii_iscntrl(c); });
  if (has_control || !IsUtf8(text)) {
    return absl::InvalidArgumentError(absl::StrCat(name, " is not a line of UTF-8"));
  }
  return std::optional<std::string>(text);
}

}  // namespace loam::dashboards
