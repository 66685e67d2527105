// Holds as many bytes as it is told to, all of them touched, and ends. Linked
// statically: what else is resident is always the same.

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  const size_t bytes = strtoul(argv[1], NULL, 10);
  if (bytes == 0) return 0;
  void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return 1;
  memset(memory, 1, bytes);
  return 0;
}
