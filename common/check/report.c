#include "common/check/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// One byte always stays free for the newline.
static void append(struct loam_line *line, const char *text, size_t length) {
  size_t room = sizeof line->text - 1 - line->length;
  if (length > room) length = room;
  memcpy(line->text + line->length, text, length);
  line->length += length;
}

static void append_number(struct loam_line *line, uint64_t value, unsigned base) {
  char digits[20];  // 2^64 has 20 decimal digits
  size_t count = 0;
  do {
    digits[sizeof digits - ++count] = "0123456789abcdef"[value % base];
    value /= base;
  } while (value != 0);
  append(line, digits + sizeof digits - count, count);
}

void loam_line_text(struct loam_line *line, const char *text) { append(line, text, strlen(text)); }

void loam_line_decimal(struct loam_line *line, uint64_t value) { append_number(line, value, 10); }

void loam_line_ratio(struct loam_line *line, double value) {
  uint64_t hundredths = (uint64_t)(value * 100 + 0.5);
  append_number(line, hundredths / 100, 10);
  const char fraction[] = {'.', (char)('0' + hundredths / 10 % 10), (char)('0' + hundredths % 10)};
  append(line, fraction, sizeof fraction);
}

void loam_line_pointer(struct loam_line *line, const void *pointer) {
  loam_line_text(line, "0x");
  append_number(line, (uintptr_t)pointer, 16);
}

void loam_line_write(struct loam_line *line, int fd) {
  line->text[line->length] = '\n';
  const char *from = line->text;
  size_t left = line->length + 1;
  int saved_errno = errno;
  while (left > 0) {
    ssize_t written = write(fd, from, left);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) break;  // nobody to tell
    from += written;
    left -= (size_t)written;
  }
  errno = saved_errno;
}

void loam_warn(const char *variant, const char *what) {
  struct loam_line line = {0};
  loam_line_text(&line, "loam: ");
  loam_line_text(&line, variant);
  loam_line_text(&line, ": ");
  loam_line_text(&line, what);
  loam_line_write(&line, STDERR_FILENO);
}

void loam_complain(const char *variant, const void *pointer, const char *what) {
  struct loam_line line = {0};
  loam_line_text(&line, "loam: ");
  loam_line_text(&line, variant);
  loam_line_text(&line, ": ");
  loam_line_pointer(&line, pointer);
  loam_line_text(&line, ": ");
  loam_line_text(&line, what);
  loam_line_write(&line, STDERR_FILENO);
}

void loam_fatal(const char *variant, const void *pointer, const char *what) {
  loam_complain(variant, pointer, what);
  abort();
}
