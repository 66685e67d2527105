#include "allocators/thread_heap/slab.h"

#include "allocators/thread_heap/hardened.h"
#include "common/os/os.h"

static void init(struct th_slab *slab, struct th_arena *arena, unsigned class, unsigned slices) {
  slab->next = slab->prev = NULL;
  slab->class = (uint8_t) class;
  slab->slices = (uint16_t)slices;
  slab->touched = true;
  slab->is_huge = false;
  atomic_store_explicit(&slab->cached, false, memory_order_relaxed);
  slab->purged = 0;
  slab->low_word = 0;
  // Relaxed: whoever gets one of its blocks gets it later.
  atomic_store_explicit(&slab->sampled, false, memory_order_relaxed);
  slab->arena = arena;
}

// Sets the class of a slab's slices in the page map.
static void map_slices(struct th_slab *slab, unsigned class) {
  size_t first = (size_t)(slab - th_region.records);
  unsigned slices = th_class_is_wide(slab->class) ? TH_WIDE_SLICES : 1;
  for (unsigned i = 0; i < slices; i++) th_map_set(first + i, class);
}

static void set_back(struct th_slab *slab, bool inside) {
  if (!th_class_is_wide(slab->class)) return;
  for (unsigned i = 0; i < TH_WIDE_SLICES; i++) slab[i].back = (uint8_t)(inside ? i : 0);
}

void th_slab_init(struct th_slab *slab, struct th_arena *arena, unsigned class, bool cached) {
  unsigned capacity = th_class_capacity(class);
  init(slab, arena, class, th_class_slices(class));
  slab->block_bytes = (uint32_t)th_class_bytes(class);
  slab->reciprocal = th_class_reciprocal(class);
  slab->capacity = slab->free_count = (uint16_t)capacity;
  for (unsigned word = 0; word < (capacity + 63) / 64; word++) {
    unsigned left = capacity - word * 64;
    th_slab_set_word(slab, word, left >= 64 ? ~(uint64_t)0 : ((uint64_t)1 << left) - 1);
  }
  atomic_store_explicit(&slab->cached, cached, memory_order_relaxed);
  set_back(slab, true);
  if (cached) map_slices(slab, class);
}

void th_span_init(struct th_slab *slab, struct th_arena *arena, unsigned slices) {
  init(slab, arena, TH_SPAN_CLASS, slices);
  slab->block_bytes = slices << TH_SLICE_BITS;
  slab->reciprocal = 0;
  slab->capacity = 1;
  slab->free_count = 0;
  th_slab_set_word(slab, 0, 0);
  if (LOAM_HARDENED) th_slab_set_word(slab, 1, 0);  // what may be used: not known yet
}

void th_slab_set_cached(struct th_slab *slab, bool cached) {
  atomic_store_explicit(&slab->cached, cached, memory_order_relaxed);
  if (!cached) map_slices(slab, 0);
}

void th_slab_mark_fresh(struct th_slab *slab) {
  size_t page = loam_os_page_size();
  if (page > TH_SLICE_BYTES) return;
  slab->purged = (uint16_t)((1u << slab->slices * (TH_SLICE_BYTES / page)) - 1);
}

void th_slab_forget(struct th_slab *slab) {
  map_slices(slab, 0);
  set_back(slab, false);
  slab->arena = NULL;
}

// --- Pages -------------------------------------------------------------------

// The pages that a block has a byte in, as bits.
static uint16_t pages_of(const struct th_slab *slab, unsigned number) {
  size_t page = loam_os_page_size();
  size_t start = (size_t)number * slab->block_bytes;
  unsigned first = (unsigned)(start / page);
  unsigned last = (unsigned)((start + slab->block_bytes - 1) / page);
  return (uint16_t)(((2u << last) - 1) & ~((1u << first) - 1));
}

// Whether all blocks with a byte in [from, to) are free.
static bool is_free_between(const struct th_slab *slab, size_t from, size_t to) {
  unsigned number = (unsigned)(from / slab->block_bytes);
  for (; number < slab->capacity && (size_t)number * slab->block_bytes < to; number++) {
    if (number % 64 == 0 && th_slab_word(slab, number / 64) == ~(uint64_t)0 &&
        (size_t)(number + 64) * slab->block_bytes <= to) {
      number += 63;
    } else if (!th_block_is_free(slab, number)) {
      return false;
    }
  }
  return true;
}

size_t th_slab_purge(struct th_slab *slab, size_t pages_min) {
  size_t page = loam_os_page_size();
  if (slab->capacity == 1 || page >= TH_SLICE_BYTES) return 0;
  if ((size_t)slab->free_count * slab->block_bytes < page) return 0;
  size_t gone = 0;
  size_t run = 0;  // pages before this one that are to go
  size_t pages = slab->slices * TH_SLICE_BYTES / page;
  for (size_t i = 0; i <= pages; i++) {
    if (i < pages && (slab->purged >> i & 1) == 0 &&
        is_free_between(slab, i * page, (i + 1) * page)) {
      run++;
      continue;
    }
    if (run != 0 && run >= pages_min &&
        loam_os_decommit(th_slab_start(slab) + (i - run) * page, run * page)) {
      slab->purged |= (uint16_t)(((1u << run) - 1) << (i - run));
      gone += run * page;
    }
    run = 0;
  }
  // The marks went with the pages: the next free here shall look at the bitmap.
  if (gone != 0) map_slices(slab, 0);
  return gone;
}

// --- Blocks ------------------------------------------------------------------

enum { SHUFFLED_BLOCKS = 16 };

static void shuffle(void **blocks, unsigned count) {
  for (unsigned left = count; left > 1; left--) {
    unsigned other = th_random_below(left);
    void *block = blocks[left - 1];
    blocks[left - 1] = blocks[other];
    blocks[other] = block;
  }
}

// Of the hardened level: free blocks from a random one on, and by SHUFFLED_BLOCKS in random
// order: neighbours lie near enough to each other for the processor's caches.
static unsigned take_at_random(struct th_slab *slab, unsigned count, void **out) {
  char *start = th_slab_start(slab);
  unsigned words = (slab->capacity + 63u) / 64;
  unsigned first = th_random_below(slab->capacity);
  unsigned word = first / 64;
  uint64_t mask = ~(uint64_t)0 << first % 64;  // the rest of the first word comes last
  unsigned taken = 0;
  if (count > slab->free_count) count = slab->free_count;
  while (taken < count) {
    uint64_t all = th_slab_word(slab, word);
    uint64_t bits = all & mask;
    for (; bits != 0 && taken < count; bits &= bits - 1) {
      unsigned bit = (unsigned)__builtin_ctzl(bits);
      unsigned number = word * 64 + bit;
      all &= ~((uint64_t)1 << bit);
      char *block = start + (size_t)number * slab->block_bytes;
      if (slab->purged != 0 && (slab->purged & pages_of(slab, number)) != 0) {
        // Written first: or reading it costs a fault of its own.
        *(volatile uint64_t *)th_tag_slot(block, slab->block_bytes - TH_TAG_BYTES) = 0;
        slab->purged &= (uint16_t)~pages_of(slab, number);
      }
      *(out - ++taken) = block;
    }
    th_slab_set_word(slab, word, all);
    mask = ~(uint64_t)0;
    word = word + 1 == words ? 0 : word + 1;
  }
  for (unsigned done = 0; done < taken; done += SHUFFLED_BLOCKS) {
    unsigned left = taken - done;
    shuffle(out - taken + done, left < SHUFFLED_BLOCKS ? left : SHUFFLED_BLOCKS);
  }
  slab->free_count = (uint16_t)(slab->free_count - taken);
  slab->touched = true;
  return taken;
}

unsigned th_slab_take_line(struct th_slab *slab, void **out) {
  unsigned count = TH_LINE_BYTES / slab->block_bytes;
  if (LOAM_HARDENED || count < 2 || TH_LINE_BYTES % slab->block_bytes != 0) return 0;
  uint64_t line = ((uint64_t)1 << count) - 1;
  uint64_t starts = ~(uint64_t)0 / line;  // the first block of each line in a word
  for (unsigned word = slab->low_word; word < (slab->capacity + 63u) / 64; word++) {
    uint64_t bits = th_slab_word(slab, word);
    uint64_t whole = bits;
    for (unsigned i = 1; i < count; i++) whole &= bits >> i;
    whole &= starts;
    if (whole == 0) continue;
    unsigned first = (unsigned)__builtin_ctzl(whole);
    char *start = th_slab_start(slab) + (size_t)(word * 64 + first) * slab->block_bytes;
    for (unsigned i = 0; i < count; i++) *--out = start + (size_t)i * slab->block_bytes;
    th_slab_set_word(slab, word, bits & ~(line << first));
    if (slab->purged != 0) slab->purged &= (uint16_t)~pages_of(slab, word * 64 + first);
    slab->free_count = (uint16_t)(slab->free_count - count);
    slab->touched = true;
    return count;
  }
  return 0;
}

unsigned th_slab_take(struct th_slab *slab, unsigned count, void **out) {
  if (LOAM_HARDENED) return take_at_random(slab, count, out);
  char *start = th_slab_start(slab);
  size_t block_bytes = slab->block_bytes;
  unsigned purged = slab->purged;
  unsigned taken = 0;
  unsigned word = slab->low_word;
  if (count > slab->free_count) count = slab->free_count;
  while (taken < count) {
    uint64_t bits = th_slab_word(slab, word);
    for (; bits != 0 && taken < count; bits &= bits - 1, taken++) {
      unsigned number = word * 64 + (unsigned)__builtin_ctzl(bits);
      *--out = start + (size_t)number * block_bytes;
      if (purged != 0) purged &= ~pages_of(slab, number);
    }
    th_slab_set_word(slab, word, bits);
    if (bits == 0) word++;
  }
  slab->purged = (uint16_t)purged;
  slab->low_word = (uint16_t)word;
  slab->free_count = (uint16_t)(slab->free_count - taken);
  slab->touched = true;
  return taken;
}

// As th_block_number, with what is the same for all of a slab in hand. So is a word of the
// bitmap as long as blocks fall into it: neighbours are often freed together.
size_t th_slab_put(struct th_slab *slab, void *const *blocks, size_t count) {
  const char *start = th_slab_start(slab);
  uint32_t reciprocal = slab->reciprocal;
  unsigned capacity = slab->capacity;
  size_t bytes = (size_t)slab->slices << TH_SLICE_BITS;
  unsigned word = TH_SLAB_WORDS_MAX;  // none yet
  uint64_t bits = 0;
  size_t done = 0;
  for (; done < count; done++) {
    size_t offset = (size_t)((const char *)blocks[done] - start);
    if (offset >= bytes) break;
    uint64_t product = offset * reciprocal;
    unsigned number = (unsigned)(product >> 32);
    if ((uint32_t)product >= reciprocal || number >= capacity) break;
    if (number / 64 != word) {
      if (word != TH_SLAB_WORDS_MAX) th_slab_set_word(slab, word, bits);
      word = number / 64;
      bits = th_slab_word(slab, word);
      if (word < slab->low_word) slab->low_word = (uint16_t)word;
    }
    uint64_t bit = (uint64_t)1 << number % 64;
    if ((bits & bit) != 0) break;
    bits |= bit;
  }
  if (word != TH_SLAB_WORDS_MAX) th_slab_set_word(slab, word, bits);
  slab->free_count = (uint16_t)(slab->free_count + done);
  slab->touched = true;
  return done;
}

bool th_slab_check(const struct th_slab *slab) {
  unsigned free_count = 0;
  for (unsigned word = 0; word < (slab->capacity + 63u) / 64; word++) {
    uint64_t bits = th_slab_word(slab, word);
    unsigned left = slab->capacity - word * 64;
    if (left < 64 && bits >> left != 0) return false;
    if (bits != 0 && word < slab->low_word) return false;
    free_count += (unsigned)__builtin_popcountl(bits);
  }
  if (free_count != slab->free_count) return false;
  for (unsigned number = 0; slab->purged != 0 && number < slab->capacity; number++) {
    if (!th_block_is_free(slab, number) && (slab->purged & pages_of(slab, number)) != 0) {
      return false;
    }
  }
  return true;
}
