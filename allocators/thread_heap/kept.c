#include "allocators/thread_heap/kept.h"

enum { LIMIT_FIRST = 16 };

static struct th_slab *record_of(size_t slice) { return &th_region.records[slice]; }

static size_t end_of(const struct th_kept_run *run) { return (size_t)run->first + run->count; }

// --- Runs --------------------------------------------------------------------

static void remove_run(struct th_kept *kept, unsigned at) {
  kept->slices -= kept->runs[at].count;
  kept->count--;
  for (unsigned i = at; i < kept->count; i++) kept->runs[i] = kept->runs[i + 1];
}

static void add_run(struct th_kept *kept, size_t first, size_t count) {
  kept->runs[kept->count++] = (struct th_kept_run){(uint32_t)first, (uint16_t)count, false};
  kept->slices += (uint32_t)count;
}

// Gives the oldest runs away until so many slices and runs are left, or fewer.
static void shrink(struct th_kept *kept, size_t slices, unsigned count) {
  while (kept->slices > slices || kept->count > count) {
    struct th_kept_run run = kept->runs[0];
    remove_run(kept, 0);
    th_slices_give(record_of(run.first), run.count);
  }
}

// --- Taking and giving -------------------------------------------------------

void th_kept_learn(struct th_kept *kept, size_t slices_in_use) {
  if (!th_region_is_busy()) return;
  size_t most = slices_in_use;
  if (most < LIMIT_FIRST) most = LIMIT_FIRST;
  if (most > TH_KEPT_SLICES_MAX) most = TH_KEPT_SLICES_MAX;
  size_t wider = kept->limit < LIMIT_FIRST ? LIMIT_FIRST : kept->limit * 2;
  if (wider > most) wider = most;
  if (wider > kept->limit) kept->limit = (uint32_t)wider;
}

static size_t round_up(size_t slice, size_t alignment) {
  return (slice + alignment - 1) & ~(alignment - 1);
}

// The shortest run that serves, of such the last; or `count`.
static unsigned find(const struct th_kept *kept, unsigned count, unsigned alignment) {
  unsigned best = kept->count;
  for (unsigned i = 0; i < kept->count; i++) {
    const struct th_kept_run *run = &kept->runs[i];
    if (round_up(run->first, alignment) + count > end_of(run)) continue;
    if (best == kept->count || run->count <= kept->runs[best].count) best = i;
  }
  return best;
}

// What of a run is not wanted stays, as two runs at most.
static void cut(struct th_kept *kept, unsigned at, size_t first, size_t end) {
  struct th_kept_run run = kept->runs[at];
  remove_run(kept, at);
  if (first > run.first) add_run(kept, run.first, first - run.first);
  if (end == end_of(&run)) return;
  if (kept->count == TH_KEPT_RUNS_MAX) shrink(kept, SIZE_MAX, TH_KEPT_RUNS_MAX - 1);
  add_run(kept, end, end_of(&run) - end);
}

struct th_slab *th_kept_take(struct th_kept *kept, unsigned count, unsigned alignment) {
  if (kept->slices < count) return NULL;
  unsigned at = find(kept, count, alignment);
  if (at == kept->count) return NULL;
  size_t first = round_up(kept->runs[at].first, alignment);
  cut(kept, at, first, first + count);
  return record_of(first);
}

bool th_kept_take_at(struct th_kept *kept, struct th_slab *slab, unsigned count) {
  size_t first = (size_t)(slab - th_region.records);
  for (unsigned i = 0; i < kept->count; i++) {
    if (kept->runs[i].first != first || kept->runs[i].count < count) continue;
    cut(kept, i, first, first + count);
    return true;
  }
  return false;
}

void th_kept_give(struct th_kept *kept, struct th_slab *slab, unsigned count) {
  if (count > kept->limit) {
    th_slices_give(slab, count);
    return;
  }
  size_t first = (size_t)(slab - th_region.records);
  size_t end = first + count;
  for (unsigned i = 0; i < kept->count;) {
    struct th_kept_run run = kept->runs[i];
    if (end_of(&run) != first && run.first != end) {
      i++;
      continue;
    }
    if (run.first < first) first = run.first;
    if (end_of(&run) > end) end = end_of(&run);
    remove_run(kept, i);
  }
  if (end - first > kept->limit) {
    th_slices_give(record_of(first), (unsigned)(end - first));
    return;
  }
  shrink(kept, kept->limit - (end - first), TH_KEPT_RUNS_MAX - 1);
  add_run(kept, first, end - first);
}

void th_kept_flush(struct th_kept *kept) { shrink(kept, 0, 0); }

void th_kept_age(struct th_kept *kept) {
  for (unsigned i = 0; i < kept->count;) {
    struct th_kept_run *run = &kept->runs[i];
    if (!run->aged) {
      run->aged = true;
      i++;
      continue;
    }
    th_slices_give_idle(record_of(run->first), run->count);
    remove_run(kept, i);
  }
  kept->limit /= 2;
  shrink(kept, kept->limit, TH_KEPT_RUNS_MAX);
}

// --- Statistics and proof ----------------------------------------------------

size_t th_kept_longest(const struct th_kept *kept) {
  size_t longest = 0;
  for (unsigned i = 0; i < kept->count; i++) {
    if (kept->runs[i].count > longest) longest = kept->runs[i].count;
  }
  return longest;
}

static bool are_kept(const struct th_kept_run *run) {
  for (size_t slice = run->first; slice < end_of(run); slice++) {
    const struct th_slab *record = record_of(slice);
    if (record->arena != NULL || record->back != 0 || th_map_get(slice) != 0) return false;
  }
  return th_slices_are_taken(record_of(run->first), run->count);
}

bool th_kept_check(const struct th_kept *kept) {
  size_t slices = 0;
  if (kept->count > TH_KEPT_RUNS_MAX || kept->slices > kept->limit) return false;
  for (unsigned i = 0; i < kept->count; i++) {
    const struct th_kept_run *run = &kept->runs[i];
    if (run->count == 0 || !are_kept(run)) return false;
    for (unsigned other = 0; other < i; other++) {
      bool is_apart =
          end_of(run) < kept->runs[other].first || end_of(&kept->runs[other]) < run->first;
      if (!is_apart) return false;
    }
    slices += run->count;
  }
  return slices == kept->slices;
}
