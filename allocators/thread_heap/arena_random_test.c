// Arenas by chance: batches of a few classes and spans, taken from any arena
// and put back mixed. A block holds its own number for as long as it is out.

#include "allocators/thread_heap/arena_fixture.h"

enum {
  STEPS = 30000,
  BATCH_MAX = 300,
  CHECK_EVERY = 64,
  PHASE_STEPS = 3000,
  OUT_MAX = 20000,
  SPANS = 20
};

static const unsigned char classes[] = {1, 5, 30, TH_SLAB_CLASSES - 1};
enum { CLASSES = sizeof classes };

// Blocks that are out, of each class.
static struct {
  void *blocks[OUT_MAX];
  size_t count;
} out[CLASSES];

static void *spans[SPANS];

static uint64_t stamp_of(const void *block) { return (uint64_t)(uintptr_t)block * 3; }

static void stamp(void *block) { *(uint64_t *)block = stamp_of(block); }

static bool is_stamped(const void *block) { return *(const uint64_t *)block == stamp_of(block); }

static const char *take(unsigned kind) {
  unsigned count = 1 + (unsigned)chance(BATCH_MAX);
  if (classes[kind] == TH_SLAB_CLASSES - 1) count = 1 + count % 8;
  if (out[kind].count + count > OUT_MAX) return NULL;
  void *batch[BATCH_MAX];
  unsigned taken = th_arena_take(&arenas[chance(ARENAS)], classes[kind], count, batch + count);
  EXPECT(taken >= 1 && taken <= count);
  for (unsigned i = 0; i < taken; i++) {
    void *block = batch[count - 1 - i];
    EXPECT(!is_stamped(block));  // it is nobody's
    stamp(block);
    out[kind].blocks[out[kind].count++] = block;
  }
  return NULL;
}

static const char *put(unsigned kind) {
  size_t count = chance(BATCH_MAX);
  if (count > out[kind].count) count = out[kind].count;
  if (chance(4) == 0) shuffle(out[kind].blocks, out[kind].count);
  void **batch = out[kind].blocks + out[kind].count - count;
  for (size_t i = 0; i < count; i++) {
    EXPECT(is_stamped(batch[i]));
    *(uint64_t *)batch[i] = 0;
  }
  th_arena_put(classes[kind], batch, count);
  out[kind].count -= count;
  return NULL;
}

static const char *change_span(void **span) {
  if (*span == NULL) {
    bool zeroed;
    struct th_slices want = {1 + (unsigned)chance(9), 1u << chance(5), .is_large = chance(2) != 0};
    *span = th_arena_malloc_span(&arenas[chance(ARENAS)], want, &zeroed);
    EXPECT(*span != NULL && (!zeroed || *(uint64_t *)*span == 0));
    stamp(*span);
    return NULL;
  }
  EXPECT(is_stamped(*span));
  struct th_slab *slab = th_slab_around(*span);
  if (chance(2) == 0) {
    th_arena_resize_span(slab, 1 + (unsigned)chance(9));
    return NULL;
  }
  *(uint64_t *)*span = 0;
  th_arena_free(slab, *span);
  *span = NULL;
  return NULL;
}

// More is taken than put, and then the other way round.
static const char *step(bool is_growing) {
  unsigned kind = (unsigned)chance(CLASSES);
  switch (chance(14)) {
    case 0:
      th_arena_age(&arenas[chance(ARENAS)], 0, 0);
      return NULL;
    case 1:
      if (chance(10) == 0) th_arena_trim(&arenas[chance(ARENAS)]);
      th_slices_purge(chance(3));
      return NULL;
    case 2:
      arenas[chance(ARENAS)].kept.limit += 8;  // it had to wait
      return NULL;
    case 3:
    case 4:
      return change_span(&spans[chance(SPANS)]);
    case 5:
      for (int i = 0; i < ARENAS; i++) th_arena_drain(&arenas[i], classes[kind]);
      return NULL;
    default:
      return chance(4) < (is_growing ? 3 : 2) ? take(kind) : put(kind);
  }
}

static const char *put_all(void) {
  for (unsigned kind = 0; kind < CLASSES; kind++) {
    while (out[kind].count != 0) EXPECT_HOLDS(put(kind));
  }
  for (int i = 0; i < SPANS; i++) {
    while (spans[i] != NULL) EXPECT_HOLDS(change_span(&spans[i]));
  }
  return NULL;
}

SCENARIO(ArenasStayWholeByChance) {
  start_arenas();
  for (int i = 0; i < STEPS; i++) {
    EXPECT_HOLDS(step(i / PHASE_STEPS % 2 == 0));
    if (i % CHECK_EVERY == 0) EXPECT_HOLDS(expect_arenas_whole());
  }
  EXPECT_HOLDS(put_all());
  for (int i = 0; i < ARENAS; i++) th_arena_trim(&arenas[i]);
  return expect_nothing_held();
}
