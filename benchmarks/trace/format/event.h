// One thing that happened to malloc, as a trace tells it.

#ifndef LOAM_BENCHMARKS_TRACE_FORMAT_EVENT_H_
#define LOAM_BENCHMARKS_TRACE_FORMAT_EVENT_H_

#include <cstdint>

#include "benchmarks/trace/format/kind.h"

namespace loam::trace {

struct Event {
  uint64_t time_ns = 0;  // CLOCK_MONOTONIC; before a block is given back, after it is handed out
  uint64_t address = 0;  // which block; 0: NULL
  // Bytes that were asked for. Of a block that is given back: its resident pages
  // + 1, or 0 where unknown. At most TRACE_AMOUNT_MAX.
  uint64_t amount = 0;
  uint32_t thread = 0;  // counted from 0 in the order of their first events
  uint8_t kind = TRACE_NOTHING;
  uint8_t log2_align = 0;  // of the kinds that take an alignment
};

// Whether the event is from before a call that gives its block back.
constexpr bool IsRelease(uint8_t kind) { return kind == TRACE_FREE || kind == TRACE_RESIZE_BEGIN; }

constexpr bool TakesAlignment(uint8_t kind) {
  return kind >= TRACE_ALIGNED_ALLOC && kind <= TRACE_PVALLOC;
}

// As a C program names it.
const char *KindName(uint8_t kind);

}  // namespace loam::trace

#endif  // LOAM_BENCHMARKS_TRACE_FORMAT_EVENT_H_
