#include "common/large/span_cache.h"

static void remove_at(struct loam_span_cache *cache, size_t index) {
  cache->bytes -= cache->spans[index].bytes;
  cache->spans[index] = cache->spans[--cache->count];
}

// Bytes to skip at the start of a span to reach the alignment.
static size_t skip_to(const struct loam_span *span, size_t alignment) {
  return -(uintptr_t)span->address & (alignment - 1);
}

void *loam_span_cache_take(struct loam_span_cache *cache, size_t bytes, size_t alignment) {
  size_t best = cache->count;
  for (size_t i = 0; i < cache->count; i++) {
    const struct loam_span *span = &cache->spans[i];
    if (span->bytes < bytes || span->bytes - bytes < skip_to(span, alignment)) continue;
    if (best == cache->count || span->bytes < cache->spans[best].bytes) best = i;
  }
  if (best == cache->count) return NULL;
  struct loam_span found = cache->spans[best];
  size_t before = skip_to(&found, alignment);
  size_t after = found.bytes - before - bytes;
  size_t pieces = (size_t)(before != 0) + (size_t)(after != 0);
  if (cache->count - 1 + pieces > LOAM_CACHED_SPANS_MAX) return NULL;
  remove_at(cache, best);
  if (before != 0) {
    loam_span_cache_put(cache, (struct loam_span){found.address, before, found.freed_ms});
  }
  if (after != 0) {
    char *rest = found.address + before + bytes;
    loam_span_cache_put(cache, (struct loam_span){rest, after, found.freed_ms});
  }
  return found.address + before;
}

bool loam_span_cache_put(struct loam_span_cache *cache, struct loam_span span) {
  for (size_t i = 0; i < cache->count;) {
    struct loam_span *other = &cache->spans[i];
    bool below = other->address + other->bytes == span.address;
    bool above = span.address + span.bytes == other->address;
    if (!below && !above) {
      i++;
      continue;
    }
    // The age of the larger part: a crumb must not make a large span young.
    if (other->bytes > span.bytes) span.freed_ms = other->freed_ms;
    if (below) span.address = other->address;
    span.bytes += other->bytes;
    remove_at(cache, i);  // puts another span at i: look there again
  }
  if (cache->count == LOAM_CACHED_SPANS_MAX) return false;
  cache->spans[cache->count++] = span;
  cache->bytes += span.bytes;
  return true;
}

bool loam_span_cache_pop_oldest(struct loam_span_cache *cache, struct loam_span *span) {
  return loam_span_cache_pop_expired(cache, UINT64_MAX, span);
}

bool loam_span_cache_pop_expired(struct loam_span_cache *cache, uint64_t freed_ms,
                                 struct loam_span *span) {
  if (cache->count == 0) return false;
  size_t oldest = 0;
  for (size_t i = 1; i < cache->count; i++) {
    if (cache->spans[i].freed_ms < cache->spans[oldest].freed_ms) oldest = i;
  }
  if (cache->spans[oldest].freed_ms > freed_ms) return false;
  *span = cache->spans[oldest];
  remove_at(cache, oldest);
  return true;
}
