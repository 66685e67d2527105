// Text for a file descriptor, gathered in a buffer on the stack. Never allocates.

#ifndef LOAM_COMMON_DEBUG_WRITER_H_
#define LOAM_COMMON_DEBUG_WRITER_H_

#include <stddef.h>
#include <stdint.h>

struct loam_writer {
  int fd;
  size_t length;
  char text[4096];
};

void loam_put(struct loam_writer *writer, const char *text);
void loam_put_decimal(struct loam_writer *writer, uint64_t value);
void loam_put_hex(struct loam_writer *writer, uint64_t value);  // "0x..."
// Two digits for each byte, behind a separator.
void loam_put_bytes(struct loam_writer *writer, const unsigned char *bytes, size_t count,
                    const char *separator);
// In quotes, escaped as JSON has it. NULL: null. What is no UTF-8 is told as Latin-1.
void loam_put_json(struct loam_writer *writer, const char *text);
void loam_put_flush(struct loam_writer *writer);

#endif  // LOAM_COMMON_DEBUG_WRITER_H_
