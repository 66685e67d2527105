#include "benchmarks/harness/repetition_json.h"

#include <gtest/gtest.h>

#include <tuple>

namespace loam::matrix {

// Does not compile when a field is added: then All has to learn it too.
static auto Fields(const MemoryPoint &point) {
  const auto &[live_bytes, rss_bytes] = point;
  return std::tie(live_bytes, rss_bytes);
}

static auto Fields(const TraceSample &sample) {
  const auto &[operation, live_bytes, rss_bytes] = sample;
  return std::tie(operation, live_bytes, rss_bytes);
}

static auto Fields(const RssSample &sample) {
  const auto &[time, rss_bytes] = sample;
  return std::tie(time, rss_bytes);
}

static auto Fields(const CallLatency &call) {
  const auto &[count, p50, p90, p99, p99_9, p99_99, max] = call;
  return std::tie(count, p50, p90, p99, p99_9, p99_99, max);
}

static auto Fields(const Latency &latency) {
  const auto &[clock, step, malloc_calls, free_calls] = latency;
  return std::tie(clock, step, malloc_calls, free_calls);
}

static auto Fields(const Usage &usage) {
  const auto &[wall, user, system, peak, minor, major, voluntary, involuntary, cycles, instructions,
               mean_rss, samples] = usage;
  return std::tie(wall, user, system, peak, minor, major, voluntary, involuntary, cycles,
                  instructions, mean_rss, samples);
}

static auto Fields(const Repetition &repetition) {
  const auto &[round, operations, wall, cpu, live_peak, trough_rss, trough_live, settled, start,
               end, points, samples, latency, system_calls, process] = repetition;
  return std::tie(round, operations, wall, cpu, live_peak, trough_rss, trough_live, settled, start,
                  end, points, samples, latency, system_calls, process);
}

template <typename Struct, typename = decltype(Fields(std::declval<const Struct &>()))>
static bool operator==(const Struct &a, const Struct &b) {
  return Fields(a) == Fields(b);
}

namespace {

using Json = nlohmann::ordered_json;

// Every field has a value of its own, so that none is mistaken or left out.
Repetition All() {
  Repetition all;
  all.round = 1;
  all.operations = 2;
  all.work_wall_ns = 3'000'000'000'000;
  all.work_cpu_ns = 4;
  all.live_peak_bytes = 5;
  all.trough_rss_bytes = 6;
  all.trough_live_bytes = 7;
  all.settled_rss_bytes = 8;
  all.start_rss_bytes = 9;
  all.end_rss_bytes = 10;
  all.memory_points = {{11, 12}, {13, 14}};
  all.trace_samples = {{15, 16, 17}, {18, 19, 20}};
  all.latency = {0.1, 0.2, CallLatency{21, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8},
                 CallLatency{22, 1.3, 1.4, 1.5, 1.6, 1.7, 1e9 / 3}};
  all.system_calls = {{"madvise", 23}, {"mmap", 24}};
  all.process = {31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, {{42, 43}, {44, 45}}};
  return all;
}

TEST(RepetitionJsonTest, ComesBackAsItWas) {
  const Json json = RepetitionToJson(All());
  EXPECT_TRUE(RepetitionFromJson(json) == All());
  // And from text, which is how files and journals have it.
  EXPECT_TRUE(RepetitionFromJson(Json::parse(json.dump())) == All());
}

TEST(RepetitionJsonTest, WhatWasNotMeasuredIsNullAndStaysSo) {
  const Json json = RepetitionToJson(Repetition());
  EXPECT_TRUE(json.at("trough_rss_bytes").is_null());
  EXPECT_TRUE(json.at("latency").is_null());
  EXPECT_TRUE(json.at("trace_samples").is_null());
  EXPECT_TRUE(RepetitionFromJson(json) == Repetition());
  Repetition only_free = All();
  only_free.latency->malloc_calls.reset();
  EXPECT_TRUE(RepetitionToJson(only_free).at("latency").at("malloc").is_null());
  EXPECT_TRUE(RepetitionFromJson(RepetitionToJson(only_free)) == only_free);
}

TEST(RepetitionJsonTest, FilesFromBeforeThereWasAFieldAreRead) {
  Json json = RepetitionToJson(All());
  for (const char *younger :
       {"settled_rss_bytes", "memory_points", "latency", "trace_samples", "mean_rss_bytes",
        "rss_samples", "cycles", "instructions", "system_calls"}) {
    ASSERT_EQ(json.erase(younger), 1u);
  }
  Repetition expected = All();
  expected.settled_rss_bytes.reset();
  expected.memory_points.clear();
  expected.latency.reset();
  expected.trace_samples.clear();
  expected.system_calls.reset();
  expected.process.cycles.reset();
  expected.process.instructions.reset();
  expected.process.mean_rss_bytes.reset();
  expected.process.rss_samples.clear();
  EXPECT_TRUE(RepetitionFromJson(json) == expected);
}

TEST(RepetitionJsonTest, AMissingFieldIsAnError) {
  Json json = RepetitionToJson(All());
  json.erase("minor_faults");
  EXPECT_ANY_THROW(RepetitionFromJson(json));
  json["minor_faults"] = "many";
  EXPECT_ANY_THROW(RepetitionFromJson(json));
  Json no_quantile = RepetitionToJson(All());
  no_quantile["latency"]["free"].erase("p99_ns");
  EXPECT_ANY_THROW(RepetitionFromJson(no_quantile));
}

}  // namespace
}  // namespace loam::matrix
