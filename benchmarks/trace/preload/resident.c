#include "benchmarks/trace/preload/resident.h"

#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#include "benchmarks/trace/preload/next.h"

// Below, a program is taken to touch all of a block; above, a system call costs
// little beside what the program does with so much memory.
enum { LARGE_BYTES = 128 * 1024, PAGES_PER_CALL = 2048, MAX_CALLS = 64 };

uint64_t trace_resident(void *block) {
  if (block == NULL || trace_next.usable_size == NULL) return 0;
  const size_t bytes = trace_next.usable_size(block);
  if (__builtin_expect(bytes < LARGE_BYTES, 1)) return 0;
  const int kept = errno;
  const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  uintptr_t at = (uintptr_t)block & ~(page - 1);
  const uintptr_t end = (uintptr_t)block + bytes;
  uint64_t resident = 0;
  for (int calls = 0; at < end; calls++) {
    unsigned char in_core[PAGES_PER_CALL];
    size_t pages = (end - at + page - 1) / page;
    if (pages > PAGES_PER_CALL) pages = PAGES_PER_CALL;
    if (calls == MAX_CALLS || mincore((void *)at, pages * page, in_core) != 0) {
      errno = kept;
      return 0;
    }
    for (size_t i = 0; i < pages; i++) resident += in_core[i] & 1;
    at += pages * page;
  }
  errno = kept;
  return resident + 1;
}
