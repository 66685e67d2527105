#include "allocators/thread_heap/cache.h"

#include <string.h>

#include "allocators/thread_heap/sampling.h"
#include "common/os/os.h"

enum {
  CLASS_BYTES_MAX = 524288,  // in one stack, but for COUNT_LEAST blocks
  // More keep the disorder in which they were freed, where slabs put it right.
  COUNT_MAX = 2047,
  LIMITS_BYTES_MAX = 3 << 20,  // that limits are widened to, all stacks of a thread together
  COUNT_LEAST = 8,
  ROOM_MAX = 128,                    // or the slow path would see too little of the time
  ROOM_BYTES_MAX = 4096,             // where blocks go home; at least ROOM_LEAST
  ROOM_BYTES_WHEN_BUSY_MAX = 16384,  // the same where time is looked at often enough
  ROOM_LEAST = 1,
  LIMIT_FIRST = 8,  // or fewer, of LIMIT_BYTES_FIRST
  LIMIT_BYTES_FIRST = 4096,
  LIMIT_LEAST = 1,
  BATCH_MAX = 128,  // blocks of a refill, as long as none went home
  BATCH_BYTES_MAX = 8192,
  REFILL_MAX = 512,  // blocks, where some went home; or REFILL_BYTES_MAX
  REFILL_BYTES_MAX = 65536,
  SENT_MAX = 1024,     // blocks that go home under one lock
  FREES_PER_SENT = 8,  // or more, and it is right that some blocks go home
  STRANGERS = 16,
};

// Capacities of the tiers of a stack: for a class in little use; for pairs of malloc and free,
// which need room alone; for bursts. The slots of the last are mapped when they are wanted.
enum { TIERS = 3, WIDE = TIERS - 1 };
static const uint16_t tier_capacities[TIERS] = {16, 32 + ROOM_MAX, COUNT_MAX};

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
    uint16_t room_when_sending;
    uint16_t room_when_busy;  // and sending
    uint16_t limit_first;
    uint32_t reciprocal;
    uint32_t slots[WIDE];  // the bottoms of the stacks
  } classes[TH_SLAB_CLASSES];
} shape;

static unsigned capacity_max(unsigned class) { return shape.classes[class].capacity_max; }

static unsigned tier_capacity(unsigned class, unsigned tier) {
  unsigned most = capacity_max(class);
  if (tier == 0) most = shape.classes[class].limit_first + shape.classes[class].room_when_sending;
  return tier_capacities[tier] < most ? tier_capacities[tier] : most;
}

// So many blocks of a class as come to so many bytes, but `least` and at most `most`.
static uint16_t count_of_bytes(unsigned class, size_t bytes, size_t least, size_t most) {
  size_t count = bytes / th_class_bytes(class);
  if (count > most) count = most;
  return (uint16_t)(count < least ? least : count);
}

static unsigned batch_max(unsigned class) {
  return count_of_bytes(class, BATCH_BYTES_MAX, 1, BATCH_MAX);
}

void th_cache_set_up(void) {
  for (unsigned class = 1; class < TH_SLAB_CLASSES; class ++) {
    shape.classes[class].capacity_max =
        count_of_bytes(class, CLASS_BYTES_MAX, COUNT_LEAST, COUNT_MAX);
    shape.classes[class].limit_first =
        count_of_bytes(class, LIMIT_BYTES_FIRST, LIMIT_LEAST, LIMIT_FIRST);
    shape.classes[class].room_when_sending =
        count_of_bytes(class, ROOM_BYTES_MAX, ROOM_LEAST, ROOM_MAX);
    shape.classes[class].room_when_busy =
        count_of_bytes(class, ROOM_BYTES_WHEN_BUSY_MAX, ROOM_LEAST, ROOM_MAX);
    shape.classes[class].reciprocal = th_class_reciprocal(class);
  }
  uint32_t slots = 0;
  for (unsigned tier = 0; tier < WIDE; tier++) {
    for (unsigned class = 1; class < TH_SLAB_CLASSES; class ++) {
      shape.classes[class].slots[tier] = slots;
      slots += 1 + tier_capacity(class, tier);
    }
  }
  shape.bytes = sizeof(struct th_cache) + slots * sizeof(void *);
}

// Behind the slots, where the level has one.
static struct th_quarantine *quarantine_of(const struct th_cache *cache) {
  return (struct th_quarantine *)((uintptr_t)cache + shape.bytes);
}

static size_t sampler_bytes(void) { return th_sampling.is_on ? sizeof(struct th_sampler) : 0; }

size_t th_cache_bytes(void) { return shape.bytes + th_quarantine_bytes() + sampler_bytes(); }

static size_t wide_bytes(unsigned class) {
  return loam_os_round_to_page((1 + capacity_max(class)) * sizeof(void *));
}

// The slots of a stack in a tier; NULL without memory for them.
static void **slots_in(struct th_cache *cache, unsigned class, unsigned tier) {
  if (tier != WIDE) return &cache->slots[shape.classes[class].slots[tier]];
  if (cache->wide[class] == NULL) {
    cache->wide[class] = th_record_map(wide_bytes(class));
    if (cache->wide[class] != NULL) cache->wide_bytes += wide_bytes(class);
  }
  return cache->wide[class];
}

static void set_limit(struct th_cache *cache, unsigned class, unsigned limit) {
  cache->limits_bytes += limit * th_class_bytes(class);
  cache->limits_bytes -= cache->limit[class] * th_class_bytes(class);
  cache->limit[class] = (uint16_t)limit;
}

// --- Opening and closing -----------------------------------------------------

void th_cache_open(struct th_cache *cache, struct th_arena *arena) {
  cache->local = &th_local;
  cache->arena = arena;
  cache->frees = cache->limits_bytes = 0;
  cache->is_busy = true;  // until the time is known
  for (unsigned class = 1; class < TH_SLAB_CLASSES; class ++) {
    void **bottom = &cache->slots[shape.classes[class].slots[0]];
    cache->capacity[class] = (uint16_t)tier_capacity(class, 0);
    cache->limit[class] = 0;
    set_limit(cache, class, shape.classes[class].limit_first);
    cache->batch[class] = 1;
    cache->sent[class] = cache->freed[class] = cache->counted[class] = 0;
    cache->is_sending[class] = false;
    cache->strangers[class] = th_class_bytes(class) <= TH_LINE_BYTES ? STRANGERS : 0;
    cache->granted[class] = 0;
    cache->bottom[class] = cache->seen[class] = bottom;
    th_local.top[class] = bottom;
    th_local.free[class] = (struct th_free_limits){.reciprocal = shape.classes[class].reciprocal,
                                                   .offset_mask = th_class_offset_mask(class)};
  }
  cache->sampler = NULL;
  if (th_sampling.is_on) {
    cache->sampler = (struct th_sampler *)((uintptr_t)cache + shape.bytes + th_quarantine_bytes());
    memset(cache->sampler, 0, sizeof *cache->sampler);
  }
  th_local.cache = cache;
  if (LOAM_HARDENED) th_local.quarantine = quarantine_of(cache);
}

// Moves a stack to the first tier with such a capacity, if it is not there; without memory, to the
// one before.
static void reserve(struct th_cache *cache, unsigned class, size_t capacity) {
  if (cache->capacity[class] >= capacity) return;
  unsigned tier = 1;
  while (tier < WIDE && tier_capacity(class, tier) < capacity) tier++;
  void **bottom = slots_in(cache, class, tier);
  if (bottom == NULL) bottom = slots_in(cache, class, --tier);
  if (cache->capacity[class] >= tier_capacity(class, tier)) return;
  size_t count = th_cache_count(cache, class);
  memcpy(bottom + 1, cache->bottom[class] + 1, count * sizeof *bottom);
  cache->bottom[class] = bottom;
  cache->local->top[class] = bottom + count;
  cache->capacity[class] = (uint16_t)tier_capacity(class, tier);
}

// --- Room --------------------------------------------------------------------

static uint16_t add_up(uint16_t sum, size_t more) {
  return more < (size_t)UINT16_MAX - sum ? (uint16_t)(sum + more) : UINT16_MAX;
}

// Counts the frees since the last time, and says how many may come now.
static void grant(struct th_cache *cache, unsigned class) {
  size_t count = th_cache_count(cache, class);
  uint32_t room = (uint32_t)(cache->capacity[class] - count);
  uint32_t most = shape.classes[class].room_when_sending;
  if (cache->is_busy)
    most = cache->is_sending[class] ? shape.classes[class].room_when_busy : ROOM_MAX;
  if (room > most) room = most;
  if (cache->strangers[class] != 0) room = 0;
  uint32_t frees = cache->granted[class] - cache->local->free[class].room;
  cache->frees += frees;
  cache->freed[class] = add_up(cache->freed[class], frees);
  cache->granted[class] = room;
  cache->counted[class] = (uint16_t)count;
  cache->local->free[class].room = (uint16_t)room;
}

static void reserve_room(struct th_cache *cache, unsigned class, unsigned limit) {
  unsigned wanted = limit + ROOM_MAX;
  reserve(cache, class, wanted < capacity_max(class) ? wanted : capacity_max(class));
}

static bool disarm(struct th_cache *cache, unsigned class) {
  return cache->sampler != NULL && th_disarm(cache, class);
}

// Sends home the blocks at the bottom, where the oldest lie, but for `keep`; how many went.
static size_t shrink(struct th_cache *cache, unsigned class, size_t keep) {
  size_t count = th_cache_count(cache, class);
  if (count <= keep) return 0;
  void **slots = cache->bottom[class] + 1;
  size_t sent = count - keep;
  for (size_t done = 0; done < sent; done += SENT_MAX) {
    th_arena_put(class, slots + done, sent - done < SENT_MAX ? sent - done : SENT_MAX);
  }
  memmove(slots, slots + sent, keep * sizeof *slots);
  cache->local->top[class] -= sent;
  return sent;
}

static void narrow(struct th_cache *cache, unsigned class) {
  unsigned first = shape.classes[class].limit_first;
  unsigned limit = cache->limit[class];
  if (limit == first) return;
  bool was_armed = disarm(cache, class);
  set_limit(cache, class, limit / 2 > first ? limit / 2 : first);
  shrink(cache, class, cache->limit[class]);
  grant(cache, class);
  if (was_armed) th_arm(cache, class, true);
}

// Halves the limits of other classes, one after the other and not always the same, until so much
// is left of what all may have together: one that is in use will get it back. False where it is
// not to be had.
static bool get_share(struct th_cache *cache, unsigned class, size_t bytes) {
  for (unsigned i = 1; i < TH_SLAB_CLASSES; i++) {
    if (cache->limits_bytes + bytes <= LIMITS_BYTES_MAX) return true;
    cache->last_narrowed = (uint8_t)(cache->last_narrowed % (TH_SLAB_CLASSES - 1) + 1);
    if (cache->last_narrowed != class) narrow(cache, cache->last_narrowed);
  }
  return cache->limits_bytes + bytes <= LIMITS_BYTES_MAX;
}

// By what did not stay, but to twice as many at most.
static void widen(struct th_cache *cache, unsigned class) {
  unsigned limit = cache->limit[class];
  unsigned most = capacity_max(class);
  unsigned wider = limit + (cache->sent[class] < limit ? cache->sent[class] : limit);
  if (wider > most) wider = most;
  if (!get_share(cache, class, (wider - limit) * th_class_bytes(class))) wider = limit;
  reserve_room(cache, class, wider);
  if (wider <= cache->capacity[class]) set_limit(cache, class, wider);
}

// Blocks are wanted from the arena. Where many of those that were freed went there before,
// more of them should have stayed; where none did, more will be wanted.
static void learn(struct th_cache *cache, unsigned class) {
  if (cache->sent[class] == 0) {
    unsigned batch = cache->batch[class] * 2u;
    if (batch <= batch_max(class)) cache->batch[class] = (uint16_t)batch;
  } else {
    if (cache->sent[class] * FREES_PER_SENT > cache->freed[class]) widen(cache, class);
    unsigned batch = (cache->limit[class] + 1u) / 2;
    unsigned most = count_of_bytes(class, REFILL_BYTES_MAX, 1, REFILL_MAX);
    cache->batch[class] = (uint16_t)(batch < most ? batch : most);
  }
  cache->sent[class] = cache->freed[class] = 0;
  cache->is_sending[class] = false;
}

void *th_cache_refill(struct th_cache *cache, unsigned class) {
  grant(cache, class);
  learn(cache, class);
  // A fresh slab has such a line: none is left in its bin untouched.
  bool is_line = cache->strangers[class] != 0 && th_class_shares_lines(class) && !LOAM_HARDENED;
  cache->strangers[class] = 0;
  unsigned count = is_line ? TH_LINE_BLOCKS_MAX : cache->batch[class];
  reserve(cache, class, count);
  if (count > cache->capacity[class]) count = cache->capacity[class];
  void **slots = cache->bottom[class] + 1;
  unsigned taken = is_line ? th_arena_take_line(cache->arena, class, slots + count) : 0;
  if (taken == 0) {
    unsigned wanted = cache->batch[class] < count ? cache->batch[class] : count;
    taken = th_arena_take(cache->arena, class, wanted, slots + count);
  }
  if (taken == 0) return NULL;
  // They stand at the end of what they were to fill.
  if (taken < count) memmove(slots, slots + (count - taken), taken * sizeof *slots);
  cache->local->top[class] = slots + taken - 2;
  grant(cache, class);
  return slots[taken - 1];
}

bool th_cache_turn_away(struct th_cache *cache, unsigned class, void *block) {
  if (cache->strangers[class] == 0) return false;
  cache->strangers[class]--;
  cache->frees++;
  th_arena_put(class, &block, 1);
  return true;
}

void th_cache_make_room(struct th_cache *cache, unsigned class) {
  size_t limit = cache->limit[class];
  size_t count = th_cache_count(cache, class);
  size_t granted = cache->granted[class];
  bool is_pairs = count < cache->counted[class] + (granted + 1) / 2;
  grant(cache, class);
  if (count >= limit) {
    // The second time without a refill, nothing of it seems to be wanted.
    size_t sent = shrink(cache, class, cache->sent[class] == 0 ? limit / 2 : 0);
    cache->sent[class] = add_up(cache->sent[class], sent);
    cache->is_sending[class] = true;
  } else if (granted != 0) {  // else there was none yet
    // Pairs of malloc and free need no blocks, but room.
    reserve_room(cache, class, (unsigned)limit);
    if (is_pairs) cache->is_sending[class] = false;
  }
  // What was freed was handed out again, for the most part: it may come from other slabs as well.
  if (is_pairs) th_arena_drain(cache->arena, class);
  grant(cache, class);
}

// Gives back the memory of slots, where there are many and none is taken.
static void trim_slots(struct th_cache *cache, unsigned class) {
  if (cache->wide[class] == NULL || th_cache_count(cache, class) != 0) return;
  loam_os_decommit(cache->wide[class], wide_bytes(class));
}

void th_cache_flush(struct th_cache *cache) {
  if (LOAM_HARDENED) cache->frees += th_quarantine_flush(quarantine_of(cache));
  for (unsigned class = 1; class < TH_SLAB_CLASSES; class ++) {
    bool was_armed = disarm(cache, class);
    shrink(cache, class, 0);
    set_limit(cache, class, shape.classes[class].limit_first);
    grant(cache, class);
    trim_slots(cache, class);
    if (was_armed) th_arm(cache, class, true);
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

void th_cache_release_slots(struct th_cache *cache) {
  for (unsigned class = 1; class < TH_SLAB_CLASSES; class ++) {
    if (cache->wide[class] != NULL) th_record_release(cache->wide[class], wide_bytes(class));
    cache->wide[class] = NULL;
  }
  cache->wide_bytes = 0;
}

void th_cache_age(struct th_cache *cache) {
  for (unsigned class = 1; class < TH_SLAB_CLASSES; class ++) {
    bool was_armed = disarm(cache, class);
    if (cache->local->top[class] == cache->seen[class]) {
      shrink(cache, class, th_cache_count(cache, class) / 2);
      set_limit(cache, class, (cache->limit[class] + shape.classes[class].limit_first) / 2u);
      grant(cache, class);
      trim_slots(cache, class);
    }
    cache->seen[class] = cache->local->top[class];
    if (was_armed) th_arm(cache, class, true);
  }
}

// --- From outside ------------------------------------------------------------

// Another thread may be changing what these read. Each word is written whole
// and by one thread alone, and a value that is some calls old will do. (Nothing
// instrumented may be called here.)
#define READS_OTHERS __attribute__((no_sanitize("thread")))

READS_OTHERS void th_cache_add_sums(const struct th_cache *cache, struct th_cache_sums *sums) {
  sums->frees += cache->frees;
  sums->slots_bytes += cache->wide_bytes;
  if (LOAM_HARDENED) th_quarantine_add_sums(quarantine_of(cache), sums);
  for (unsigned class = 1; class < TH_SLAB_CLASSES; class ++) {
    size_t count = (size_t)(cache->local->top[class] - cache->bottom[class]);
    uint32_t freed = cache->granted[class] - cache->local->free[class].room;
    if (cache->sampler != NULL) freed -= cache->sampler->classes[class].held;
    if (count <= shape.classes[class].capacity_max) sums->blocks[class] += count;
    if (freed <= ROOM_MAX) sums->frees += freed;
  }
}

READS_OTHERS bool th_cache_holds(const struct th_cache *cache, unsigned class, const void *block) {
  void **const bottom = cache->bottom[class];
  void **const top = cache->local->top[class];
  // (A stack that moves meanwhile has its ends in two places.)
  size_t count = (size_t)(top - bottom);
  if (count > shape.classes[class].capacity_max) return false;
  for (size_t i = 1; i <= count; i++) {
    if (bottom[i] == block) return cache->bottom[class] == bottom;
  }
  return cache->sampler != NULL && cache->sampler->classes[class].aside == block;
}

static bool check_class(const struct th_cache *cache, unsigned class) {
  size_t count = th_cache_count(cache, class);
  if (cache->strangers[class] != 0 && (count != 0 || cache->local->free[class].room != 0)) {
    return th_complain(cache, "cache that keeps strangers");
  }
  if (*cache->bottom[class] != NULL) return th_complain(cache, "cache without a bottom");
  if (count + cache->local->free[class].room > cache->capacity[class] ||
      cache->capacity[class] > capacity_max(class) || cache->limit[class] == 0 ||
      cache->limit[class] > cache->capacity[class]) {
    return th_complain(cache, "cache over its capacity");
  }
  if (cache->sampler != NULL && !th_sampler_check(cache, class)) return false;
  for (size_t i = 1; i <= count; i++) {
    const void *block = cache->bottom[class][i];
    if (cache->sampler != NULL &&
        &cache->bottom[class][i] == cache->sampler->classes[class].marker) {
      block = cache->sampler->classes[class].aside;
    }
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
  size_t limits_bytes = 0;
  size_t slots_bytes = 0;
  for (unsigned class = 1; class < TH_SLAB_CLASSES; class ++) {
    if (!check_class(cache, class)) return false;
    limits_bytes += cache->limit[class] * th_class_bytes(class);
    if (cache->wide[class] != NULL) slots_bytes += wide_bytes(class);
  }
  if (slots_bytes != cache->wide_bytes) {
    return th_complain(cache, "cache with slots that do not add up");
  }
  if (limits_bytes != cache->limits_bytes || limits_bytes > LIMITS_BYTES_MAX) {
    return th_complain(cache, "cache with limits that do not add up");
  }
  return true;
}
