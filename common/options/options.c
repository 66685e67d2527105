#include "common/options/options.h"

#include <stdbool.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "common/check/report.h"

struct option {
  const char *name;
  size_t offset;  // in struct loam_options
  size_t preset, least, most;
};

static const struct option option_table[] = {
#define ROW(name, preset, least, most, text) \
  {#name, offsetof(struct loam_options, name), (preset), (least), (most)},
    LOAM_OPTIONS_TABLE(ROW)
#undef ROW
};

enum { OPTION_COUNT = sizeof option_table / sizeof option_table[0] };

struct text_option {
  const char *name;
  size_t offset;  // in struct loam_options
};

static const struct text_option text_option_table[] = {
#define ROW(name, text) {#name, offsetof(struct loam_options, name)},
    LOAM_TEXT_OPTIONS_TABLE(ROW)
#undef ROW
};

enum { TEXT_OPTION_COUNT = sizeof text_option_table / sizeof text_option_table[0] };

// A stretch of the text, not ended by a zero.
struct span {
  const char *start;
  size_t length;
};

static void set(struct loam_options *options, const struct option *option, size_t value) {
  memcpy((char *)options + option->offset, &value, sizeof value);
}

// Control characters become '?': the report stays one line.
static void append_span(struct loam_line *line, struct span span) {
  char copy[64];
  size_t length = span.length < sizeof copy - 1 ? span.length : sizeof copy - 1;
  for (size_t i = 0; i < length; i++) {
    bool control = (unsigned char)span.start[i] < ' ' || span.start[i] == 0x7f;
    copy[i] = (char)(control ? '?' : span.start[i]);
  }
  copy[length] = 0;
  loam_line_text(line, copy);
}

static void report(const char *variant, const char *what, struct span item) {
  if (variant == NULL) return;
  struct loam_line line = {0};
  loam_line_text(&line, "loam: ");
  loam_line_text(&line, variant);
  loam_line_text(&line, ": LOAM_OPTIONS: ");
  loam_line_text(&line, what);
  loam_line_text(&line, ", ignored: ");
  append_span(&line, item);
  loam_line_write(&line, STDERR_FILENO);
}

static bool is_named(const char *option, struct span name) {
  return strlen(option) == name.length && memcmp(option, name.start, name.length) == 0;
}

static const struct option *find(struct span name) {
  for (size_t i = 0; i < OPTION_COUNT; i++) {
    if (is_named(option_table[i].name, name)) return &option_table[i];
  }
  return NULL;
}

static const struct text_option *find_text(struct span name) {
  for (size_t i = 0; i < TEXT_OPTION_COUNT; i++) {
    if (is_named(text_option_table[i].name, name)) return &text_option_table[i];
  }
  return NULL;
}

// Takes what stands for a power of two off the end of a number: its exponent.
static unsigned take_unit(struct span *number) {
  if (number->length == 0) return 0;
  static const char units[] = {'K', 'M', 'G'};
  const char *unit = memchr(units, number->start[number->length - 1], sizeof units);
  if (unit == NULL) return 0;
  number->length--;
  return 10 * (unsigned)(unit - units + 1);
}

static bool parse_decimal(struct span text, size_t *value) {
  if (text.length == 0) return false;
  size_t result = 0;
  for (size_t i = 0; i < text.length; i++) {
    if (text.start[i] < '0' || text.start[i] > '9') return false;
    if (__builtin_mul_overflow(result, 10, &result)) return false;
    if (__builtin_add_overflow(result, (size_t)(text.start[i] - '0'), &result)) return false;
  }
  *value = result;
  return true;
}

static bool parse_number(const struct option *option, struct span text, size_t *value) {
  bool is_share = option->offset == offsetof(struct loam_options, guard_sample);
  if (is_share && text.length > 2 && memcmp(text.start, "1/", 2) == 0) {
    text.start += 2;
    text.length -= 2;
  }
  unsigned exponent = take_unit(&text);
  return parse_decimal(text, value) &&
         !__builtin_mul_overflow(*value, (size_t)1 << exponent, value) && *value >= option->least &&
         *value <= option->most;
}

static void set_text(struct loam_options *options, const struct text_option *option,
                     struct span value) {
  char *field = (char *)options + option->offset;
  memcpy(field, value.start, value.length);
  field[value.length] = 0;
}

static void parse_item(struct loam_options *options, struct span item, const char *variant) {
  const char *equals = memchr(item.start, '=', item.length);
  size_t name_length = equals != NULL ? (size_t)(equals - item.start) : item.length;
  struct span name = {item.start, name_length};
  struct span text = {NULL, 0};
  if (equals != NULL) text = (struct span){equals + 1, item.length - name_length - 1};
  const struct text_option *text_option = find_text(name);
  if (text_option != NULL) {
    if (text.length != 0 && text.length < LOAM_OPTION_TEXT_MAX) {
      set_text(options, text_option, text);
    } else {
      report(variant, "no text, or too long a one", item);
    }
    return;
  }
  const struct option *option = find(name);
  if (option == NULL) {
    report(variant, "no option of this name", item);
    return;
  }
  size_t value = 0;
  if (!parse_number(option, text, &value)) {
    report(variant, "not a number in the option's range", item);
    return;
  }
  set(options, option, value);
}

void loam_options_parse(struct loam_options *options, const char *text, const char *variant) {
  for (size_t i = 0; i < OPTION_COUNT; i++) set(options, &option_table[i], option_table[i].preset);
  for (size_t i = 0; i < TEXT_OPTION_COUNT; i++) {
    set_text(options, &text_option_table[i], (struct span){"", 0});
  }
  while (text != NULL && *text != 0) {
    size_t length = strcspn(text, ",");
    if (length != 0) parse_item(options, (struct span){text, length}, variant);
    text += length;
    if (*text == ',') text++;
  }
}

void loam_options_from_environment(struct loam_options *options, const char *variant) {
  // The first allocation can come from the loader, before libc knows the
  // environment: then there is nothing to read yet and the defaults hold.
  // (secure_getenv does the same, from a page of libc that nothing else needs.)
  static const char name[] = "LOAM_OPTIONS=";
  const char *text = NULL;
  for (char **each = environ; each != NULL && *each != NULL && text == NULL; each++) {
    if (strncmp(*each, name, sizeof name - 1) == 0) text = *each + sizeof name - 1;
  }
  if (getauxval(AT_SECURE) != 0) text = NULL;
  loam_options_parse(options, text, variant);
}
