// The statistics for other programs: as JSON, and in the text format that Prometheus scrapes.
//
// As snprintf does: each returns the length of the whole text, and writes at most size - 1 bytes
// of it and a zero; size 0 writes nothing. Never allocates; thread-safe. Every name says its unit:
// _bytes, _blocks, _calls; ratios are of 1.
//
// JSON, one object: {"schema":"loam-malloc-v1","variant":"thread_heap","allocated_bytes":4096, ...,
// "fragmentation":0.25,"mapped_per_allocated":1.5}, with every counter of LOAM_STATS_TABLE.
//
// Prometheus: loam_allocated_bytes{variant="thread_heap"} 4096, ...; what only grows ends in
// _total. Served as "text/plain; version=0.0.4".

#ifndef LOAM_COMMON_STATS_EXPORT_H_
#define LOAM_COMMON_STATS_EXPORT_H_

#include "common/stats/stats.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { LOAM_STATS_TEXT_MAX = 4096 };  // room for either text, with its zero

size_t loam_stats_json(const struct loam_stats *stats, const char *variant, char *buffer,
                       size_t size);
size_t loam_stats_prometheus(const struct loam_stats *stats, const char *variant, char *buffer,
                             size_t size);

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  // LOAM_COMMON_STATS_EXPORT_H_
