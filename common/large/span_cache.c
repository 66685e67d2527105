#include "common/large/span_cache.h"

static void remove_at(struct loam_span_cache *cache, size_t index) {
  cache->bytes -= cache->spans[index].bytes;
  cache->spans[index] = cache->spans[--cache->count];
}

static void add(struct loam_span_cache *cache, char *address, size_t bytes, uint64_t order) {
  if (bytes == 0) return;
  cache->spans[cache->count++] = (struct loam_span){address, bytes, order};
  cache->bytes += bytes;
}

// Bytes to skip at the start of a span to reach the alignment.
static size_t skip_to(const struct loam_span *span, size_t alignment) {
  return -(uintptr_t)span->address & (alignment - 1);
}

// Cuts [before, before + bytes) out of a span, if what is left on both sides
// has room in the table.
static bool cut(struct loam_span_cache *cache, size_t index, size_t before, size_t bytes) {
  struct loam_span span = cache->spans[index];
  size_t after = span.bytes - before - bytes;
  if (cache->count == LOAM_CACHED_SPANS_MAX && before != 0 && after != 0) return false;
  remove_at(cache, index);
  add(cache, span.address, before, span.order);
  add(cache, span.address + before + bytes, after, span.order);
  if (cache->bytes < cache->low_bytes) cache->low_bytes = cache->bytes;
  return true;
}

void *loam_span_cache_take(struct loam_span_cache *cache, size_t bytes, size_t alignment) {
  size_t best = cache->count;
  for (size_t i = 0; i < cache->count; i++) {
    const struct loam_span *span = &cache->spans[i];
    if (span->bytes < bytes || span->bytes - bytes < skip_to(span, alignment)) continue;
    if (best == cache->count || span->bytes < cache->spans[best].bytes) best = i;
  }
  if (best == cache->count) return NULL;
  size_t before = skip_to(&cache->spans[best], alignment);
  char *address = cache->spans[best].address + before;
  return cut(cache, best, before, bytes) ? address : NULL;
}

bool loam_span_cache_take_at(struct loam_span_cache *cache, const void *address, size_t bytes) {
  for (size_t i = 0; i < cache->count; i++) {
    const struct loam_span *span = &cache->spans[i];
    if (span->address == address && span->bytes >= bytes) return cut(cache, i, 0, bytes);
  }
  return false;
}

bool loam_span_cache_put(struct loam_span_cache *cache, void *address, size_t bytes) {
  struct loam_span span = {address, bytes, cache->order_next++};
  for (size_t i = 0; i < cache->count;) {
    const struct loam_span *other = &cache->spans[i];
    bool below = other->address + other->bytes == span.address;
    bool above = span.address + span.bytes == other->address;
    if (!below && !above) {
      i++;
      continue;
    }
    if (below) span.address = other->address;
    span.bytes += other->bytes;
    remove_at(cache, i);  // puts another span at i: look there again
  }
  if (cache->count == LOAM_CACHED_SPANS_MAX) return false;
  add(cache, span.address, span.bytes, span.order);
  return true;
}

bool loam_span_cache_pop(struct loam_span_cache *cache, size_t bytes_max, struct loam_span *span) {
  if (cache->count == 0) return false;
  size_t oldest = 0;
  for (size_t i = 1; i < cache->count; i++) {
    if (cache->spans[i].order < cache->spans[oldest].order) oldest = i;
  }
  *span = cache->spans[oldest];
  remove_at(cache, oldest);
  if (span->bytes > bytes_max) {
    add(cache, span->address, span->bytes - bytes_max, span->order);
    span->address += span->bytes - bytes_max;
    span->bytes = bytes_max;
  }
  if (cache->bytes < cache->low_bytes) cache->low_bytes = cache->bytes;
  return true;
}

size_t loam_span_cache_end_period(struct loam_span_cache *cache) {
  size_t idle = cache->low_bytes;
  cache->low_bytes = cache->bytes;
  return idle;
}
