#include "common/stats/export.h"

#include <string.h>

#include "common/text/text.h"

enum { RATIO_DIGITS = 6 };

static struct loam_text begin(char *buffer, size_t size) {
  return (struct loam_text){.buffer = buffer, .size = size == 0 ? 0 : size - 1, .fd = -1};
}

static size_t end(struct loam_text *text, size_t size) {
  if (size != 0) text->buffer[text->length] = 0;
  return text->total;
}

// --- JSON --------------------------------------------------------------------

static void json_name(struct loam_text *text, const char *name) {
  loam_text_add(text, ",\"");
  loam_text_add(text, name);
  loam_text_add(text, "\":");
}

static void json_counter(struct loam_text *text, const char *name, size_t value) {
  json_name(text, name);
  loam_text_decimal(text, value);
}

static void json_ratio(struct loam_text *text, const char *name, double value) {
  json_name(text, name);
  loam_text_real(text, value, RATIO_DIGITS);
}

size_t loam_stats_json(const struct loam_stats *stats, const char *variant, char *buffer,
                       size_t size) {
  struct loam_text text = begin(buffer, size);
  loam_text_add(&text, "{\"schema\":\"loam-malloc-v1\",\"variant\":\"");
  loam_text_add(&text, variant);
  loam_text_add(&text, "\"");
#define WRITE(name, what) json_counter(&text, #name, stats->name);
  LOAM_STATS_TABLE(WRITE)
#undef WRITE
  json_ratio(&text, "fragmentation", loam_stats_fragmentation(stats));
  json_ratio(&text, "mapped_per_allocated", loam_stats_overhead(stats));
  loam_text_add(&text, "}\n");
  return end(&text, size);
}

// --- Prometheus --------------------------------------------------------------

// What is counted in calls only grows.
static bool is_total(const char *name) {
  static const char calls[] = "_calls";
  size_t length = strlen(name);
  return length >= sizeof calls && strcmp(name + length - (sizeof calls - 1), calls) == 0;
}

static void metric_name(struct loam_text *text, const char *name, const char *suffix) {
  loam_text_add(text, "loam_");
  loam_text_add(text, name);
  loam_text_add(text, suffix);
}

static void metric(struct loam_text *text, const char *name, const char *suffix, const char *what,
                   const char *variant) {
  loam_text_add(text, "# HELP ");
  metric_name(text, name, suffix);
  loam_text_add(text, " ");
  loam_text_add(text, what);
  loam_text_add(text, "\n# TYPE ");
  metric_name(text, name, suffix);
  loam_text_add(text, is_total(name) ? " counter\n" : " gauge\n");
  metric_name(text, name, suffix);
  loam_text_add(text, "{variant=\"");
  loam_text_add(text, variant);
  loam_text_add(text, "\"} ");
}

size_t loam_stats_prometheus(const struct loam_stats *stats, const char *variant, char *buffer,
                             size_t size) {
  struct loam_text text = begin(buffer, size);
#define WRITE(name, what)                                               \
  metric(&text, #name, is_total(#name) ? "_total" : "", what, variant); \
  loam_text_decimal(&text, stats->name);                                \
  loam_text_add(&text, "\n");
  LOAM_STATS_TABLE(WRITE)
#undef WRITE
  metric(&text, "fragmentation", "_ratio", "share of the free bytes that one block cannot have",
         variant);
  loam_text_real(&text, loam_stats_fragmentation(stats), RATIO_DIGITS);
  loam_text_add(&text, "\n");
  metric(&text, "mapped_per_allocated", "_ratio", "address space held for each byte in use",
         variant);
  loam_text_real(&text, loam_stats_overhead(stats), RATIO_DIGITS);
  loam_text_add(&text, "\n");
  return end(&text, size);
}
