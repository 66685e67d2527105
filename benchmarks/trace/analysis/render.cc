// How a summary is shown: as JSON, and as text.

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "benchmarks/trace/analysis/chart.h"
#include "benchmarks/trace/analysis/summary.h"
#include "benchmarks/trace/analysis/units.h"

namespace loam::trace {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kChartRows = 8;
constexpr size_t kBarWidth = 40;
constexpr size_t kShownThreads = 20;

// Where element i of a LogHistogram begins.
uint64_t LowerBound(size_t i) { return i == 0 ? 0 : uint64_t{1} << (i - 1); }

Json HistogramJson(const LogHistogram &histogram) {
  Json json = Json::array();
  for (size_t i = 0; i < histogram.size(); i++) {
    if (histogram[i] != 0) json.push_back({{"from", LowerBound(i)}, {"count", histogram[i]}});
  }
  return json;
}

std::string HistogramText(const LogHistogram &histogram, std::string (*show)(uint64_t)) {
  const uint64_t most = *std::max_element(histogram.begin(), histogram.end());
  std::string text;
  for (size_t i = 0; i < histogram.size(); i++) {
    if (histogram[i] == 0) continue;
    absl::StrAppendFormat(&text, "  from %9s %15s  %s\n", show(LowerBound(i)),
                          Grouped(histogram[i]), Bar(histogram[i], most, kBarWidth));
  }
  return text;
}

std::string ChartText(const Summary &summary) {
  std::string text = absl::StrCat("live bytes over time (top: ", Bytes(summary.peak_live_bytes),
                                  "; width: ", Duration(summary.duration_ns), ")\n");
  const std::string picture = Columns(summary.live_bytes_over_time, kChartRows);
  for (absl::string_view line : absl::StrSplit(picture, '\n', absl::SkipEmpty())) {
    absl::StrAppend(&text, "  |", line, "\n");
  }
  const std::string rule(summary.live_bytes_over_time.size(), '-');
  return absl::StrCat(text, "  +", rule, "\n");
}

std::string ThreadsText(const Summary &summary) {
  std::string text = "threads              events      from        to\n";
  for (size_t i = 0; i < std::min(summary.threads.size(), kShownThreads); i++) {
    const ThreadSummary &thread = summary.threads[i];
    absl::StrAppendFormat(&text, "  %-6d %18s %9s %9s\n", i, Grouped(thread.events),
                          Duration(thread.first_ns), Duration(thread.last_ns));
  }
  if (summary.threads.size() > kShownThreads) {
    absl::StrAppend(&text, "  and ", summary.threads.size() - kShownThreads,
                    " more (--format=json lists all)\n");
  }
  return text;
}

// The header comes from a file: it may say anything.
std::string CommandText(const TraceReader &reader) {
  const auto command = reader.header().find("command");
  if (command == reader.header().end() || !command->is_array()) return "unknown";
  std::vector<std::string> words;
  for (const nlohmann::json &word : *command)
    words.push_back(word.is_string() ? word.get<std::string>() : "?");
  return absl::StrJoin(words, " ");
}

std::string EndText(const TraceReader &reader) {
  const auto ended = reader.end().find("ended");
  const bool known = ended != reader.end().end() && ended->is_string();
  return known ? ended->get<std::string>() : "unknown";
}

}  // namespace

Json SummaryJson(const TraceReader &reader, const Summary &summary) {
  Json json;
  json["command"] = CommandText(reader);
  json["header"] = reader.header();
  json["ended"] = EndText(reader);
  json["damage"] = reader.damage().empty() ? Json() : Json(reader.damage());
  json["file_bytes"] = reader.file_bytes();
  json["events"] = summary.events;
  json["events_by_kind"] = Json::object();
  for (uint8_t kind = TRACE_NOTHING + 1; kind < TRACE_KIND_END; kind++) {
    json["events_by_kind"][KindName(kind)] = summary.events_by_kind[kind];
  }
  json["duration_ns"] = summary.duration_ns;
  json["blocks"] = summary.blocks;
  json["failed_calls"] = summary.failed_calls;
  json["requested_bytes"] = summary.requested_bytes;
  json["peak_live_bytes"] = summary.peak_live_bytes;
  json["peak_ns"] = summary.peak_ns;
  json["peak_live_blocks"] = summary.peak_live_blocks;
  json["end_live_bytes"] = summary.end_live_bytes;
  json["end_live_blocks"] = summary.end_live_blocks;
  json["cross_thread_ends"] = summary.cross_thread_ends;
  json["unknown_blocks"] = summary.unknown_blocks;
  json["sizes"] = HistogramJson(summary.sizes);
  json["lifetimes_ns"] = HistogramJson(summary.lifetimes_ns);
  json["lifetimes_blocks"] = HistogramJson(summary.lifetimes_blocks);
  json["threads"] = Json::array();
  for (const ThreadSummary &thread : summary.threads) {
    json["threads"].push_back(
        {{"events", thread.events}, {"first_ns", thread.first_ns}, {"last_ns", thread.last_ns}});
  }
  json["live_bytes_over_time"] = summary.live_bytes_over_time;
  return json;
}

std::string SummaryText(const TraceReader &reader, const Summary &summary) {
  const double bytes_per_event = static_cast<double>(reader.file_bytes()) /
                                 static_cast<double>(std::max<uint64_t>(summary.events, 1));
  std::string text =
      absl::StrCat("command    ", CommandText(reader), "\n", "ended      ", EndText(reader), "\n");
  if (!reader.damage().empty())
    absl::StrAppend(&text, "DAMAGE     the file ", reader.damage(), "\n");
  absl::StrAppendFormat(&text, "file       %s, %.2f bytes an event\n", Bytes(reader.file_bytes()),
                        bytes_per_event);
  absl::StrAppend(&text, "events     ", Grouped(summary.events), " of ", summary.threads.size(),
                  summary.threads.size() == 1 ? " thread in " : " threads in ",
                  Duration(summary.duration_ns), "\n");
  absl::StrAppend(&text, "blocks     ", Grouped(summary.blocks), ", ",
                  Bytes(summary.requested_bytes), " in all; ", Grouped(summary.cross_thread_ends),
                  " given back or resized by another thread\n");
  absl::StrAppend(&text, "live peak  ", Bytes(summary.peak_live_bytes), " (",
                  summary.peak_live_bytes, " bytes) after ", Duration(summary.peak_ns), "; ",
                  Grouped(summary.peak_live_blocks), " blocks at most\n");
  absl::StrAppend(&text, "live end   ", Bytes(summary.end_live_bytes), " in ",
                  Grouped(summary.end_live_blocks), " blocks\n");
  if (summary.failed_calls != 0) {
    absl::StrAppend(&text, "failed     ", Grouped(summary.failed_calls), " calls gave no memory\n");
  }
  if (summary.unknown_blocks != 0) {
    absl::StrAppend(&text, "unknown    ", Grouped(summary.unknown_blocks),
                    " blocks were given back that were never handed out",
                    reader.forked() ? " here, but in the parent" : "", "\n");
  }
  absl::StrAppend(&text, "\n", ChartText(summary), "\nevents by kind\n");
  const uint64_t most =
      *std::max_element(summary.events_by_kind.begin(), summary.events_by_kind.end());
  for (uint8_t kind = TRACE_NOTHING + 1; kind < TRACE_KIND_END; kind++) {
    const uint64_t count = summary.events_by_kind[kind];
    if (count == 0) continue;
    absl::StrAppendFormat(&text, "  %-14s %15s  %s\n", KindName(kind), Grouped(count),
                          Bar(count, most, kBarWidth));
  }
  return absl::StrCat(text, "\nsizes of blocks\n", HistogramText(summary.sizes, Bytes),
                      "\nlifetimes of blocks, as time\n",
                      HistogramText(summary.lifetimes_ns, Duration),
                      "\nlifetimes of blocks, as blocks made meanwhile\n",
                      HistogramText(summary.lifetimes_blocks, Grouped), "\n", ThreadsText(summary));
}

}  // namespace loam::trace
