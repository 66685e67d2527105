#include "benchmarks/cell/resident.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "benchmarks/cell/workload.h"

namespace loam::cell {

namespace {

// The length of what was read, or 0.
template <size_t kBytes>
size_t ReadText(const char *path, char (&text)[kBytes]) {
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  const ssize_t length = read(file, text, kBytes - 1);
  close(file);
  if (length <= 0) return 0;
  text[length] = '\0';
  return static_cast<size_t>(length);
}

}  // namespace

int64_t ResidentBytes() {
  char text[128];
  if (ReadText("/proc/self/statm", text) == 0) return kNotMeasured;
  long total_pages = 0;
  long resident_pages = 0;
  if (sscanf(text, "%ld %ld", &total_pages, &resident_pages) != 2) return kNotMeasured;
  return int64_t{resident_pages} * sysconf(_SC_PAGESIZE);
}

int64_t PeakResidentBytes() {
  char text[4096];
  if (ReadText("/proc/self/status", text) == 0) return kNotMeasured;
  const char *line = strstr(text, "VmHWM:");
  long kibibytes = 0;
  if (line == nullptr || sscanf(line, "VmHWM: %ld kB", &kibibytes) != 1) return kNotMeasured;
  return int64_t{kibibytes} * 1024;
}

}  // namespace loam::cell
