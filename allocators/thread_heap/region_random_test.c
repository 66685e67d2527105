// The region against a model of it: a byte for each slice, and by chance what
// its callers may do. Each slice that is taken holds the number it was taken under.

#include "allocators/thread_heap/region_fixture.h"

enum {
  SLICES = 400,  // to play with
  COUNT_MAX = 12,
  STEPS = 40000,
  CHECK_EVERY = 16,
};

struct range {
  struct th_slab *slab;  // NULL: none
  unsigned count;
  uint64_t stamp;
};

static struct range ranges[SLICES / 2];
static unsigned char taken[SLICES];  // by the model
static uint64_t stamps;

static size_t slices_taken(void) {
  size_t sum = 0;
  for (size_t i = 0; i < SLICES; i++) sum += taken[i];
  return sum;
}

static size_t place_of(const struct th_slab *slab) {
  return (size_t)(slab - th_region.records) - th_region.first;
}

// First and last word of each slice.
static void stamp(struct th_slab *slab, unsigned count, uint64_t value) {
  for (unsigned i = 0; i < count; i++) {
    uint64_t *words = (uint64_t *)(void *)th_slab_start(slab + i);
    words[0] = words[TH_SLICE_BYTES / 8 - 1] = value;
  }
}

static bool is_stamped(struct th_slab *slab, unsigned count, uint64_t value) {
  for (unsigned i = 0; i < count; i++) {
    const uint64_t *words = (const uint64_t *)(void *)th_slab_start(slab + i);
    if (words[0] != value || words[TH_SLICE_BYTES / 8 - 1] != value) return false;
  }
  return true;
}

static const char *expect_taken(struct th_slab *slab, unsigned count) {
  size_t place = place_of(slab);
  EXPECT(place + count <= SLICES);
  for (unsigned i = 0; i < count; i++) {
    EXPECT(!taken[place + i]);
    taken[place + i] = 1;
  }
  return NULL;
}

static const char *take(struct range *range) {
  range->count = 1 + (unsigned)chance(COUNT_MAX);
  if (slices_taken() > SLICES / 2) return NULL;  // so that there always is a run
  size_t fresh;
  range->slab = take_fresh(range->count, &fresh);
  EXPECT(range->slab != NULL);
  EXPECT_HOLDS(expect_taken(range->slab, range->count));
  EXPECT(fresh < range->count || is_stamped(range->slab, range->count, 0));
  range->stamp = ++stamps;
  stamp(range->slab, range->count, range->stamp);
  return NULL;
}

static const char *grow(struct range *range) {
  if (!th_slices_take_at(range->slab + range->count, 1)) return NULL;
  EXPECT_HOLDS(expect_taken(range->slab + range->count, 1));
  stamp(range->slab + range->count, 1, range->stamp);
  range->count++;
  return NULL;
}

static const char *give(struct range *range) {
  EXPECT(is_stamped(range->slab, range->count, range->stamp));
  memset(&taken[place_of(range->slab)], 0, range->count);
  th_slices_give(range->slab, range->count);
  range->slab = NULL;
  return NULL;
}

static const char *step(void) {
  struct range *range = &ranges[chance(SLICES / 2)];
  switch (chance(40)) {
    case 0:
      th_slices_age(0, 0);
      return NULL;
    case 1:
      th_slices_purge(chance(20));
      return NULL;
    case 2:
      th_slices_purge_but(chance(100));
      return NULL;
    default:
      if (range->slab == NULL) return take(range);
      return chance(8) == 0 ? grow(range) : give(range);
  }
}

static const char *run(void) {
  for (int i = 0; i < STEPS; i++) {
    EXPECT_HOLDS(step());
    if (i % CHECK_EVERY != 0) continue;
    EXPECT(th_region_check() == NULL);
    size_t known = atomic_load_explicit(&th_region.limit, memory_order_relaxed) - th_region.first;
    EXPECT(th_region.dirty_count + th_region.clean_count == known - slices_taken());
  }
  return NULL;
}

static void start(void) {
  start_region();
  memset(ranges, 0, sizeof ranges);
  memset(taken, 0, sizeof taken);
}

SCENARIO(ChanceFindsNoDifference) {
  start();
  return run();
}

static bool failing_now_and_then(enum loam_os_call call, size_t bytes) {
  (void)bytes;
  return call == LOAM_OS_DECOMMIT && chance(3) == 0;
}

SCENARIO(NorWhereTheKernelRefusesToTakeMemoryBack) {
  start();
  loam_os_set_fault_hook(failing_now_and_then);
  const char *fault = run();
  fail_nothing();
  return fault;
}
