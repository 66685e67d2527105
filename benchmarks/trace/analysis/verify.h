// Whether a trace is whole, and makes sense.

#ifndef LOAM_BENCHMARKS_TRACE_ANALYSIS_VERIFY_H_
#define LOAM_BENCHMARKS_TRACE_ANALYSIS_VERIFY_H_

#include "absl/status/status.h"
#include "benchmarks/trace/format/trace_reader.h"

namespace loam::trace {

// Checks that the file is undamaged and ends as it should, that no event was
// lost, that time goes forward in each thread, that every block that is given
// back is live, and none that is handed out is. An error says in one line what
// is wrong, and where first. A forked child may give back what its parent made.
absl::Status Verify(TraceReader *reader);

}  // namespace loam::trace

#endif  // LOAM_BENCHMARKS_TRACE_ANALYSIS_VERIFY_H_
