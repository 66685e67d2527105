// Reports about a broken heap or a wrong call: one line on stderr, composed on
// the stack and written with write(2). They never allocate, take no lock and
// use no stdio, so that they work in any state of the process.

#ifndef LOAM_COMMON_CHECK_REPORT_H_
#define LOAM_COMMON_CHECK_REPORT_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// A line that is put together on the stack; what does not fit is cut off.
struct loam_line {
  size_t length;
  char text[512];
};

void loam_line_text(struct loam_line *line, const char *text);
void loam_line_decimal(struct loam_line *line, uint64_t value);
// Two digits behind the point, as in "1.25".
void loam_line_ratio(struct loam_line *line, double value);
void loam_line_pointer(struct loam_line *line, const void *pointer);
// Writes the line, with a newline, to the file descriptor.
void loam_line_write(struct loam_line *line, int fd);

// Writes "loam: VARIANT: WHAT" to stderr. For what the process can live with.
void loam_warn(const char *variant, const char *what);

// Writes "loam: VARIANT: POINTER: WHAT" to stderr. For a walk that found a fault.
void loam_complain(const char *variant, const void *pointer, const char *what);

// As loam_complain, then aborts. For what must not go on.
void loam_fatal(const char *variant, const void *pointer, const char *what)
    __attribute__((cold, noreturn));

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  // LOAM_COMMON_CHECK_REPORT_H_
