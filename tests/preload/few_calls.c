// What most programs ask of malloc, while a part of the library that serves it cannot be touched:
// `few_calls FROM END`, offsets in the library. A signal ends it if something there is run or read.

#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SIZES = 12, TIMES = 1000 };

// Some of each size at once, and one after the other.
static int calls(void) {
  for (size_t i = 0; i < SIZES; i++) {
    size_t bytes = (size_t)16 << i;
    char *zeroed = calloc(1, bytes);
    char *aligned = aligned_alloc(64, bytes < 64 ? 64 : bytes);
    char *moved = realloc(malloc(bytes), bytes * 3);
    if (zeroed == NULL || aligned == NULL || moved == NULL) return 1;
    memset(moved, 1, bytes * 3);
    free(zeroed);
    free(aligned);
    free(moved);
    for (int time = 0; time < TIMES; time++) free(malloc(bytes));
  }
  return 0;
}

int main(int argc, char **argv) {
  Dl_info library;
  void *served_by = dlsym(RTLD_DEFAULT, "malloc");
  if (argc != 3 || dladdr(served_by, &library) == 0) return 2;
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  uintptr_t from = (strtoul(argv[1], NULL, 0) + page - 1) & ~(page - 1);
  uintptr_t end = strtoul(argv[2], NULL, 0) & ~(page - 1);
  char *start = (char *)library.dli_fbase + from;
  if (mprotect(start, end - from, PROT_NONE) != 0) return 3;
  int status = calls();
  // What runs at the end may be there.
  if (mprotect(start, end - from, PROT_READ | PROT_EXEC) != 0) return 4;
  return status;
}
