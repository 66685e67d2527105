#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "benchmarks/cell/blocks.h"
#include "benchmarks/cell/threads.h"

// The cell takes only inline functions from Google Benchmark. Its header wants
// the C++ streams started in every file; this keeps them, and the megabytes of
// libstdc++ and libbenchmark, out of the process that is measured.
int benchmark::internal::InitializeStreams() { return 0; }

namespace loam::cell {
namespace {

constexpr int kFailed = 3;

[[noreturn]] void Die(const char *message, int length) {
  if (write(STDERR_FILENO, message, static_cast<size_t>(length)) < 0) _exit(kFailed + 1);
  _exit(kFailed);
}

}  // namespace

void DieOutOfMemory(size_t size) {
  char message[96];
  Die(message, snprintf(message, sizeof message, "cell: no memory for %zu bytes\n", size));
}

void DieCorrupted(const void *block, size_t expected, size_t found) {
  char message[160];
  Die(message, snprintf(message, sizeof message,
                        "cell: block %p was overwritten: its first word was %zu and is %zu\n",
                        block, expected, found));
}

void DieUnlinked(const char *why) {
  char message[256];
  Die(message, snprintf(message, sizeof message, "cell: cannot link: %.200s\n", why));
}

void DieWithoutThread(int error) {
  char message[128];
  Die(message,
      snprintf(message, sizeof message, "cell: cannot start a thread: %s\n", strerror(error)));
}

}  // namespace loam::cell
