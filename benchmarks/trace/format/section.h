// Consecutive events of one thread, to bytes and back. README.md ("The file")
// documents the bytes.

#ifndef LOAM_BENCHMARKS_TRACE_FORMAT_SECTION_H_
#define LOAM_BENCHMARKS_TRACE_FORMAT_SECTION_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "benchmarks/trace/format/event.h"

namespace loam::trace {

// A limit for readers: no writer makes larger sections.
constexpr size_t kMaxSectionEvents = 65'536;

struct Section {
  uint32_t thread = 0;
  uint32_t sequence = 0;  // counted from 0 in the thread, without gaps
  std::vector<Event> events;
};

// The section's events are of its thread, and at most kMaxSectionEvents.
std::string EncodeSection(const Section &section);

// An error says what is wrong with the bytes; any bytes are safe to decode.
absl::StatusOr<Section> DecodeSection(absl::string_view bytes);

}  // namespace loam::trace

#endif  // LOAM_BENCHMARKS_TRACE_FORMAT_SECTION_H_
