#include "tests/support/memory.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace loam::test {
namespace {

// The number of KiB behind `key` in a file of /proc/self. A test that cannot
// measure must not pass: ends the process when the number is not there.
size_t KiBOf(const char *path, const char *key) {
  char text[8192];
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  size_t length = 0;
  if (file >= 0) {
    ssize_t got;
    while (length < sizeof(text) - 1 &&
           (got = read(file, text + length, sizeof(text) - 1 - length)) > 0) {
      length += static_cast<size_t>(got);
    }
    close(file);
  }
  text[length] = '\0';
  const char *found = std::strstr(text, key);
  if (found == nullptr) {
    dprintf(STDERR_FILENO, "%s has no %s: cannot measure memory\n", path, key);
    std::abort();
  }
  return std::strtoull(found + std::strlen(key), nullptr, 10);
}

}  // namespace

// The counters in /proc/self/statm lag behind on machines with many CPUs; the
// sum in smaps_rollup is walked afresh. Only what belongs to no file: the kernel
// may drop a program's own pages and read them again at any time.
size_t ResidentBytes() { return kKiB * KiBOf("/proc/self/smaps_rollup", "Anonymous:"); }

size_t AddressSpaceBytes() { return kKiB * KiBOf("/proc/self/status", "VmSize:"); }

size_t DataBytes() { return kKiB * KiBOf("/proc/self/status", "VmData:"); }

}  // namespace loam::test
