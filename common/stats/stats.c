#include "common/stats/stats.h"

#include "common/check/report.h"

void loam_stats_add(struct loam_stats *to, const struct loam_stats *from) {
  size_t largest = to->largest_free_bytes;
  if (from->largest_free_bytes > largest) largest = from->largest_free_bytes;
#define ADD(name, text) to->name += from->name;
  LOAM_STATS_TABLE(ADD)
#undef ADD
  to->largest_free_bytes = largest;
}

double loam_stats_fragmentation(const struct loam_stats *stats) {
  if (stats->free_bytes == 0) return 0;
  return 1 - (double)stats->largest_free_bytes / (double)stats->free_bytes;
}

double loam_stats_overhead(const struct loam_stats *stats) {
  if (stats->allocated_bytes == 0) return 0;
  return (double)stats->mapped_bytes / (double)stats->allocated_bytes;
}

static void write_counter(const char *name, size_t value, const char *text, int fd) {
  struct loam_line line = {0};
  loam_line_text(&line, "  ");
  loam_line_text(&line, name);
  loam_line_text(&line, " = ");
  loam_line_decimal(&line, value);
  loam_line_text(&line, "  (");
  loam_line_text(&line, text);
  loam_line_text(&line, ")");
  loam_line_write(&line, fd);
}

static void write_ratio(const char *name, double value, int fd) {
  struct loam_line line = {0};
  loam_line_text(&line, "  ");
  loam_line_text(&line, name);
  loam_line_text(&line, " = ");
  loam_line_ratio(&line, value);
  loam_line_write(&line, fd);
}

void loam_stats_write(const struct loam_stats *stats, const char *variant, int fd) {
  struct loam_line title = {0};
  loam_line_text(&title, "loam: ");
  loam_line_text(&title, variant);
  loam_line_text(&title, ": statistics");
  loam_line_write(&title, fd);
#define WRITE(name, text) write_counter(#name, stats->name, text, fd);
  LOAM_STATS_TABLE(WRITE)
#undef WRITE
  write_ratio("fragmentation", loam_stats_fragmentation(stats), fd);
  write_ratio("mapped_per_allocated", loam_stats_overhead(stats), fd);
}
