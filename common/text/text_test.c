// Text: its forms, what does not fit, and where it goes.

#include "common/text/text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/testing/scenario.h"

static char buffer[256];
static struct loam_text text;

static void start(void) {
  text = (struct loam_text){.buffer = buffer, .size = sizeof buffer, .fd = -1};
}

static bool is(const char *expected) {
  return text.length == strlen(expected) && memcmp(buffer, expected, text.length) == 0;
}

static bool json_is(const char *string, const char *expected) {
  start();
  loam_text_json(&text, string);
  return is(expected);
}

SCENARIO(NumbersAreWhole) {
  start();
  loam_text_decimal(&text, 0);
  loam_text_add(&text, " ");
  loam_text_decimal(&text, UINT64_MAX);
  loam_text_add(&text, " ");
  loam_text_pointer(&text, 0xdeadbeef);
  loam_text_add(&text, " ");
  loam_text_real(&text, -1.9996, 3);
  loam_text_add(&text, " ");
  loam_text_real(&text, 7.6, 0);
  EXPECT(is("0 18446744073709551615 0xdeadbeef -2.000 8"));
  return NULL;
}

SCENARIO(BytesHaveTwoDigitsEach) {
  static const unsigned char bytes[] = {0, 0x0f, 0xff};
  start();
  loam_text_hex(&text, bytes, 3, " ");
  loam_text_hex(&text, bytes, 0, " ");
  loam_text_hex(&text, bytes, 3, "");
  EXPECT(is(" 00 0f ff000fff"));
  return NULL;
}

SCENARIO(JsonIsEscaped) {
  EXPECT(json_is(NULL, "null"));
  EXPECT(json_is("", "\"\""));
  EXPECT(json_is("a \"b\" \\c/", "\"a \\\"b\\\" \\\\c/\""));
  EXPECT(json_is("\n\x01\x7f", "\"\\u000a\\u0001\\u007f\""));
  return NULL;
}

// Two, three and four bytes each at the edges; then what is too long, cut off, a surrogate, too
// large.
SCENARIO(OnlyUtf8IsToldAsItIs) {
  EXPECT(json_is("\xc2\x80\xdf\xbf", "\"\xc2\x80\xdf\xbf\""));
  EXPECT(
      json_is("\xe0\xa0\x80\xed\x9f\xbf\xef\xbf\xbf", "\"\xe0\xa0\x80\xed\x9f\xbf\xef\xbf\xbf\""));
  EXPECT(json_is("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", "\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\""));
  EXPECT(json_is("\xc1\xbf", "\"\\u00c1\\u00bf\""));
  EXPECT(json_is("\xe0\x9f\xbf", "\"\\u00e0\\u009f\\u00bf\""));
  EXPECT(json_is("\xed\xa0\x80", "\"\\u00ed\\u00a0\\u0080\""));
  EXPECT(json_is("\xf4\x90\x80\x80", "\"\\u00f4\\u0090\\u0080\\u0080\""));
  EXPECT(json_is("\xe2\x82", "\"\\u00e2\\u0082\""));
  EXPECT(json_is("\xff", "\"\\u00ff\""));
  return NULL;
}

SCENARIO(WhatDoesNotFitIsCounted) {
  start();
  text.size = 4;
  loam_text_add(&text, "abcdef");
  loam_text_add(&text, "g");
  EXPECT(is("abcd") && text.total == 7);
  return NULL;
}

SCENARIO(AFullBufferGoesToTheFile) {
  int ends[2];
  EXPECT(pipe(ends) == 0);
  start();
  text.size = 4;
  text.fd = ends[1];
  loam_text_add(&text, "abcdef");
  EXPECT(is("ef"));
  EXPECT(loam_text_flush(&text) && text.length == 0 && text.total == 6);
  char read_back[7] = {0};
  EXPECT(read(ends[0], read_back, sizeof read_back) == 6 && strcmp(read_back, "abcdef") == 0);
  close(ends[0]);
  close(ends[1]);
  return NULL;
}

SCENARIO(AFailedWriteIsRemembered) {
  start();
  text.fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
  EXPECT(text.fd >= 0);
  loam_text_add(&text, "lost");
  errno = EDOM;
  EXPECT(!loam_text_flush(&text) && errno == EDOM);
  loam_text_add(&text, "as well");
  EXPECT(!loam_text_flush(&text));
  close(text.fd);
  return NULL;
}
