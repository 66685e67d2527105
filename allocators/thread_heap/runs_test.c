// The search for runs of free slices: it finds what a look at each slice would, and is right
// about where not to look.

#include "allocators/thread_heap/runs.h"

#include "allocators/thread_heap/region_fixture.h"

enum {
  SECTION_SLICES = TH_GROUP_SLICES * TH_SECTION_GROUPS,
  SLICES = SECTION_SLICES + 6 * TH_SPAN_SLICES_MAX,  // over the end of a section
  STEPS = 6000,
  CHECK_EVERY = 200,
};

static size_t first;  // of SLICES that are taken

static void start(void) {
  start_region();
  first = (size_t)(take_slices(TH_SPAN_SLICES_MAX) - th_region.records);
  for (int i = TH_SPAN_SLICES_MAX; i < SLICES; i += TH_SPAN_SLICES_MAX) {
    take_slices(TH_SPAN_SLICES_MAX);
  }
  while (th_region.clean_count != 0) take_slices(1);
}

static void give(size_t from, unsigned count) {
  th_slices_give(&th_region.records[first + from], count);
}

static bool is_free(enum th_kind kind, size_t slice) {
  uint64_t bits = th_region.dirty[slice / 64];
  if (kind == TH_FREE) bits |= th_region.clean[slice / 64];
  return (bits >> slice % 64 & 1) != 0;
}

// By a look at each slice.
static size_t plain_find(enum th_kind kind, size_t count, size_t alignment) {
  size_t limit = atomic_load_explicit(&th_region.limit, memory_order_relaxed);
  size_t run = 0;
  for (size_t slice = th_region.first; slice < limit; slice++) {
    run = is_free(kind, slice) ? run + 1 : 0;
    if (run < count) continue;
    size_t at = (slice + 1 - run + alignment - 1) / alignment * alignment;
    if (at + count <= slice + 1) return at;
  }
  return 0;
}

static const char *expect_found(enum th_kind kind, size_t count, size_t alignment) {
  size_t plain = plain_find(kind, count, alignment);
  EXPECT(th_runs_find(kind, count, alignment) == plain);
  EXPECT(th_runs_find(kind, count, alignment) == plain);  // and what the first one left behind
  return NULL;
}

static const char *expect_all_found(size_t count) {
  EXPECT_HOLDS(expect_found(TH_DIRTY, count, 1));
  EXPECT_HOLDS(expect_found(TH_FREE, count, 1));
  EXPECT_HOLDS(expect_found(TH_FREE, count, 4));
  return expect_found(TH_DIRTY, TH_WIDE_SLICES, TH_WIDE_SLICES);
}

// --- Ends --------------------------------------------------------------------

SCENARIO(ARunOverTheEndOfAGroupOrASectionIsFound) {
  const size_t ends[] = {TH_GROUP_SLICES, SECTION_SLICES};
  for (unsigned i = 0; i < 2; i++) {
    for (unsigned before = 0; before <= 70; before += 35) {
      start();
      size_t from = ends[i] - first % ends[i] - before;
      give(from, 70);
      EXPECT_HOLDS(expect_all_found(70));
      EXPECT_HOLDS(expect_all_found(71));
      // Its beginning goes: what is left begins elsewhere.
      EXPECT(take_slices(20) == &th_region.records[first + from]);
      EXPECT_HOLDS(expect_all_found(50));
      EXPECT_HOLDS(expect_all_found(51));
    }
  }
  return NULL;
}

SCENARIO(PiecesBecomeARunOfTheGreatestLength) {
  start();
  for (unsigned at = 0; at < 2 * TH_SPAN_SLICES_MAX; at += 64) give(100 + at, 64);
  EXPECT(th_runs_check());
  EXPECT(th_runs_find(TH_DIRTY, TH_SPAN_SLICES_MAX, 1) == first + 100);
  EXPECT(take_slices(TH_SPAN_SLICES_MAX) == &th_region.records[first + 100]);
  EXPECT(th_runs_find(TH_DIRTY, TH_SPAN_SLICES_MAX, 1) == first + 100 + TH_SPAN_SLICES_MAX);
  return expect_all_found(TH_SPAN_SLICES_MAX - 1);
}

// The first place that is aligned lies after the run's beginning, and its end after a group's.
SCENARIO(TheLongestRunIsFoundAlignedToo) {
  enum { ALIGNMENT = 128 };
  for (unsigned odd = 1; odd < ALIGNMENT; odd += 42) {
    start();
    size_t from = ALIGNMENT - first % ALIGNMENT + odd;
    for (unsigned done = 0; done < TH_SPAN_SLICES_MAX + ALIGNMENT; done += ALIGNMENT) {
      give(from + done, ALIGNMENT);
    }
    EXPECT_HOLDS(expect_found(TH_DIRTY, TH_SPAN_SLICES_MAX, ALIGNMENT));
    EXPECT(th_runs_find(TH_DIRTY, TH_SPAN_SLICES_MAX, ALIGNMENT) != 0);
  }
  return NULL;
}

// --- Where not to look -------------------------------------------------------

static size_t base;  // the first group after a free slice, which has searches begin before it

static const struct th_section *section(void) {
  return &th_region.sections[(first + base) / SECTION_SLICES];
}

static const struct th_summary *group(void) {
  return &section()->groups[(first + base) / TH_GROUP_SLICES % TH_SECTION_GROUPS];
}

static void start_in_group(void) {
  start();
  give(0, 1);
  base = TH_GROUP_SLICES - first % TH_GROUP_SLICES;
}

SCENARIO(ASearchInVainTellsTheNext) {
  start_in_group();
  for (size_t i = 0; i < 100; i++) give(base + 2 * i, 1);
  give(base + 250, 3);
  give(base + 253, 3);
  EXPECT(take_slices(6) == &th_region.records[first + base + 250]);
  EXPECT(group()->longest[TH_DIRTY] == 6 && section()->all.longest[TH_DIRTY] == 6);
  EXPECT(th_runs_find(TH_DIRTY, 2, 1) == 0);
  EXPECT(group()->longest[TH_DIRTY] == 1 && section()->all.longest[TH_DIRTY] == 1);
  EXPECT(th_runs_check());
  give(base + 1, 1);  // between two that are free
  EXPECT(group()->longest[TH_DIRTY] == 3 && section()->all.longest[TH_DIRTY] == 3);
  return expect_all_found(3);
}

SCENARIO(ASearchForAWideSlabInVainTellsTheNext) {
  start_in_group();
  give(base + 1, 6);
  EXPECT(!group()->has_wide[TH_DIRTY]);
  give(base + 7, 1);
  EXPECT(group()->has_wide[TH_DIRTY] && section()->all.has_wide[TH_DIRTY]);
  EXPECT(take_slices(7) == &th_region.records[first + base + 1]);
  EXPECT(th_runs_find(TH_DIRTY, TH_WIDE_SLICES, TH_WIDE_SLICES) == 0);
  EXPECT(!group()->has_wide[TH_DIRTY] && !section()->all.has_wide[TH_DIRTY]);
  return NULL;
}

SCENARIO(TheCheckFindsASummaryThatPassesARun) {
  start();
  give(100, 9);
  EXPECT(th_runs_check());
  struct th_summary *summary = &th_region.sections[(first + 100) / SECTION_SLICES].all;
  summary->longest[TH_FREE] = 8;
  EXPECT(!th_runs_check() && th_region_check() != NULL);
  summary->longest[TH_FREE] = 9;
  summary->has_wide[TH_DIRTY] = false;
  EXPECT(!th_runs_check());
  return NULL;
}

// --- By chance ---------------------------------------------------------------

static unsigned some_count(void) { return 1 + (unsigned)chance(chance(8) == 0 ? 700 : 12); }

static const char *step(void) {
  size_t at = chance(SLICES);
  unsigned count = some_count();
  bool is_taken = true;
  for (unsigned i = 0; i < count; i++) is_taken &= !is_free(TH_FREE, first + at + i);
  if (at + count <= SLICES && is_taken) give(at, count);
  if (chance(3) == 0 && th_region.clean_count + th_region.dirty_count > SLICES / 4) {
    EXPECT(take_aligned(some_count(), 1u << chance(4), &(size_t){0}) != NULL);
  }
  if (chance(40) == 0) th_slices_purge(chance(500));
  return NULL;
}

SCENARIO(ChanceFindsTheSamePlaces) {
  start();
  for (int i = 0; i < STEPS; i++) {
    EXPECT_HOLDS(step());
    if (i % CHECK_EVERY != 0) continue;
    EXPECT(th_region_check() == NULL);
    EXPECT_HOLDS(expect_all_found(some_count()));
  }
  return NULL;
}
