#include "common/large/large.h"

#include "common/os/os.h"

enum { CAPACITY_LEAST = 128 };

// --- The table: open addressing, linear probing ------------------------------

static size_t home_of(const struct loam_large *large, const void *address) {
  // Fibonacci hashing (Knuth, vol. 3, 6.4) of the page number.
  uint64_t hash = ((uintptr_t)address >> 12) * 0x9e3779b97f4a7c15u;
  return (size_t)(hash >> 32) & (large->capacity - 1);
}

static size_t next_slot(const struct loam_large *large, size_t slot) {
  return (slot + 1) & (large->capacity - 1);
}

static struct loam_large_block *find(struct loam_large *large, const void *address) {
  if (large->count == 0 || address == NULL) return NULL;
  for (size_t slot = home_of(large, address); large->table[slot].address != NULL;
       slot = next_slot(large, slot)) {
    if (large->table[slot].address == address) return &large->table[slot];
  }
  return NULL;
}

static void place(struct loam_large *large, struct loam_large_block block) {
  size_t slot = home_of(large, block.address);
  while (large->table[slot].address != NULL) slot = next_slot(large, slot);
  large->table[slot] = block;
}

static void insert(struct loam_large *large, struct loam_large_block block) {
  place(large, block);
  large->count++;
  block.owner->live_blocks++;
  block.owner->live_bytes += block.bytes;
}

static void erase(struct loam_large *large, struct loam_large_block *block) {
  large->count--;
  block->owner->live_blocks--;
  block->owner->live_bytes -= block->bytes;
  // Close the gap: pull back each later entry whose way from home crosses it.
  size_t gap = (size_t)(block - large->table);
  for (size_t slot = next_slot(large, gap); large->table[slot].address != NULL;
       slot = next_slot(large, slot)) {
    size_t from_home = (slot - home_of(large, large->table[slot].address)) & (large->capacity - 1);
    size_t from_gap = (slot - gap) & (large->capacity - 1);
    if (from_home < from_gap) continue;
    large->table[gap] = large->table[slot];
    gap = slot;
  }
  large->table[gap] = (struct loam_large_block){0};
}

static size_t table_bytes(size_t capacity) {
  return loam_os_round_to_page(capacity * sizeof(struct loam_large_block));
}

// Makes room for one more entry.
static bool make_room(struct loam_large *large) {
  if ((large->count + large->moving + 1) * 2 <= large->capacity) return true;
  struct loam_large old = {.table = large->table, .capacity = large->capacity};
  size_t capacity = old.capacity == 0 ? CAPACITY_LEAST : old.capacity * 2;
  struct loam_large_block *table = loam_os_map(table_bytes(capacity), 1);
  if (table == NULL) return false;
  large->table = table;
  large->capacity = capacity;
  for (size_t slot = 0; slot < old.capacity; slot++) {
    if (old.table[slot].address != NULL) place(large, old.table[slot]);
  }
  if (old.capacity != 0) loam_os_release(old.table, table_bytes(old.capacity));
  return true;
}

// --- Spans -------------------------------------------------------------------

// Gives the memory of spans back that are in nobody's hands any more; true if
// any went.
static bool release_spans(struct loam_large *large, struct loam_span *spans, size_t count) {
  bool any = false;
  for (size_t i = 0; i < count; i++) {
    if (loam_os_release(spans[i].address, spans[i].bytes)) {
      any = true;
      continue;
    }
    // The kernel cannot cut one more mapping: keep the addresses for reuse and
    // give back only the memory. Where the cache is full they are lost.
    any |= loam_os_decommit(spans[i].address, spans[i].bytes);
    loam_lock_acquire(&large->lock);
    loam_span_cache_put(&large->cache, spans[i].address, spans[i].bytes);
    loam_lock_release(&large->lock);
  }
  return any;
}

enum { RELEASE_SPANS_MAX = LOAM_CACHED_SPANS_MAX + 1 };

// Under the lock: puts a span into the cache and takes out what no longer
// fits, for release_spans(). Gives how many.
static size_t cache_span(struct loam_large *large, char *address, size_t bytes,
                         struct loam_span out[RELEASE_SPANS_MAX]) {
  size_t count = 0;
  bool worth = loam_large_keeps(large, bytes);
  while (worth && (large->cache.bytes + bytes > large->cache_bytes_max ||
                   large->cache.count == LOAM_CACHED_SPANS_MAX)) {
    if (!loam_span_cache_pop(&large->cache, SIZE_MAX, &out[count])) break;
    count++;
  }
  if (!worth || !loam_span_cache_put(&large->cache, address, bytes)) {
    out[count++] = (struct loam_span){address, bytes, 0};
  }
  return count;
}

// Under the lock: takes `bytes` out of the cache, for release_spans(). So also
// when as many come new from the kernel: what the cache could not serve must not
// come on top of what it holds.
static size_t take_out(struct loam_large *large, size_t bytes,
                       struct loam_span out[RELEASE_SPANS_MAX]) {
  size_t count = 0;
  while (bytes != 0 && count < RELEASE_SPANS_MAX &&
         loam_span_cache_pop(&large->cache, bytes, &out[count])) {
    bytes -= out[count++].bytes;
  }
  return count;
}

// --- Blocks ------------------------------------------------------------------

void *loam_large_malloc(struct loam_large *large, size_t bytes, size_t alignment,
                        struct loam_large_owner *owner, bool *zeroed) {
  if (bytes > (size_t)PTRDIFF_MAX) return NULL;
  bytes = loam_os_round_to_page(bytes == 0 ? 1 : bytes);
  struct loam_span out[RELEASE_SPANS_MAX];
  size_t out_count = 0;
  loam_lock_acquire(&large->lock);
  char *address = NULL;
  if (make_room(large)) {
    address = loam_span_cache_take(&large->cache, bytes, alignment);
    *zeroed = address == NULL;
    if (address == NULL) {
      out_count = take_out(large, bytes, out);
      address = loam_os_map(bytes, alignment);
    }
  }
  if (address != NULL) {
    insert(large, (struct loam_large_block){address, bytes, owner});
    owner->malloc_calls++;
  }
  loam_lock_release(&large->lock);
  release_spans(large, out, out_count);
  return address;
}

bool loam_large_free(struct loam_large *large, void *address) {
  struct loam_span out[RELEASE_SPANS_MAX];
  size_t out_count = 0;
  loam_lock_acquire(&large->lock);
  struct loam_large_block *block = find(large, address);
  bool found = block != NULL;
  if (found) {
    size_t bytes = block->bytes;
    block->owner->free_calls++;
    erase(large, block);
    out_count = cache_span(large, address, bytes, out);
  }
  loam_lock_release(&large->lock);
  release_spans(large, out, out_count);
  return found;
}

bool loam_large_find(struct loam_large *large, const void *address,
                     struct loam_large_block *block) {
  loam_lock_acquire(&large->lock);
  struct loam_large_block *found = find(large, address);
  if (found != NULL) *block = *found;
  loam_lock_release(&large->lock);
  return found != NULL;
}

void *loam_large_realloc(struct loam_large *large, void *address, size_t bytes) {
  if (bytes > (size_t)PTRDIFF_MAX / 2) return NULL;
  struct loam_span out[RELEASE_SPANS_MAX];
  size_t out_count = 0;
  loam_lock_acquire(&large->lock);
  struct loam_large_block *found = find(large, address);
  if (found == NULL) {
    loam_lock_release(&large->lock);
    return NULL;
  }
  struct loam_large_block old = *found;
  // A block that grows once will grow again: an eighth more of address space
  // costs nothing until it is touched, and is not taken back from one that shrinks by less.
  size_t least = loam_os_round_to_page(bytes);
  if (bytes > old.bytes) bytes += bytes / 8;
  bytes = loam_os_round_to_page(bytes);
  if (bytes <= old.bytes && old.bytes - bytes <= old.bytes / 8) {
    loam_lock_release(&large->lock);
    return address;
  }
  bool grows = bytes > old.bytes;
  size_t more = grows ? bytes - old.bytes : 0;
  if (more != 0 && loam_span_cache_take_at(&large->cache, old.address + old.bytes, more)) {
    found->bytes += more;
    found->owner->live_bytes += more;
    loam_lock_release(&large->lock);
    return address;
  }
  // The kernel may give the old addresses away the moment it moves the pages:
  // nobody may find them in the table then.
  erase(large, found);
  large->moving++;
  loam_lock_release(&large->lock);
  char *moved = loam_os_remap(address, old.bytes, bytes);
  if (moved == NULL && grows) {  // as where address space is limited
    bytes = least;
    moved = loam_os_remap(address, old.bytes, bytes);
  }
  loam_lock_acquire(&large->lock);
  large->moving--;
  if (moved == NULL) {
    insert(large, old);
  } else {
    insert(large, (struct loam_large_block){moved, bytes, old.owner});
    if (grows) out_count = take_out(large, bytes - old.bytes, out);
  }
  loam_lock_release(&large->lock);
  release_spans(large, out, out_count);
  return moved;
}

// The owner's block in the first slot from `slot` on that has one, or NULL.
static char *find_owned(struct loam_large *large, const struct loam_large_owner *owner,
                        size_t *slot) {
  loam_lock_acquire(&large->lock);
  char *address = NULL;
  for (; *slot < large->capacity && address == NULL; (*slot)++) {
    if (large->table[*slot].owner == owner) address = large->table[*slot].address;
  }
  loam_lock_release(&large->lock);
  return address;
}

void loam_large_free_all(struct loam_large *large, struct loam_large_owner *owner) {
  bool any;
  do {  // other threads move entries meanwhile: until a pass finds none
    any = false;
    size_t slot = 0;
    for (char *address; (address = find_owned(large, owner, &slot)) != NULL; any = true) {
      loam_large_free(large, address);
      slot--;  // erasing may have pulled another one there
    }
  } while (any);
}

void loam_large_purge(struct loam_large *large, uint64_t now_ms) {
  struct loam_span out[RELEASE_SPANS_MAX];
  size_t count = 0;
  if (!loam_lock_try(&large->lock)) return;  // whoever holds it comes by again
  if (now_ms >= large->purge_ms) {
    large->purge_ms = now_ms + large->purge_delay_ms;
    count = take_out(large, loam_span_cache_end_period(&large->cache), out);
  }
  loam_lock_release(&large->lock);
  release_spans(large, out, count);
}

bool loam_large_trim(struct loam_large *large, size_t keep) {
  struct loam_span out[RELEASE_SPANS_MAX];
  size_t count = 0;
  loam_lock_acquire(&large->lock);
  if (large->cache.bytes > keep) count = take_out(large, large->cache.bytes - keep, out);
  loam_lock_release(&large->lock);
  return release_spans(large, out, count);
}

// --- Statistics and proof ----------------------------------------------------

void loam_large_owner_stats(struct loam_large *large, const struct loam_large_owner *owner,
                            struct loam_stats *stats) {
  loam_lock_acquire(&large->lock);
  stats->allocated_bytes += owner->live_bytes;
  stats->mapped_bytes += owner->live_bytes;
  stats->live_blocks += owner->live_blocks;
  stats->large_blocks += owner->live_blocks;
  stats->large_bytes += owner->live_bytes;
  stats->malloc_calls += owner->malloc_calls;
  stats->free_calls += owner->free_calls;
  loam_lock_release(&large->lock);
}

void loam_large_shared_stats(struct loam_large *large, struct loam_stats *stats) {
  loam_lock_acquire(&large->lock);
  const struct loam_span_cache *cache = &large->cache;
  size_t table = large->capacity == 0 ? 0 : table_bytes(large->capacity);
  stats->metadata_bytes += table;
  stats->free_bytes += cache->bytes;
  stats->free_blocks += cache->count;
  stats->mapped_bytes += table + cache->bytes;
  for (size_t i = 0; i < cache->count; i++) {
    if (cache->spans[i].bytes > stats->largest_free_bytes) {
      stats->largest_free_bytes = cache->spans[i].bytes;
    }
  }
  loam_lock_release(&large->lock);
}

static const void *check_table(struct loam_large *large) {
  size_t count = 0;
  for (size_t slot = 0; slot < large->capacity; slot++) {
    struct loam_large_block *block = &large->table[slot];
    if (block->address == NULL) continue;
    count++;
    if (find(large, block->address) != block) return block;
  }
  if (count != large->count) return large;
  if ((large->count + large->moving) * 2 > large->capacity) return large;
  return NULL;
}

static const void *check_cache(const struct loam_span_cache *cache) {
  size_t bytes = 0;
  if (cache->count > LOAM_CACHED_SPANS_MAX || cache->low_bytes > cache->bytes) return cache;
  for (size_t i = 0; i < cache->count; i++) {
    const struct loam_span *span = &cache->spans[i];
    bytes += span->bytes;
    for (size_t j = 0; j < i; j++) {
      const struct loam_span *other = &cache->spans[j];
      bool apart = span->address + span->bytes < other->address ||
                   other->address + other->bytes < span->address;
      if (!apart) return span->address;
    }
  }
  return bytes == cache->bytes ? NULL : cache;
}

const void *loam_large_check(struct loam_large *large) {
  loam_lock_acquire(&large->lock);
  const void *broken = check_table(large);
  if (broken == NULL) broken = check_cache(&large->cache);
  loam_lock_release(&large->lock);
  return broken;
}

bool loam_large_check_owner(struct loam_large *large, const struct loam_large_owner *owner) {
  loam_lock_acquire(&large->lock);
  size_t blocks = 0;
  size_t bytes = 0;
  for (size_t slot = 0; slot < large->capacity; slot++) {
    if (large->table[slot].address == NULL || large->table[slot].owner != owner) continue;
    blocks++;
    bytes += large->table[slot].bytes;
  }
  size_t called = owner->malloc_calls - owner->free_calls;
  bool holds = blocks == owner->live_blocks && bytes == owner->live_bytes && called >= blocks &&
               called - blocks <= large->moving;
  loam_lock_release(&large->lock);
  return holds;
}
