// Appends events of this process to the recorder's memory.

#ifndef LOAM_BENCHMARKS_TRACE_PRELOAD_EMIT_H_
#define LOAM_BENCHMARKS_TRACE_PRELOAD_EMIT_H_

#include <stdbool.h>
#include <stdint.h>

#include "benchmarks/trace/preload/region.h"

// Whether this process is recorded. Cheap. Any thread, signal handlers included.
bool trace_is_on(void);

// Appends an event of the calling thread, stamped with the time. `amount` is cut
// to TRACE_AMOUNT_MAX. Keeps errno. Never allocates; may wait for the recorder.
// In a signal handler that interrupted this very function, the event is lost,
// and counted as such.
void trace_emit(enum trace_kind kind, const void *address, uint64_t amount, unsigned log2_align);

#endif  // LOAM_BENCHMARKS_TRACE_PRELOAD_EMIT_H_
