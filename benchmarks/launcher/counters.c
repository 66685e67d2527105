#include "benchmarks/launcher/counters.h"

#include <linux/perf_event.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int open_counter(uint64_t event) {
  struct perf_event_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.size = sizeof attributes;
  attributes.type = PERF_TYPE_HARDWARE;
  attributes.config = event;
  attributes.disabled = 1;
  attributes.enable_on_exec = 1;
  attributes.inherit = 1;
  attributes.exclude_kernel = 1;
  attributes.exclude_hv = 1;
  attributes.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
  return (int)syscall(SYS_perf_event_open, &attributes, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

void counters_open(struct counters *counters) {
  counters->file[COUNTER_CYCLES] = open_counter(PERF_COUNT_HW_CPU_CYCLES);
  counters->file[COUNTER_INSTRUCTIONS] = open_counter(PERF_COUNT_HW_INSTRUCTIONS);
}

int64_t counters_read(const struct counters *counters, int counter) {
  struct {
    uint64_t value;
    uint64_t enabled_ns;
    uint64_t running_ns;
  } count;
  int file = counters->file[counter];
  if (file < 0 || read(file, &count, sizeof count) != (ssize_t)sizeof count) return -1;
  if (count.running_ns == 0) return -1;
  // The kernel shared the counter out where there were too few for all.
  double share = (double)count.enabled_ns / (double)count.running_ns;
  return (int64_t)((double)count.value * share);
}
