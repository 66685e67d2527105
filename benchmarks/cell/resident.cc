#include "benchmarks/cell/resident.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>

#include "benchmarks/cell/workload.h"

namespace loam::cell {

int64_t ResidentBytes() {
  const int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (file < 0) return kNotMeasured;
  char text[128];
  const ssize_t length = read(file, text, sizeof text - 1);
  close(file);
  if (length <= 0) return kNotMeasured;
  text[length] = '\0';
  long total_pages = 0;
  long resident_pages = 0;
  if (sscanf(text, "%ld %ld", &total_pages, &resident_pages) != 2) return kNotMeasured;
  return int64_t{resident_pages} * sysconf(_SC_PAGESIZE);
}

}  // namespace loam::cell
