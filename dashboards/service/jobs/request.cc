#include "dashboards/service/jobs/request.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace loam::dashboards {
namespace {

using nlohmann::json;

absl::Status Invalid(absl::string_view why) { return absl::InvalidArgumentError(why); }

// A name in a message: never long, and of one line.
std::string Shown(const std::string &name) {
  constexpr size_t kBytesMax = 60;
  std::string shown = name.substr(0, kBytesMax);
  const auto is_control = [](unsigned char c) { return absl::ascii_iscntrl(c); };
  std::replace_if(shown.begin(), shown.end(), is_control, ' ');
  return absl::StrCat("\"", shown, "\"");
}

absl::StatusOr<std::vector<std::string>> ReadNames(const json &names, const char *what,
                                                   const json &offered) {
  if (!names.is_array()) return Invalid(absl::StrCat(what, "s is not a list"));
  std::vector<std::string> chosen;
  for (const json &name : names) {
    if (!name.is_string()) return Invalid(absl::StrCat(what, "s has what is no name"));
    const std::string text = name;
    const auto found = std::find_if(offered.begin(), offered.end(),
                                    [&](const json &one) { return one.at("name") == name; });
    if (found == offered.end()) {
      return Invalid(absl::StrCat("there is no ", what, " called ", Shown(text)));
    }
    const json &problem = found->at("problem");
    if (problem.is_string()) {
      return Invalid(absl::StrCat(text, " cannot run here: ", problem.get<std::string>()));
    }
    if (std::find(chosen.begin(), chosen.end(), text) == chosen.end()) chosen.push_back(text);
  }
  return chosen;
}

absl::StatusOr<int> ReadNumber(const json &value, const char *what, int64_t least, int64_t most) {
  if (value.is_number_integer()) {
    const bool fits = !value.is_number_unsigned() || value.get<uint64_t>() <= INT32_MAX;
    const int64_t number = fits ? value.get<int64_t>() : most + 1;
    if (number >= least && number <= most) return static_cast<int>(number);
  }
  return Invalid(absl::StrCat(what, " is not a number from ", least, " to ", most));
}

absl::Status ReadField(const std::string &key, const json &value, const json &choices,
                       RunRequest *request) {
  if (key == "suite") {
    const json &suites = choices.at("suites");
    if (std::find(suites.begin(), suites.end(), value) == suites.end() || !value.is_string()) {
      return Invalid("there is no such suite");
    }
    request->suite = value;
  } else if (key == "allocators" || key == "workloads") {
    const bool of_allocators = key == "allocators";
    absl::StatusOr<std::vector<std::string>> names =
        ReadNames(value, of_allocators ? "allocator" : "workload", choices.at(key));
    if (!names.ok()) return names.status();
    (of_allocators ? request->allocators : request->workloads) = *std::move(names);
  } else if (key == "threads") {
    if (!value.is_array()) return Invalid("threads is not a list");
    for (const json &one : value) {
      const absl::StatusOr<int> count = ReadNumber(one, "threads", 1, choices.at("threads_max"));
      if (!count.ok()) return count.status();
      request->threads.push_back(*count);
    }
  } else if (key == "rounds") {
    const absl::StatusOr<int> rounds = ReadNumber(value, "rounds", 0, choices.at("rounds_max"));
    if (!rounds.ok()) return rounds.status();
    request->rounds = *rounds;
  } else if (key == "trace") {
    if (!value.is_string()) return Invalid("trace is no id");
    request->trace = value.get<std::string>();
  } else {
    return Invalid(absl::StrCat("a run has no ", Shown(key)));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<RunRequest> ParseRequest(const std::string &text, const json &choices) {
  constexpr int kDepthMax = 4;
  bool is_deep = false;
  const auto watch_depth = [&is_deep](int depth, json::parse_event_t, json &) {
    is_deep = is_deep || depth > kDepthMax;
    return !is_deep;
  };
  const json fields = json::parse(text, watch_depth, false);
  if (is_deep || !fields.is_object()) return Invalid("a request is a JSON object");
  RunRequest request;
  for (const auto &[key, value] : fields.items()) {
    if (value.is_null()) continue;
    const absl::Status read = ReadField(key, value, choices, &request);
    if (!read.ok()) return read;
  }
  constexpr size_t kThreadCountsMax = 16;
  if (request.threads.size() > kThreadCountsMax) {
    return Invalid(absl::StrCat("more than ", kThreadCountsMax, " counts of threads"));
  }
  return request;
}

json RequestToJson(const RunRequest &request) {
  return {
      {"suite", request.suite},         {"allocators", request.allocators},
      {"workloads", request.workloads}, {"threads", request.threads},
      {"rounds", request.rounds},       {"trace", request.trace ? json(*request.trace) : json()}};
}

RunRequest RequestFromJson(const json &json) {
  RunRequest request;
  request.suite = json.at("suite");
  json.at("allocators").get_to(request.allocators);
  json.at("workloads").get_to(request.workloads);
  json.at("threads").get_to(request.threads);
  request.rounds = json.at("rounds");
  if (json.at("trace").is_string()) request.trace = json.at("trace").get<std::string>();
  return request;
}

}  // namespace loam::dashboards
