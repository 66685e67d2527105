// malloc_info(3): the statistics as XML, from the same table as everywhere; and as JSON and for
// Prometheus.

#include <errno.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>

#include "common/malloc_api/loam_malloc.h"
#include "common/malloc_api/variant_prefix.h"
#include "common/stats/export.h"
#include "common/text/text.h"

// With a point in every locale, where printf has a comma in some.
static bool write_ratio(FILE *stream, const char *name, double value) {
  char digits[32];
  struct loam_text text = {.buffer = digits, .size = sizeof digits, .fd = -1};
  loam_text_real(&text, value, 6);
  int length = (int)text.length;
  return fprintf(stream, "<%s>%.*s</%s>\n", name, length, digits, name) >= 0;
}

LOAM_EXPORT int malloc_info(int options, FILE *stream) {
  if (options != 0) {
    errno = EINVAL;
    return -1;
  }
  // Taken before the first write: stdio allocates.
  struct loam_stats stats;
  P(stats)(&stats);
  int failed =
      fprintf(stream, "<malloc version=\"loam-1\">\n<heap variant=\"%s\">\n", P(variant).name) < 0;
#define WRITE(name, text) failed |= fprintf(stream, "<" #name ">%zu</" #name ">\n", stats.name) < 0;
  LOAM_STATS_TABLE(WRITE)
#undef WRITE
  failed |= !write_ratio(stream, "fragmentation", loam_stats_fragmentation(&stats));
  failed |= !write_ratio(stream, "mapped_per_allocated", loam_stats_overhead(&stats));
  failed |= fprintf(stream, "</heap>\n</malloc>\n") < 0;
  return failed ? -1 : 0;
}

size_t loam_malloc_json(char *buffer, size_t size) {
  struct loam_stats stats;
  P(stats)(&stats);
  return loam_stats_json(&stats, P(variant).name, buffer, size);
}

size_t loam_malloc_prometheus(char *buffer, size_t size) {
  struct loam_stats stats;
  P(stats)(&stats);
  return loam_stats_prometheus(&stats, P(variant).name, buffer, size);
}
