#include "allocators/thread_heap/runs.h"

#include "allocators/thread_heap/slices.h"

enum {
  GROUP_WORDS = TH_GROUP_SLICES / WORD_SLICES,
  SECTION_SLICES = TH_GROUP_SLICES * TH_SECTION_GROUPS,
  RUN_MAX = TH_SPAN_SLICES_MAX,
};

static uint64_t bits_of(enum th_kind kind, size_t word) {
  uint64_t bits = th_region.dirty[word];
  return kind == TH_DIRTY ? bits : bits | th_region.clean[word];
}

static struct th_section *section_of(size_t slice) {
  return &th_region.sections[slice / SECTION_SLICES];
}

static struct th_summary *group_of(size_t slice) {
  return &section_of(slice)->groups[slice / TH_GROUP_SLICES % TH_SECTION_GROUPS];
}

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

// --- What comes --------------------------------------------------------------

// How many slices of a kind lie side by side right before one, and from one on: RUN_MAX or more
// are not told apart.
static size_t count_before(enum th_kind kind, size_t slice) {
  size_t at = slice;
  while (at != 0 && slice - at < RUN_MAX) {
    unsigned within = (unsigned)((at - 1) % WORD_SLICES + 1);
    uint64_t gaps = ~bits_of(kind, (at - 1) / WORD_SLICES) << (WORD_SLICES - within);
    if (gaps != 0) return slice - at + (unsigned)__builtin_clzl(gaps);
    at -= within;
  }
  return slice - at;
}

static size_t count_from(enum th_kind kind, size_t slice) {
  size_t at = slice;
  while (at < slices_limit() && at - slice < RUN_MAX) {
    unsigned skip = (unsigned)(at % WORD_SLICES);
    uint64_t gaps = ~bits_of(kind, at / WORD_SLICES) >> skip;
    if (gaps != 0) return at - slice + (unsigned)__builtin_ctzl(gaps);
    at += WORD_SLICES - skip;
  }
  return at - slice;
}

// The bits of a word with which the slices of a wide slab could begin.
static uint64_t wide_in(uint64_t bits) {
  bits &= bits >> 1;
  bits &= bits >> 2;
  return bits & UINT64_C(0x1111111111111111);
}

static void raise(uint16_t *longest, size_t count) {
  if (count > *longest) *longest = (uint16_t)count;
}

static void note(enum th_kind kind, size_t first, size_t count) {
  size_t start = first - count_before(kind, first);
  size_t end = first + count + count_from(kind, first + count);
  for (size_t at = start; at < end; at = (at / TH_GROUP_SLICES + 1) * TH_GROUP_SLICES) {
    size_t rest = least(end - at, RUN_MAX);
    raise(&group_of(at)->longest[kind], rest);
    raise(&section_of(at)->all.longest[kind], rest);
  }
  for (size_t at = first; at < first + count; at = next_word(at)) {
    if (wide_in(bits_of(kind, at / WORD_SLICES)) == 0) continue;
    group_of(at)->has_wide[kind] = section_of(at)->all.has_wide[kind] = true;
  }
}

static void set_bits(uint64_t *bitmap, size_t first, size_t count) {
  for (size_t at = first; at < first + count; at = next_word(at)) {
    bitmap[at / WORD_SLICES] |= slices_mask(at, first + count);
  }
  size_t word = first / WORD_SLICES;
  if (word < th_region.lowest) th_region.lowest = word;
}

void th_runs_add_clean(size_t first, size_t count) {
  set_bits(th_region.clean, first, count);
  th_region.clean_count += count;
  size_t unit = first / UNIT_SLICES * UNIT_WORDS;
  if (unit < th_region.no_unit) th_region.no_unit = unit;
  note(TH_FREE, first, count);
}

void th_runs_add_dirty(size_t first, size_t count) {
  set_bits(th_region.dirty, first, count);
  th_region.dirty_count += count;
  note(TH_DIRTY, first, count);
  note(TH_FREE, first, count);
}

// --- Searching ---------------------------------------------------------------

struct want {
  enum th_kind kind;
  size_t count, alignment;
};

static bool is_wide(const struct want *want) {
  return want->count == TH_WIDE_SLICES && want->alignment == TH_WIDE_SLICES;
}

static bool may_have(const struct th_summary *summary, const struct want *want) {
  return is_wide(want) ? summary->has_wide[want->kind]
                       : summary->longest[want->kind] >= want->count;
}

// The first place in a group; 0, and its summary is put right, when there is none. Of runs that
// two words of the bitmap hold wherever they begin in the first: all places of a word at once, by
// shifts that double the length of what is looked for.
static size_t find_short(const struct want *want, size_t group) {
  size_t word = group / WORD_SLICES;
  size_t end_word = least(word + GROUP_WORDS, bitmap_words());
  uint64_t next = bits_of(want->kind, word);
  for (; word < end_word; word++) {
    uint64_t bits = next;
    next = word + 1 < bitmap_words() ? bits_of(want->kind, word + 1) : 0;
    if (bits == 0) continue;
    unsigned __int128 starts = (unsigned __int128)next << WORD_SLICES | bits;
    for (size_t length = 1, more; length < want->count; length += more) {
      more = least(length, want->count - length);
      starts &= starts >> more;
    }
    if ((uint64_t)starts != 0) {
      return word * WORD_SLICES + (unsigned)__builtin_ctzl((uint64_t)starts);
    }
  }
  group_of(group)->longest[want->kind] = (uint16_t)(want->count - 1);
  return 0;
}

// The same for any run: one run of the bitmap after the other.
static size_t find_any(const struct want *want, size_t group) {
  size_t end_word = group / WORD_SLICES + GROUP_WORDS;
  size_t longest = 0;
  size_t run = 0;
  // A run that begins in the group may end behind it.
  for (size_t word = group / WORD_SLICES;
       word < bitmap_words() && (word < end_word || (run != 0 && run < RUN_MAX + want->alignment));
       word++) {
    uint64_t bits = bits_of(want->kind, word);
    for (unsigned at = 0; at < WORD_SLICES;) {
      uint64_t rest = bits >> at;
      unsigned skip = rest == 0 ? WORD_SLICES : (unsigned)__builtin_ctzl(rest);
      if (skip != 0) run = 0;
      if (rest == 0 || (run == 0 && word >= end_word)) break;
      rest >>= skip;
      unsigned ones = ~rest == 0 ? WORD_SLICES : (unsigned)__builtin_ctzl(~rest);
      at += skip + ones;
      run += ones;
      if (run > longest) longest = run;
      size_t end = word * WORD_SLICES + at;
      size_t first = round_up(end - run, want->alignment);
      if (first + want->count <= end) return first;
      if (at < WORD_SLICES) run = 0;
    }
  }
  group_of(group)->longest[want->kind] = (uint16_t)least(longest, RUN_MAX);
  return 0;
}

static size_t find_wide(const struct want *want, size_t group) {
  size_t word = group / WORD_SLICES;
  size_t end_word = least(word + GROUP_WORDS, bitmap_words());
  for (; word < end_word; word++) {
    uint64_t bits = wide_in(bits_of(want->kind, word));
    if (bits != 0) return word * WORD_SLICES + (unsigned)__builtin_ctzl(bits);
  }
  group_of(group)->has_wide[want->kind] = false;
  return 0;
}

static size_t find_in_group(const struct want *want, size_t group) {
  if (is_wide(want)) return find_wide(want, group);
  bool is_short = want->count <= WORD_SLICES && want->alignment == 1;
  return is_short ? find_short(want, group) : find_any(want, group);
}

static void sum_up(struct th_section *section, enum th_kind kind) {
  struct th_summary *all = &section->all;
  all->longest[kind] = 0;
  all->has_wide[kind] = false;
  for (unsigned i = 0; i < TH_SECTION_GROUPS; i++) {
    raise(&all->longest[kind], section->groups[i].longest[kind]);
    all->has_wide[kind] |= section->groups[i].has_wide[kind];
  }
}

// The same in what of a section begins with this group.
static size_t find_in_section(const struct want *want, size_t group) {
  size_t end = least((group / SECTION_SLICES + 1) * SECTION_SLICES, slices_limit());
  for (size_t at = group; at < end; at += TH_GROUP_SLICES) {
    if (!may_have(group_of(at), want)) continue;
    size_t first = find_in_group(want, at);
    if (first != 0) return first;
  }
  sum_up(section_of(group), want->kind);
  return 0;
}

size_t th_runs_find(enum th_kind kind, size_t count, size_t alignment) {
  struct want want = {kind, count, alignment};
  size_t at = th_region.lowest * WORD_SLICES / TH_GROUP_SLICES * TH_GROUP_SLICES;
  for (; at < slices_limit(); at = (at / SECTION_SLICES + 1) * SECTION_SLICES) {
    if (!may_have(&section_of(at)->all, &want)) continue;
    size_t first = find_in_section(&want, at);
    if (first != 0) return first;
  }
  return 0;
}

// --- Proof -------------------------------------------------------------------

static bool covers(const struct th_summary *summary, enum th_kind kind, size_t run, bool wide) {
  return summary->longest[kind] >= run && (summary->has_wide[kind] || !wide);
}

static bool check(enum th_kind kind) {
  size_t run = 0;
  for (size_t slice = slices_limit(); slice-- != th_region.first;) {
    bool is_one = (bits_of(kind, slice / WORD_SLICES) >> slice % WORD_SLICES & 1) != 0;
    run = is_one ? least(run + 1, RUN_MAX) : 0;
    bool wide = slice % TH_WIDE_SLICES == 0 && run >= TH_WIDE_SLICES;
    if (!covers(group_of(slice), kind, run, wide)) return false;
    if (!covers(&section_of(slice)->all, kind, run, wide)) return false;
  }
  return true;
}

bool th_runs_check(void) { return check(TH_DIRTY) && check(TH_FREE); }
