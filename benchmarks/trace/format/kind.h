// What can happen to malloc. The numbers are those of the trace format: a new
// kind gets a new number, and none ever changes. C11; also included by C++.

#ifndef LOAM_BENCHMARKS_TRACE_FORMAT_KIND_H_
#define LOAM_BENCHMARKS_TRACE_FORMAT_KIND_H_

enum trace_kind {
  TRACE_NOTHING = 0,  // no event (yet)
  TRACE_MALLOC = 1,
  TRACE_CALLOC = 2,
  // A resize is two events: before the call with the old block, and after it,
  // as TRACE_REALLOC or TRACE_REALLOCARRAY, with the new one.
  TRACE_RESIZE_BEGIN = 3,
  TRACE_REALLOC = 4,
  TRACE_REALLOCARRAY = 5,
  TRACE_FREE = 6,
  TRACE_ALIGNED_ALLOC = 7,
  TRACE_POSIX_MEMALIGN = 8,
  TRACE_MEMALIGN = 9,
  TRACE_VALLOC = 10,
  TRACE_PVALLOC = 11,
  TRACE_KIND_END = 12,
};

// The bits of an event's amount: see region.h and event.h.
#define TRACE_AMOUNT_BITS 48
#define TRACE_AMOUNT_MAX ((UINT64_C(1) << TRACE_AMOUNT_BITS) - 1)

#endif  // LOAM_BENCHMARKS_TRACE_FORMAT_KIND_H_
