#include "dashboards/document/limits.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

namespace loam::dashboards {
namespace {

using nlohmann::json;

// Takes what the parser finds; false stops it.
class Counter : public nlohmann::json_sax<json> {
 public:
  bool null() override { return Count(); }
  bool boolean(bool) override { return Count(); }
  bool number_integer(number_integer_t) override { return Count(); }
  bool number_unsigned(number_unsigned_t) override { return Count(); }
  bool number_float(number_float_t, const string_t &) override { return Count(); }
  bool string(string_t &text) override { return IsShort(text) && Count(); }
  bool binary(binary_t &) override { return false; }
  bool key(string_t &text) override { return IsShort(text); }
  bool start_object(std::size_t) override { return Enter(); }
  bool end_object() override { return Leave(); }
  bool start_array(std::size_t) override { return Enter(); }
  bool end_array() override { return Leave(); }

  bool parse_error(std::size_t position, const std::string &,
                   const nlohmann::detail::exception &) override {
    problem_ = absl::StrCat("not JSON: an error at byte ", position);
    return false;
  }

  const std::string &problem() const { return problem_; }

 private:
  bool Count() {
    if (++values_ <= kValuesMax) return true;
    problem_ = absl::StrCat("more than ", kValuesMax, " values");
    return false;
  }

  bool Enter() {
    if (++depth_ <= kDepthMax) return Count();
    problem_ = absl::StrCat("nested more than ", kDepthMax, " deep");
    return false;
  }

  bool Leave() {
    depth_--;
    return true;
  }

  bool IsShort(const std::string &text) {
    if (text.size() <= kStringBytesMax) return true;
    problem_ = absl::StrCat("a string is longer than ", kStringBytesMax, " bytes");
    return false;
  }

  int depth_ = 0;
  int values_ = 0;
  std::string problem_;
};

}  // namespace

absl::Status CheckLimits(absl::string_view text) {
  Counter counter;
  if (json::sax_parse(text.begin(), text.end(), &counter)) return absl::OkStatus();
  return absl::InvalidArgumentError(counter.problem());
}

}  // namespace loam::dashboards
