#include "benchmarks/harness/repetition_json.h"

#include <type_traits>

namespace loam::matrix {
namespace {

using Json = nlohmann::ordered_json;

template <typename Struct, typename Named>
constexpr bool kIs = std::is_same_v<std::remove_const_t<Struct>, Named>;

// Calls visit(name, field) for each field of a struct, const or not.
template <typename Struct, typename Visitor>
void VisitFields(Struct *value, const Visitor &visit) {
  if constexpr (kIs<Struct, MemoryPoint>) {
    visit("live_bytes", value->live_bytes);
    visit("rss_bytes", value->rss_bytes);
  } else if constexpr (kIs<Struct, CallLatency>) {
    visit("count", value->count);
    visit("p50_ns", value->p50_ns);
    visit("p90_ns", value->p90_ns);
    visit("p99_ns", value->p99_ns);
    visit("p99_9_ns", value->p99_9_ns);
    visit("p99_99_ns", value->p99_99_ns);
    visit("max_ns", value->max_ns);
  } else if constexpr (kIs<Struct, Latency>) {
    visit("clock_ns", value->clock_ns);
    visit("clock_step_ns", value->clock_step_ns);
    visit("malloc", value->malloc_calls);
    visit("free", value->free_calls);
  } else {
    static_assert(kIs<Struct, Repetition>);
    visit("round", value->round);
    visit("iterations", value->operations);
    visit("work_wall_ns", value->work_wall_ns);
    visit("work_cpu_ns", value->work_cpu_ns);
    visit("process_wall_ns", value->process.wall_ns);
    visit("process_user_ns", value->process.user_ns);
    visit("process_system_ns", value->process.system_ns);
    visit("peak_rss_bytes", value->process.peak_rss_bytes);
    visit("start_rss_bytes", value->start_rss_bytes);
    visit("end_rss_bytes", value->end_rss_bytes);
    visit("trough_rss_bytes", value->trough_rss_bytes);
    visit("trough_live_bytes", value->trough_live_bytes);
    visit("settled_rss_bytes", value->settled_rss_bytes);
    visit("memory_points", value->memory_points);
    visit("latency", value->latency);
    visit("live_peak_bytes", value->live_peak_bytes);
    visit("trace_samples", value->trace_samples);
    visit("minor_faults", value->process.minor_faults);
    visit("major_faults", value->process.major_faults);
    visit("voluntary_context_switches", value->process.voluntary_switches);
    visit("involuntary_context_switches", value->process.involuntary_switches);
    visit("mean_rss_bytes", value->process.mean_rss_bytes);
    visit("rss_samples", value->process.rss_samples);
    visit("cycles", value->process.cycles);
    visit("instructions", value->process.instructions);
    visit("system_calls", value->system_calls);
  }
}

// Members of a class, for then all overloads see one another.
struct Write {
  template <typename T>
  static Json Value(const T &value) {
    if constexpr (std::is_arithmetic_v<T>) {
      return value;
    } else {
      Json json;
      VisitFields(&value,
                  [&json](const char *name, const auto &field) { json[name] = Value(field); });
      return json;
    }
  }

  template <typename T>
  static Json Value(const std::optional<T> &value) {
    return value ? Value(*value) : Json();
  }

  static Json Value(const std::vector<MemoryPoint> &points) {
    Json json = Json::array();
    for (const MemoryPoint &point : points) json.push_back(Value(point));
    return json;
  }

  // There are many, so that the names of their fields would be most of the file.
  static Json Value(const std::vector<TraceSample> &samples) {
    if (samples.empty()) return nullptr;
    Json json = Json::array();
    for (const TraceSample &sample : samples) {
      json.push_back({sample.operation, sample.live_bytes, sample.rss_bytes});
    }
    return json;
  }

  static Json Value(const std::vector<RssSample> &samples) {
    if (samples.empty()) return nullptr;
    Json json = Json::array();
    for (const RssSample &sample : samples) json.push_back({sample.time_ns, sample.rss_bytes});
    return json;
  }

  static Json Value(const std::map<std::string, int64_t> &counts) { return counts; }
};

struct Read {
  template <typename T>
  static void Field(const Json &json, const char *name, T *field) {
    if constexpr (std::is_arithmetic_v<T>) {
      Value(json.at(name), field);
    } else {
      Value(json.value(name, Json()), field);
    }
  }

  template <typename T>
  static void Value(const Json &json, T *value) {
    if constexpr (std::is_arithmetic_v<T>) {
      json.get_to(*value);
    } else {
      VisitFields(value, [&json](const char *name, auto &field) { Field(json, name, &field); });
    }
  }

  template <typename T>
  static void Value(const Json &json, std::optional<T> *value) {
    value->reset();
    if (!json.is_null()) Value(json, &value->emplace());
  }

  static void Value(const Json &json, std::vector<MemoryPoint> *points) {
    points->clear();
    for (const Json &point : json) Value(point, &points->emplace_back());
  }

  static void Value(const Json &json, std::vector<TraceSample> *samples) {
    samples->clear();
    for (const Json &sample : json) samples->push_back({sample.at(0), sample.at(1), sample.at(2)});
  }

  static void Value(const Json &json, std::vector<RssSample> *samples) {
    samples->clear();
    for (const Json &sample : json) samples->push_back({sample.at(0), sample.at(1)});
  }

  static void Value(const Json &json, std::map<std::string, int64_t> *counts) {
    json.get_to(*counts);
  }
};

}  // namespace

Json RepetitionToJson(const Repetition &repetition) { return Write::Value(repetition); }

Repetition RepetitionFromJson(const Json &json) {
  Repetition repetition;
  Read::Value(json, &repetition);
  return repetition;
}

}  // namespace loam::matrix
