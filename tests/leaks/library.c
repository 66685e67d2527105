// A library that leaks, and keeps one block.

#include <stdlib.h>

void *kept_by_the_library;
static void *volatile passed;

void leak_of_the_library(void);

void leak_of_the_library(void) {
  kept_by_the_library = malloc(21);
  passed = malloc(222);
  passed = NULL;
}
