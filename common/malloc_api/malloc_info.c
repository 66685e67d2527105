// malloc_info(3): the statistics as XML, from the same table as everywhere; and as JSON and for
// Prometheus.

#include <errno.h>
#include <malloc.h>
#include <stdio.h>

#include "common/malloc_api/loam_malloc.h"
#include "common/malloc_api/variant_prefix.h"
#include "common/stats/export.h"

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
  failed |= fprintf(stream, "<fragmentation>%.6f</fragmentation>\n",
                    loam_stats_fragmentation(&stats)) < 0;
  failed |= fprintf(stream, "<mapped_per_allocated>%.6f</mapped_per_allocated>\n",
                    loam_stats_overhead(&stats)) < 0;
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
