#include "allocators/thread_heap/cache.h"

#include <string.h>

enum {
  CLASS_BYTES_MAX = 131072,  // in one stack, but for COUNT_LEAST blocks
  COUNT_MAX = 1024,
  COUNT_LEAST = 8,
  ROOM_MAX = 128,   // or the slow path would see too little of the time
  COUNT_FIRST = 8,  // before the class is in use for a while; at most COUNT_LEAST
};

static void *const nothing = NULL;

// Until its cache is opened a thread has empty stacks without room.
_Thread_local struct th_local th_local __attribute__((tls_model("initial-exec"))) = {
    .top = {[0 ... TH_SLAB_CLASSES - 1] = (void **)&nothing},
};

// What is the same for all caches.
static struct {
  size_t bytes;  // of a record
  struct {
    uint16_t capacity_max;
    uint16_t slot;  // the bottom of the stack
    uint32_t reciprocal;
  } classes[TH_SLAB_CLASSES];
} shape;

static unsigned capacity_max(unsigned class) { return shape.classes[class].capacity_max; }

void th_cache_set_up(void) {
  size_t slots = 0;
  for (unsigned class = 1; class < TH_SLAB_CLASSES; class ++) {
    size_t count = CLASS_BYTES_MAX / th_class_bytes(class);
    if (count > COUNT_MAX) count = COUNT_MAX;
    if (count < COUNT_LEAST) count = COUNT_LEAST;
    shape.classes[class].capacity_max = (uint16_t)count;
    shape.classes[class].slot = (uint16_t)slots;
    shape.classes[class].reciprocal = th_class_reciprocal(class);
    slots += 1 + count;
  }
  shape.bytes = sizeof(struct th_cache) + slots * sizeof(void *);
}

size_t th_cache_bytes(void) { return shape.bytes + th_quarantine_bytes(); }

// --- Opening and closing -----------------------------------------------------

void th_cache_open(struct th_cache *cache, struct th_arena *arena) {
  cache->local = &th_local;
  cache->arena = arena;
  cache->frees = 0;
  for (unsigned class = 1; class < TH_SLAB_CLASSES; class ++) {
    void **bottom = &cache->slots[shape.classes[class].slot];
    cache->capacity[class] = COUNT_FIRST;
    cache->granted[class] = 0;
    cache->bottom[class] = cache->seen[class] = bottom;
    th_local.top[class] = bottom;
    th_local.free[class] = (struct th_free_limits){0, shape.classes[class].reciprocal};
  }
  th_local.cache = cache;
  if (LOAM_HARDENED) th_local.quarantine = (void *)((char *)cache + shape.bytes);
}

// --- Room --------------------------------------------------------------------

// Counts the frees since the last time, and says how many may come now.
static void grant(struct th_cache *cache, unsigned class) {
  uint32_t room = (uint32_t)(cache->capacity[class] - th_cache_count(cache, class));
  if (room > ROOM_MAX) room = ROOM_MAX;
  cache->frees += cache->granted[class] - cache->local->free[class].room;
  cache->granted[class] = cache->local->free[class].room = room;
}

// Sends home the blocks at the bottom, where the oldest lie, but for `keep`.
static void shrink(struct th_cache *cache, unsigned class, size_t keep) {
  size_t count = th_cache_count(cache, class);
  if (count <= keep) return;
  void **slots = cache->bottom[class] + 1;
  th_arena_put(class, slots, count - keep);
  memmove(slots, slots + (count - keep), keep * sizeof *slots);
  cache->local->top[class] -= count - keep;
}

static void widen(struct th_cache *cache, unsigned class) {
  unsigned most = capacity_max(class);
  unsigned wider = cache->capacity[class] * 2u;
  cache->capacity[class] = (uint16_t)(wider < most ? wider : most);
}

void *th_cache_refill(struct th_cache *cache, unsigned class) {
  unsigned count = (cache->capacity[class] + 1u) / 2;
  void **slots = cache->bottom[class] + 1;
  unsigned taken = th_arena_take(cache->arena, class, count, slots + count);
  if (taken == 0) return NULL;
  // They stand at the end of what they were to fill.
  if (taken < count) memmove(slots, slots + (count - taken), taken * sizeof *slots);
  widen(cache, class);
  cache->local->top[class] = slots + taken - 2;
  grant(cache, class);
  return slots[taken - 1];
}

void th_cache_make_room(struct th_cache *cache, unsigned class) {
  size_t capacity = cache->capacity[class];
  if (th_cache_count(cache, class) > capacity - (capacity + 3) / 4) {
    shrink(cache, class, capacity / 2);
  }
  widen(cache, class);
  grant(cache, class);
}

void th_cache_flush(struct th_cache *cache) {
  if (LOAM_HARDENED) cache->frees += th_quarantine_flush(cache->local->quarantine);
  for (unsigned class = 1; class < TH_SLAB_CLASSES; class ++) {
    shrink(cache, class, 0);
    grant(cache, class);
  }
}

void th_cache_close(struct th_cache *cache) {
  th_cache_flush(cache);
  for (unsigned class = 1; class < TH_SLAB_CLASSES; class ++) {
    th_local.top[class] = (void **)&nothing;
    th_local.free[class].room = 0;
  }
  th_local.cache = NULL;
  th_local.quarantine = NULL;
}

void th_cache_age(struct th_cache *cache) {
  for (unsigned class = 1; class < TH_SLAB_CLASSES; class ++) {
    size_t count = th_cache_count(cache, class);
    if (count != 0 && cache->local->top[class] == cache->seen[class]) {
      shrink(cache, class, count / 2);
      grant(cache, class);
    }
    cache->seen[class] = cache->local->top[class];
  }
}

// --- From outside ------------------------------------------------------------

// Another thread may be changing what these read. Each word is written whole
// and by one thread alone, and a value that is some calls old will do. (Nothing
// instrumented may be called here.)
#define READS_OTHERS __attribute__((no_sanitize("thread")))

READS_OTHERS void th_cache_add_sums(const struct th_cache *cache, struct th_cache_sums *sums) {
  sums->frees += cache->frees;
  if (LOAM_HARDENED) th_quarantine_add_sums(cache->local->quarantine, sums);
  for (unsigned class = 1; class < TH_SLAB_CLASSES; class ++) {
    size_t count = (size_t)(cache->local->top[class] - cache->bottom[class]);
    uint32_t freed = cache->granted[class] - cache->local->free[class].room;
    if (count <= COUNT_MAX) sums->blocks[class] += count;
    if (freed <= COUNT_MAX) sums->frees += freed;
  }
}

READS_OTHERS bool th_cache_holds(const struct th_cache *cache, unsigned class, const void *block) {
  void **slots = cache->bottom[class] + 1;
  size_t count = (size_t)(cache->local->top[class] - cache->bottom[class]);
  for (size_t i = 0; i < count && i < shape.classes[class].capacity_max; i++) {
    if (slots[i] == block) return true;
  }
  return false;
}

static bool check_class(const struct th_cache *cache, unsigned class) {
  size_t count = th_cache_count(cache, class);
  if (*cache->bottom[class] != NULL) return th_complain(cache, "cache without a bottom");
  if (count + cache->local->free[class].room > cache->capacity[class] ||
      cache->capacity[class] > capacity_max(class)) {
    return th_complain(cache, "cache over its capacity");
  }
  for (size_t i = 1; i <= count; i++) {
    const void *block = cache->bottom[class][i];
    const struct th_slab *slab = th_slab_around(block);
    if (slab == NULL || slab->class != class) return th_complain(block, "strayed block in a cache");
    int number = th_block_number(slab, block);
    if (number < 0) return th_complain(block, "cached address that is no block");
    if (th_block_is_free(slab, (unsigned)number)) {
      return th_complain(block, "cached block that is free in its slab");
    }
  }
  return true;
}

bool th_cache_check(const struct th_cache *cache) {
  for (unsigned class = 1; class < TH_SLAB_CLASSES; class ++) {
    if (!check_class(cache, class)) return false;
  }
  return true;
}
