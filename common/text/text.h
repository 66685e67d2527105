// Text of any length, put together without allocating: into a buffer for which the caller has
// room, or through one to a file descriptor. Of one thread at a time; safe in a signal handler.

#ifndef LOAM_COMMON_TEXT_TEXT_H_
#define LOAM_COMMON_TEXT_TEXT_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Invariant: length <= size; total = all bytes that were added, `length` of them in the buffer.
struct loam_text {
  char *buffer;
  size_t size;
  size_t length;
  size_t total;
  int fd;       // where a full buffer goes; below 0: nowhere, and what does not fit is lost
  bool failed;  // a write did
};

void loam_text_bytes(struct loam_text *text, const char *bytes, size_t count);
void loam_text_add(struct loam_text *text, const char *string);
void loam_text_decimal(struct loam_text *text, uint64_t value);
void loam_text_pointer(struct loam_text *text, uintptr_t value);  // 0x...

// With so many digits behind the point, at most 6; at most 2^53 before it.
void loam_text_real(struct loam_text *text, double value, unsigned digits);

// Two digits for each byte, behind a separator.
void loam_text_hex(struct loam_text *text, const unsigned char *bytes, size_t count,
                   const char *separator);

// In quotes, escaped as JSON has it; NULL: null. What is no UTF-8 is told as Latin-1.
void loam_text_json(struct loam_text *text, const char *string);

// Writes out what is in the buffer; false when this or an earlier write failed.
bool loam_text_flush(struct loam_text *text);

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  // LOAM_COMMON_TEXT_TEXT_H_
