// Prints whose malloc this program has: libc's, or that of this very file.

#define _GNU_SOURCE  // dladdr
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void) {
  char *text = strdup("allocated");
  Dl_info info;
  if (text == NULL || dladdr(dlsym(RTLD_DEFAULT, "malloc"), &info) == 0) return 1;
  free(text);
  const int from_libc = strstr(info.dli_fname, "libc.so") != NULL;
  printf("malloc is %s\n", from_libc ? "libc's" : "the program's own");
  return 0;
}
