#include "common/debug/writer.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static const char digits[] = "0123456789abcdef";

void loam_put_flush(struct loam_writer *writer) {
  int saved_errno = errno;
  size_t done = 0;
  while (done < writer->length) {
    ssize_t written = write(writer->fd, writer->text + done, writer->length - done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) break;  // nobody to tell
    done += (size_t)written;
  }
  writer->length = 0;
  errno = saved_errno;
}

static void put(struct loam_writer *writer, const char *text, size_t length) {
  while (length > 0) {
    size_t room = sizeof writer->text - writer->length;
    size_t part = length < room ? length : room;
    memcpy(writer->text + writer->length, text, part);
    writer->length += part;
    text += part;
    length -= part;
    if (writer->length == sizeof writer->text) loam_put_flush(writer);
  }
}

void loam_put(struct loam_writer *writer, const char *text) { put(writer, text, strlen(text)); }

static void put_number(struct loam_writer *writer, uint64_t value, unsigned base) {
  char text[20];
  size_t start = sizeof text;
  do {
    text[--start] = digits[value % base];
    value /= base;
  } while (value != 0);
  put(writer, text + start, sizeof text - start);
}

void loam_put_decimal(struct loam_writer *writer, uint64_t value) { put_number(writer, value, 10); }

void loam_put_hex(struct loam_writer *writer, uint64_t value) {
  loam_put(writer, "0x");
  put_number(writer, value, 16);
}

void loam_put_bytes(struct loam_writer *writer, const unsigned char *bytes, size_t count,
                    const char *separator) {
  for (size_t i = 0; i < count; i++) {
    const char pair[] = {digits[bytes[i] >> 4], digits[bytes[i] & 15]};
    loam_put(writer, separator);
    put(writer, pair, sizeof pair);
  }
}

// Whether a whole character of UTF-8, over ASCII, begins here; how many bytes it has.
static size_t utf8_bytes(const unsigned char *text) {
  size_t bytes = text[0] >= 0xf0 ? 4 : text[0] >= 0xe0 ? 3 : 2;
  if (text[0] < 0xc2 || text[0] > 0xf4) return 0;
  for (size_t i = 1; i < bytes; i++) {
    if ((text[i] & 0xc0) != 0x80) return 0;
  }
  // Too long a form, a surrogate, or beyond the last character.
  unsigned second = text[1];
  if ((text[0] == 0xe0 && second < 0xa0) || (text[0] == 0xed && second > 0x9f)) return 0;
  if ((text[0] == 0xf0 && second < 0x90) || (text[0] == 0xf4 && second > 0x8f)) return 0;
  return bytes;
}

void loam_put_json(struct loam_writer *writer, const char *text) {
  if (text == NULL) {
    loam_put(writer, "null");
    return;
  }
  loam_put(writer, "\"");
  for (const unsigned char *at = (const unsigned char *)text; *at != 0;) {
    size_t whole = *at >= 0x80 ? utf8_bytes(at) : 1;
    if (*at < ' ' || *at == 0x7f || whole == 0) {
      loam_put(writer, "\\u00");
      loam_put_bytes(writer, at++, 1, "");
      continue;
    }
    if (*at == '"' || *at == '\\') loam_put(writer, "\\");
    put(writer, (const char *)at, whole);
    at += whole;
  }
  loam_put(writer, "\"");
}
