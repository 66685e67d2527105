// Finding the recorder's memory, and being an image in it.

#ifndef LOAM_BENCHMARKS_TRACE_PRELOAD_ATTACH_H_
#define LOAM_BENCHMARKS_TRACE_PRELOAD_ATTACH_H_

#include <stdint.h>

#include "benchmarks/trace/preload/region.h"

// Who this address space is to the recorder. Lies in a page that the kernel
// clears in a forked child, which has to attach as an image of its own: writing
// to its parent's chunks would ruin them.
struct trace_self {
  uint32_t image_plus_1;  // 0: not attached; TRACE_NOT_RECORDED: not to be recorded
};

#define TRACE_NOT_RECORDED UINT32_MAX

extern struct trace_self *trace_self;
extern struct trace_region *trace_region;  // NULL until attached

// Becomes an image, or decides that this process is not recorded. Call it while
// trace_self->image_plus_1 is 0: at the first event, and the first after a fork;
// there is one thread then. Uses system calls alone.
void trace_attach(void);

#endif  // LOAM_BENCHMARKS_TRACE_PRELOAD_ATTACH_H_
