#include "allocators/thread_heap/region.h"

#include "allocators/thread_heap/runs.h"
#include "allocators/thread_heap/slab.h"
#include "allocators/thread_heap/slices.h"
#include "common/os/os.h"

enum {
  GROWTH_SLICES_MIN = 64,     // 1 MiB
  GROWTH_SLICES_MAX = 4096,   // 64 MiB
  RESERVED_SLICES_MIN = 512,  // 8 MiB
  DIRTY_SHARE = 4,            // of what is resident may be free
  GUARD_BYTES = 64 * 1024,    // between metadata and blocks
  COMMIT_BYTES = 64 * 1024,   // of metadata at a time: no page is larger
  UNIT_SHARE = 8,             // of what is resident, at most, that a unit is
};

// A region of less than 1 GiB has no addresses to lose by beginning at a multiple of a unit.
#define UNITS_REGION_SLICES_MIN ((size_t)1 << 16)

struct th_region th_region;

// --- Setting up --------------------------------------------------------------

static size_t bitmap_bytes(size_t slices) { return round_up(slices / 8, COMMIT_BYTES); }

// Where things are, for a region of so many slices, its metadata among them.
struct layout {
  size_t bitmaps, records, blocks;  // offsets from the base
};

static struct layout lay_out(size_t slices) {
  struct layout layout;
  layout.bitmaps = round_up(slices, COMMIT_BYTES);
  layout.records = layout.bitmaps + 3 * bitmap_bytes(slices);
  layout.blocks =
      round_up(layout.records + slices * sizeof(struct th_slab), COMMIT_BYTES) + GUARD_BYTES;
  return layout;
}

// Makes an array readable up to `wanted` bytes.
static bool commit_array(void *array, size_t *done, size_t wanted) {
  if (wanted <= *done) return true;
  wanted = round_up(wanted, COMMIT_BYTES);
  if (!loam_os_commit((char *)array + *done, wanted - *done)) return false;
  *done = wanted;
  return true;
}

// The records of the metadata's own slices are never looked at.
static size_t records_skipped_bytes(void) {
  size_t bytes = th_region.first * sizeof(struct th_slab);
  return bytes - bytes % COMMIT_BYTES;
}

static bool commit_metadata(size_t limit) {
  size_t bits = limit / 8 + 1;
  size_t done = th_region.bitmap_bytes;  // of each of the three
  size_t dirty_done = done;
  size_t aged_done = done;
  if (th_region.records_bytes == 0) th_region.records_bytes = records_skipped_bytes();
  bool all =
      commit_array(th_region.base, &th_region.map_bytes, limit) &&
      commit_array(th_region.dirty, &dirty_done, bits) &&
      commit_array(th_region.aged, &aged_done, bits) &&
      commit_array(th_region.clean, &th_region.bitmap_bytes, bits) &&
      commit_array(th_region.records, &th_region.records_bytes, limit * sizeof(struct th_slab));
  return all;
}

static char *reserve(size_t slices) {
  size_t unit = slices >= UNITS_REGION_SLICES_MIN ? UNIT_SLICES : TH_WIDE_SLICES;
  return loam_os_reserve(slices << TH_SLICE_BITS, unit * TH_SLICE_BYTES);
}

bool th_region_set_up(void) {
  size_t slices = TH_REGION_SLICES_MAX;
  char *base;
  while ((base = reserve(slices)) == NULL) {
    slices -= slices / 8;
    if (slices < RESERVED_SLICES_MIN) return false;
  }
  if (slices != TH_REGION_SLICES_MAX) {  // address space is scarce: leave most to others
    size_t kept = slices / 5 * 2 / TH_WIDE_SLICES * TH_WIDE_SLICES;  // whole pages
    char *rest = base + (kept << TH_SLICE_BITS);
    if (!loam_os_release(rest, (slices - kept) << TH_SLICE_BITS)) {
      loam_os_release(base, slices << TH_SLICE_BITS);
      return false;
    }
    slices = kept;
  }
  struct layout layout = lay_out(slices);
  th_region.base = base;
  th_region.dirty = (uint64_t *)(void *)(base + layout.bitmaps);
  th_region.aged = th_region.dirty + bitmap_bytes(slices) / 8;
  th_region.clean = th_region.aged + bitmap_bytes(slices) / 8;
  th_region.records = (struct th_slab *)(void *)(base + layout.records);
  th_region.first = layout.blocks >> TH_SLICE_BITS;
  th_region.lowest = th_region.first / WORD_SLICES;
  th_region.end = slices;
  if (!commit_metadata(th_region.first)) {
    th_region.end = 0;
    loam_os_release(base, slices << TH_SLICE_BITS);
    return false;
  }
  // Release: pairs with whoever finds an address below the limit.
  atomic_store_explicit(&th_region.limit, th_region.first, memory_order_release);
  return true;
}

// --- Bitmaps, under the lock -------------------------------------------------

// Makes free slices taken; how many of them read as zero.
static size_t take_run(size_t first, size_t count) {
  size_t zeroed = 0;
  for (size_t at = first; at < first + count; at = next_word(at)) {
    size_t word = at / WORD_SLICES;
    uint64_t wanted = slices_mask(at, first + count);
    zeroed += (unsigned)__builtin_popcountl(th_region.clean[word] & wanted);
    th_region.clean[word] &= ~wanted;
    // (A small process has no dirty ones, and no memory where they would be noted.)
    if ((th_region.dirty[word] & wanted) == 0) continue;
    th_region.dirty[word] &= ~wanted;
    th_region.aged[word] &= ~wanted;
  }
  th_region.clean_count -= zeroed;
  th_region.dirty_count -= count - zeroed;
  while (th_region.lowest < bitmap_words() &&
         (th_region.dirty[th_region.lowest] | th_region.clean[th_region.lowest]) == 0) {
    th_region.lowest++;
  }
  return zeroed;
}

// --- Growing -----------------------------------------------------------------

static bool grow_by(size_t count) {
  size_t limit = slices_limit();
  count = round_up(count, slices_per_page());
  if (count > th_region.end - limit) return false;
  if (!commit_metadata(limit + count)) return false;
  char *start = th_region.base + (limit << TH_SLICE_BITS);
  if (!loam_os_commit(start, count << TH_SLICE_BITS)) return false;
  // Release: whoever finds a slice below the limit may read its record.
  atomic_store_explicit(&th_region.limit, limit + count, memory_order_release);
  th_runs_add_clean(limit, count);
  return true;
}

static bool grow(size_t count) {
  size_t step = (slices_limit() - th_region.first) / 8;
  if (step < GROWTH_SLICES_MIN) step = GROWTH_SLICES_MIN;
  if (step > GROWTH_SLICES_MAX) step = GROWTH_SLICES_MAX;
  if (step < count) step = count;
  return grow_by(step) || (step > count && grow_by(count));
}

// --- Units -------------------------------------------------------------------

static size_t resident_of(void) { return slices_limit() - th_region.first - th_region.clean_count; }

static bool is_in_units(void) {
  return (uintptr_t)th_region.base % (UNIT_SLICES * TH_SLICE_BYTES) == 0;
}

// Whether a unit that begins at this word of the bitmap reads as zero.
static bool is_clean_unit(size_t word) {
  uint64_t bits = th_region.clean[word];
  for (size_t i = 1; i < UNIT_WORDS; i++) bits &= th_region.clean[word + i];
  return ~bits == 0;
}

static size_t find_unit(void) {
  size_t word = th_region.no_unit;
  size_t end = slices_limit() / WORD_SLICES;
  while (word + UNIT_WORDS <= end && !is_clean_unit(word)) word += UNIT_WORDS;
  th_region.no_unit = word;
  return word + UNIT_WORDS <= end ? word * WORD_SLICES : 0;
}

// A large heap grows by a huge page: one fault for what would take 512. Its slices are dirty from
// then on, for they are resident. (A page that stayed huge in name would come back whole, for
// the first byte that is touched, after it was given back.)
//
// The pages come without the lock: it takes as long as a thousand calls of all other threads, who
// make do with small pages meanwhile. (Who asks for dense slices holds an arena's lock, so no fork
// comes in between.) How many slices came.
static size_t add_unit(void) {
  if (!th_region.huge_pages || !is_in_units() || th_region.is_coming) return 0;
  if (resident_of() < UNIT_SHARE * UNIT_SLICES) return 0;
  size_t first = find_unit();
  bool few = th_region.clean_count < 2 * UNIT_SLICES;
  if (first == 0 && few && grow(2 * UNIT_SLICES)) first = find_unit();
  if (first == 0) return 0;
  take_run(first, UNIT_SLICES);
  th_region.is_coming = true;
  loam_lock_release(&th_region.lock);
  char *start = th_region.base + (first << TH_SLICE_BITS);
  loam_os_prefer_huge(start, UNIT_SLICES * TH_SLICE_BYTES);
  loam_os_populate(start, UNIT_SLICES * TH_SLICE_BYTES);
  loam_os_refuse_huge(start, UNIT_SLICES * TH_SLICE_BYTES);
  loam_lock_acquire(&th_region.lock);
  th_region.is_coming = false;
  th_runs_add_dirty(first, UNIT_SLICES);
  return UNIT_SLICES;
}

// What of some slices is whole units: where it begins; *bytes: 0 where none is.
static char *whole_units_of(const struct th_slab *slab, unsigned count, size_t *bytes) {
  size_t first = (size_t)(slab - th_region.records);
  size_t end = (first + count) & ~(UNIT_SLICES - 1);
  first = round_up(first, UNIT_SLICES);
  *bytes = end > first && is_in_units() ? (end - first) << TH_SLICE_BITS : 0;
  return th_region.base + (first << TH_SLICE_BITS);
}

void th_slices_prefer_huge(const struct th_slab *slab, unsigned count) {
  size_t bytes;
  char *start = whole_units_of(slab, count, &bytes);
  if (bytes != 0) loam_os_prefer_huge(start, bytes);
}

void th_slices_refuse_huge(const struct th_slab *slab, unsigned count) {
  size_t bytes;
  char *start = whole_units_of(slab, count, &bytes);
  if (bytes != 0) loam_os_refuse_huge(start, bytes);
}

// --- Taking and giving -------------------------------------------------------

// Under the lock: whether much of what is resident is free.
static bool is_dirty(void) { return th_region.dirty_count > resident_of() / DIRTY_SHARE; }

// As much as came new from the system goes back of what could not serve.
static void balance(size_t new, bool dirty) {
  if (new != 0 && dirty) th_slices_purge(new);
}

static bool are_clean(size_t first, size_t count) {
  for (size_t at = first; at < first + count; at = next_word(at)) {
    uint64_t wanted = slices_mask(at, first + count);
    if ((th_region.clean[at / WORD_SLICES] & wanted) != wanted) return false;
  }
  return true;
}

static size_t find_or_grow(size_t count, size_t alignment) {
  size_t first = th_runs_find(TH_FREE, count, alignment);
  // So much that they are found in it wherever it begins.
  if (first == 0 && grow(count + alignment - 1)) first = th_runs_find(TH_FREE, count, alignment);
  return first;
}

// Slices of which some are not resident.
static size_t find_new(struct th_slices want) {
  size_t first = th_runs_find(TH_FREE, want.count, want.alignment);
  bool by_units = want.is_large && is_in_units();
  if (first != 0 && !(by_units && are_clean(first, want.count))) return first;
  size_t in_units = by_units ? find_or_grow(want.count, UNIT_SLICES) : 0;
  if (in_units != 0) return in_units;
  return first != 0 ? first : find_or_grow(want.count, want.alignment);
}

struct th_slab *th_slices_take(struct th_slices want, size_t *fresh) {
  size_t count = want.count;
  *fresh = 0;
  if (th_region.end == 0) return NULL;
  struct th_slab *slab = NULL;
  loam_lock_acquire(&th_region.lock);
  // What is resident first; new memory last.
  size_t first = th_runs_find(TH_DIRTY, count, want.alignment);
  size_t unit = first == 0 && want.is_dense && count < UNIT_SLICES ? add_unit() : 0;
  if (unit != 0) first = th_runs_find(TH_DIRTY, count, want.alignment);
  if (first == 0) first = find_new(want);
  if (first != 0) {
    *fresh = take_run(first, count) + unit;
    slab = &th_region.records[first];
  }
  bool dirty = is_dirty();
  loam_lock_release(&th_region.lock);
  if (count > 1) balance(*fresh, dirty);
  return slab;
}

bool th_slices_are_taken(const struct th_slab *slab, unsigned count) {
  size_t first = (size_t)(slab - th_region.records);
  bool all = true;
  loam_lock_acquire(&th_region.lock);
  for (size_t slice = first; slice < first + count; slice++) {
    all &= !slice_bit(th_region.dirty, slice) && !slice_bit(th_region.clean, slice);
  }
  loam_lock_release(&th_region.lock);
  return all;
}

static bool are_free(size_t first, size_t count) {
  if (first + count > slices_limit()) return false;
  for (size_t slice = first; slice < first + count; slice++) {
    if (!slice_bit(th_region.dirty, slice) && !slice_bit(th_region.clean, slice)) return false;
  }
  return true;
}

bool th_slices_take_at(struct th_slab *slab, unsigned count) {
  size_t first = (size_t)(slab - th_region.records);
  size_t new = 0;
  loam_lock_acquire(&th_region.lock);
  bool free = are_free(first, count);
  if (free) new = take_run(first, count);
  bool dirty = is_dirty();
  loam_lock_release(&th_region.lock);
  balance(new, dirty);
  return free;
}

static void give(struct th_slab *slab, unsigned count, bool is_idle) {
  size_t first = (size_t)(slab - th_region.records);
  loam_lock_acquire(&th_region.lock);
  th_runs_add_dirty(first, count);
  for (size_t slice = first; is_idle && slice < first + count; slice++) {
    slice_set(th_region.aged, slice);
  }
  loam_lock_release(&th_region.lock);
}

void th_slices_give(struct th_slab *slab, unsigned count) { give(slab, count, false); }

void th_slices_give_idle(struct th_slab *slab, unsigned count) { give(slab, count, true); }

// --- Statistics and proof ----------------------------------------------------

static size_t longest_dirty_run(void) {
  size_t longest = 0;
  size_t run = 0;
  for (size_t slice = th_region.lowest * WORD_SLICES; slice < slices_limit(); slice++) {
    run = slice_bit(th_region.dirty, slice) ? run + 1 : 0;
    if (run > longest) longest = run;
  }
  return longest;
}

void th_region_stats(struct loam_stats *stats) {
  if (th_region.end == 0) return;
  loam_lock_acquire(&th_region.lock);
  size_t metadata = th_region.map_bytes + 3 * th_region.bitmap_bytes + th_region.records_bytes -
                    records_skipped_bytes();
  size_t slices = th_region.dirty_count;  // clean ones cost nothing, like what is only reserved
  size_t largest = longest_dirty_run() << TH_SLICE_BITS;
  loam_lock_release(&th_region.lock);
  stats->metadata_bytes += metadata;
  stats->free_bytes += slices << TH_SLICE_BITS;
  stats->mapped_bytes += metadata + (slices << TH_SLICE_BITS);
  stats->free_blocks += slices;
  if (largest > stats->largest_free_bytes) stats->largest_free_bytes = largest;
}

const void *th_region_check(void) {
  if (th_region.end == 0) return NULL;
  const void *fault = NULL;
  size_t dirty = 0;
  size_t clean = 0;
  loam_lock_acquire(&th_region.lock);
  for (size_t slice = th_region.first; slice < slices_limit() && fault == NULL; slice++) {
    bool is_dirty = slice_bit(th_region.dirty, slice);
    bool is_clean = slice_bit(th_region.clean, slice);
    bool is_free = is_dirty || is_clean;
    bool fine = !(is_dirty && is_clean) && (is_dirty || !slice_bit(th_region.aged, slice)) &&
                (!is_free ||
                 (th_map_get(slice) == 0 && th_region.records[slice].arena == NULL &&
                  th_region.records[slice].back == 0 && slice / WORD_SLICES >= th_region.lowest));
    if (!fine) fault = &th_region.records[slice];
    dirty += is_dirty;
    clean += is_clean;
  }
  for (size_t word = 0; word < th_region.no_unit; word += UNIT_WORDS) {
    if (is_clean_unit(word)) fault = &th_region;
  }
  if (fault == NULL && !th_runs_check()) fault = th_region.sections;
  if (fault == NULL && (dirty != th_region.dirty_count || clean != th_region.clean_count)) {
    fault = &th_region;
  }
  loam_lock_release(&th_region.lock);
  return fault;
}
