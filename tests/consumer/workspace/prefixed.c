// The prefixed functions and a heap, without any replacement of malloc.

#include <stdio.h>
#include <string.h>

#include "allocators/first_fit/first_fit.h"

int main(void) {
  char *block = ff_malloc(100);
  struct loam_heap *heap = ff_heap_create();
  if (block == NULL || heap == NULL) return 1;
  strcpy(block, "a block of first_fit");
  char *inside = ff_heap_malloc(heap, 100);
  if (inside == NULL) return 1;
  strcpy(inside, " and one of its heaps");
  printf("%s%s\n", block, inside);
  ff_free(block);
  ff_heap_destroy(heap);
  return 0;
}
