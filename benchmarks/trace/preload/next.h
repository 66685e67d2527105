// The allocator that serves the program: the next malloc behind ours.

#ifndef LOAM_BENCHMARKS_TRACE_PRELOAD_NEXT_H_
#define LOAM_BENCHMARKS_TRACE_PRELOAD_NEXT_H_

#include <stdbool.h>
#include <stddef.h>

struct trace_next {
  void *(*malloc)(size_t);
  void *(*calloc)(size_t, size_t);
  void *(*realloc)(void *, size_t);
  void (*free)(void *);
  void *(*aligned_alloc)(size_t, size_t);
  int (*posix_memalign)(void **, size_t, size_t);
  void *(*memalign)(size_t, size_t);
  size_t (*usable_size)(void *);  // NULL where that allocator has none
};

extern struct trace_next trace_next;

// Finds the functions, unless that was done. False while they are being found:
// dlsym() itself may allocate, which trace_bootstrap() serves.
bool trace_find_next(void);

// Zeroed memory that is never given back; ends the process when there is no more.
void *trace_bootstrap(size_t size, size_t alignment);
bool trace_is_bootstrap(const void *block);

#endif  // LOAM_BENCHMARKS_TRACE_PRELOAD_NEXT_H_
