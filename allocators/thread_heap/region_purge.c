// How the region gives memory back to the system.

#include "allocators/thread_heap/region.h"
#include "allocators/thread_heap/runs.h"
#include "allocators/thread_heap/slab.h"
#include "allocators/thread_heap/slices.h"
#include "common/os/os.h"

enum { PURGE_RUNS_MAX = 64 };  // calls of one pass

struct run {
  size_t first, count;
};

// Under the lock: takes dirty slices out, of the bitmap's, as runs; `slices` at
// most. They are taken until put back.
static unsigned take_out_runs(const uint64_t *bitmap, size_t slices, struct run *runs) {
  unsigned count = 0;
  for (size_t word = th_region.lowest; word < bitmap_words() && slices != 0; word++) {
    uint64_t bits = bitmap[word] & th_region.dirty[word];
    for (; bits != 0 && slices != 0; bits &= bits - 1) {
      size_t slice = word * WORD_SLICES + (unsigned)__builtin_ctzl(bits);
      struct run *last = count == 0 ? NULL : &runs[count - 1];
      if (last != NULL && last->first + last->count == slice) {
        last->count++;
      } else {
        if (count == PURGE_RUNS_MAX) return count;
        runs[count++] = (struct run){slice, 1};
      }
      slice_clear(th_region.dirty, slice);
      slice_clear(th_region.aged, slice);
      th_region.dirty_count--;
      slices--;
    }
  }
  return count;
}

// Under the lock. The records of clean slices say nothing, as pages of zeros do: those of a
// run that just became clean go, with what they share a page with.
static void purge_records(const struct run *run) {
  uintptr_t page = loam_os_page_size();
  size_t most = page / sizeof(struct th_slab) + 1;  // that share a page with another
  size_t first = run->first;
  size_t end = run->first + run->count;
  for (size_t i = 0; i < most && slice_bit(th_region.clean, first - 1); i++) first--;
  for (size_t i = 0; i < most && end < slices_limit() && slice_bit(th_region.clean, end); i++)
    end++;
  uintptr_t start_of_pages = ((uintptr_t)&th_region.records[first] + page - 1) & ~(page - 1);
  uintptr_t end_of_pages = (uintptr_t)&th_region.records[end] & ~(page - 1);
  if (end_of_pages > start_of_pages) {
    loam_os_decommit((void *)start_of_pages, end_of_pages - start_of_pages);
  }
}

// What of a run is whole pages.
static struct run whole_pages_of(const struct run *run) {
  size_t unit = slices_per_page();
  size_t first = round_up(run->first, unit);
  size_t end = (run->first + run->count) & ~(unit - 1);
  return (struct run){first, end > first ? end - first : 0};
}

// Without the lock: gives a run back to the system; how many slices went.
static size_t purge_run(const struct run *run) {
  struct run gone = whole_pages_of(run);
  char *start = th_region.base + (gone.first << TH_SLICE_BITS);
  if (gone.count != 0 && !loam_os_decommit(start, gone.count << TH_SLICE_BITS)) gone.count = 0;
  loam_lock_acquire(&th_region.lock);
  size_t behind = gone.first + gone.count;
  if (gone.count == 0) {
    th_runs_add_dirty(run->first, run->count);
  } else {
    th_runs_add_dirty(run->first, gone.first - run->first);
    th_runs_add_clean(gone.first, gone.count);
    th_runs_add_dirty(behind, run->first + run->count - behind);
  }
  if (gone.count != 0) purge_records(&gone);
  loam_lock_release(&th_region.lock);
  return gone.count;
}

static size_t purge_runs(const struct run *runs, unsigned count) {
  size_t gone = 0;
  for (unsigned i = 0; i < count; i++) gone += purge_run(&runs[i]);
  return gone;
}

// Under the lock: what is free now is what the next pass takes.
static void end_pass(uint64_t next_ms) {
  for (size_t word = th_region.lowest; word < bitmap_words(); word++) {
    th_region.aged[word] = th_region.dirty[word];
  }
  th_region.age_ms = next_ms;
}

bool th_slices_age(uint64_t now_ms, uint64_t period_ms) {
  struct run runs[PURGE_RUNS_MAX];
  if (th_region.end == 0 || !loam_lock_try(&th_region.lock)) return false;
  bool is_due = now_ms >= th_region.age_ms;
  unsigned count = is_due ? take_out_runs(th_region.aged, SIZE_MAX, runs) : 0;
  bool more = count == PURGE_RUNS_MAX;
  if (is_due && !more) end_pass(now_ms + period_ms);
  loam_lock_release(&th_region.lock);
  return purge_runs(runs, count) != 0 && more;
}

size_t th_slices_purge(size_t slices) {
  struct run runs[PURGE_RUNS_MAX];
  size_t gone = 0;
  while (gone < slices && th_region.end != 0) {
    loam_lock_acquire(&th_region.lock);
    unsigned count = take_out_runs(th_region.dirty, slices - gone, runs);
    loam_lock_release(&th_region.lock);
    size_t now = purge_runs(runs, count);
    if (now == 0) break;
    gone += now;
  }
  return gone;
}

size_t th_slices_purge_but(size_t slices) {
  loam_lock_acquire(&th_region.lock);
  size_t dirty = th_region.dirty_count;
  loam_lock_release(&th_region.lock);
  return dirty > slices ? th_slices_purge(dirty - slices) : 0;
}
