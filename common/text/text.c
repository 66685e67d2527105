#include "common/text/text.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static const char hex_digits[] = "0123456789abcdef";

bool loam_text_flush(struct loam_text *text) {
  const char *from = text->buffer;
  int saved_errno = errno;
  while (text->length > 0 && !text->failed) {
    ssize_t written = write(text->fd, from, text->length);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      text->failed = true;
      break;
    }
    from += written;
    text->length -= (size_t)written;
  }
  text->length = 0;
  errno = saved_errno;
  return !text->failed;
}

void loam_text_bytes(struct loam_text *text, const char *bytes, size_t count) {
  text->total += count;
  while (count > 0) {
    if (text->length == text->size) {
      if (text->fd < 0) return;
      loam_text_flush(text);
    }
    size_t part = text->size - text->length;
    if (part > count) part = count;
    memcpy(text->buffer + text->length, bytes, part);
    text->length += part;
    bytes += part;
    count -= part;
  }
}

void loam_text_add(struct loam_text *text, const char *string) {
  loam_text_bytes(text, string, strlen(string));
}

static void add_number(struct loam_text *text, uint64_t value, unsigned base, size_t least) {
  char digits[20];  // 2^64 has 20 decimal digits
  size_t count = 0;
  do {
    digits[sizeof digits - ++count] = hex_digits[value % base];
    value /= base;
  } while (value != 0 || count < least);
  loam_text_bytes(text, digits + sizeof digits - count, count);
}

void loam_text_decimal(struct loam_text *text, uint64_t value) { add_number(text, value, 10, 1); }

void loam_text_pointer(struct loam_text *text, uintptr_t value) {
  loam_text_add(text, "0x");
  add_number(text, value, 16, 1);
}

void loam_text_real(struct loam_text *text, double value, unsigned digits) {
  uint64_t scale = 1;
  for (unsigned i = 0; i < digits; i++) scale *= 10;
  if (value < 0) {
    loam_text_add(text, "-");
    value = -value;
  }
  uint64_t whole = (uint64_t)value;
  uint64_t rest = (uint64_t)((value - (double)whole) * (double)scale + 0.5);
  if (rest == scale) {
    whole++;
    rest = 0;
  }
  add_number(text, whole, 10, 1);
  if (digits == 0) return;
  loam_text_add(text, ".");
  add_number(text, rest, 10, digits);
}

void loam_text_hex(struct loam_text *text, const unsigned char *bytes, size_t count,
                   const char *separator) {
  for (size_t i = 0; i < count; i++) {
    const char pair[] = {hex_digits[bytes[i] >> 4], hex_digits[bytes[i] & 15]};
    loam_text_add(text, separator);
    loam_text_bytes(text, pair, sizeof pair);
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

void loam_text_json(struct loam_text *text, const char *string) {
  if (string == NULL) {
    loam_text_add(text, "null");
    return;
  }
  loam_text_add(text, "\"");
  for (const unsigned char *at = (const unsigned char *)string; *at != 0;) {
    size_t whole = *at >= 0x80 ? utf8_bytes(at) : 1;
    if (*at < ' ' || *at == 0x7f || whole == 0) {
      loam_text_add(text, "\\u00");
      loam_text_hex(text, at++, 1, "");
      continue;
    }
    if (*at == '"' || *at == '\\') loam_text_add(text, "\\");
    loam_text_bytes(text, (const char *)at, whole);
    at += whole;
  }
  loam_text_add(text, "\"");
}
