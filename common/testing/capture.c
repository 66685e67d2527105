#include "common/testing/capture.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const char cut_off[] = "\n(the captured text goes on)\n";
static char text[65536 + sizeof cut_off];
static int memory_fd = -1;
static int stderr_fd = -1;

static int expect_fd(int fd) {
  if (fd < 0) abort();
  return fd;
}

void loam_capture_begin(void) {
  memory_fd = expect_fd(memfd_create("captured", MFD_CLOEXEC));
  stderr_fd = expect_fd(dup(STDERR_FILENO));
  expect_fd(dup2(memory_fd, STDERR_FILENO));
}

const char *loam_capture_end(void) {
  expect_fd(dup2(stderr_fd, STDERR_FILENO));
  close(stderr_fd);
  ssize_t length = pread(memory_fd, text, sizeof text - sizeof cut_off, 0);
  close(memory_fd);
  if (length < 0) abort();
  text[length] = 0;
  if ((size_t)length == sizeof text - sizeof cut_off) strcat(text, cut_off);
  return text;
}
