#include "common/boundary_tag/segment.h"

#include "common/os/os.h"

// Under the lock: a record, or NULL.
static struct segment *take_record(struct segment_pool *pool) {
  struct segment *record = pool->free;
  if (record != NULL) {
    pool->free = record->next;
    return record;
  }
  if (pool->unused == pool->unused_end) {
    size_t bytes = loam_os_page_size();
    struct segment *page = loam_os_map(bytes, 1);
    if (page == NULL) return NULL;
    pool->record_bytes += bytes;
    pool->unused = page;
    pool->unused_end = page + bytes / sizeof *page;
  }
  return pool->unused++;
}

static void put_record(struct segment_pool *pool, struct segment *record) {
  loam_lock_acquire(&pool->lock);
  record->next = pool->free;
  pool->free = record;
  loam_lock_release(&pool->lock);
}

struct segment *loam_segment_create(struct segment_pool *pool, struct arena *arena) {
  loam_lock_acquire(&pool->lock);
  struct segment *segment = take_record(pool);
  loam_lock_release(&pool->lock);
  if (segment == NULL) return NULL;
  char *base = loam_os_map(SEGMENT_BYTES, SEGMENT_BYTES);
  if (base == NULL) {
    put_record(pool, segment);
    return NULL;
  }
  *segment = (struct segment){.base = base, .bytes = SEGMENT_BYTES, .arena = arena};
  if (!loam_page_map_set(&pool->map, base, segment)) {
    loam_os_release(base, SEGMENT_BYTES);
    put_record(pool, segment);
    return NULL;
  }
  return segment;
}

bool loam_segment_destroy(struct segment_pool *pool, struct segment *segment) {
  char *base = segment->base;
  // Out of the map first: the kernel may give the addresses to another thread
  // at once. (A leaf that exists can always be set.)
  loam_page_map_set(&pool->map, base, NULL);
  if (!loam_os_release(base, SEGMENT_BYTES)) {
    loam_page_map_set(&pool->map, base, segment);
    return false;
  }
  put_record(pool, segment);
  return true;
}

size_t loam_segment_pool_bytes(struct segment_pool *pool) {
  loam_lock_acquire(&pool->lock);
  size_t bytes = pool->record_bytes + loam_page_map_bytes(&pool->map);
  loam_lock_release(&pool->lock);
  return bytes;
}
