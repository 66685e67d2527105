// A process for launcher_test to start: uses memory, crashes, hangs.

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int hold(size_t bytes) {
  char *memory = malloc(bytes);
  if (memory == NULL) return 1;
  memset(memory, 1, bytes);
  const int status = memory[bytes / 2] == 1 ? 0 : 1;
  free(memory);
  return status;
}

// Holds that much for so long, as a child of a child where `nested`.
static int stay(size_t bytes, unsigned milliseconds, bool nested) {
  pid_t child = nested ? fork() : 0;
  if (child > 0) return waitpid(child, NULL, 0) == child ? 0 : 1;
  char *memory = malloc(bytes);
  if (memory == NULL) return 1;
  memset(memory, 1, bytes);
  usleep(milliseconds * 1000);
  const int status = memory[bytes / 2] == 1 ? 0 : 1;
  free(memory);
  return status;
}

// Starts a process that hangs too, says its id, and waits for ever.
static _Noreturn void hang_with_child(void) {
  pid_t child = fork();
  if (child == 0) {
    for (;;) pause();
  }
  printf("%d\n", (int)child);
  fflush(stdout);
  for (;;) pause();
}

static int show(const char *name) {
  const char *value = getenv(name);
  printf("%s\n", value == NULL ? "(unset)" : value);
  return 0;
}

static int copy_input(void) {
  char text[256];
  size_t length = fread(text, 1, sizeof text, stdin);
  return fwrite(text, 1, length, stdout) == length ? 0 : 1;
}

int main(int argc, char **argv) {
  if (argc < 2) return 100;
  const char *what = argv[1];
  if (strcmp(what, "hold") == 0 && argc == 3) return hold(strtoul(argv[2], NULL, 10));
  if (strncmp(what, "stay", 4) == 0 && argc == 4) {
    return stay(strtoul(argv[2], NULL, 10), (unsigned)atoi(argv[3]), strcmp(what, "stay") != 0);
  }
  if (strcmp(what, "exit") == 0 && argc == 3) return atoi(argv[2]);
  if (strcmp(what, "show") == 0 && argc == 3) return show(argv[2]);
  if (strcmp(what, "copy") == 0) return copy_input();
  if (strcmp(what, "hang") == 0) hang_with_child();
  if (strcmp(what, "complain") == 0) {
    fputs("first line\nthe reason\n", stderr);
    abort();
  }
  return 100;
}
