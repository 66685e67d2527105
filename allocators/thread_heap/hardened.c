#include "allocators/thread_heap/hardened.h"

#include <string.h>

#include "allocators/thread_heap/state.h"
#include "common/os/os.h"
#include "common/zero/zero.h"

// --- Records -----------------------------------------------------------------

void *th_record_map(size_t bytes) {
  if (!LOAM_HARDENED) return loam_os_map(bytes, 1);
  size_t page = loam_os_page_size();
  char *start = loam_os_reserve(bytes + 2 * page, page);
  if (start == NULL) return NULL;
  if (loam_os_commit(start + page, bytes)) return start + page;
  loam_os_release(start, bytes + 2 * page);
  return NULL;
}

bool th_record_release(void *record, size_t bytes) {
  size_t guard = LOAM_HARDENED ? loam_os_page_size() : 0;
  return loam_os_release((char *)record - guard, bytes + 2 * guard);
}

// (Without optimisation calls that are never made are linked, too.)
#if LOAM_HARDENED || !defined(__OPTIMIZE__)

#define UNLIKELY(condition) __builtin_expect((condition) != 0, 0)

enum {
  PROVED_BYTES_MAX = 4096,  // blocks up to here are looked at whole, larger ones at both ends
  PROVED_ENDS = 1024,
  RESIDENT_PAGES_MAX = 1024,  // asked about at a time
};

struct th_secrets th_secrets;

void th_hardened_set_up(void) {
  th_secrets.key = loam_os_random();
  th_secrets.factor = loam_os_random() | 1;
  // Where pages are larger, what else lies there must stay writable.
  if (loam_os_page_size() <= sizeof th_secrets) loam_os_seal(&th_secrets, sizeof th_secrets);
}

// --- Chance ------------------------------------------------------------------

// Knuth's generator (MMIX): what an attacker cannot see, he need not be kept from computing.
static inline uint32_t draw(void) {
  th_local.random = th_local.random * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(th_local.random >> 32);
}

uint32_t th_random_below(uint32_t count) {
  if (th_local.random == 0) th_local.random = loam_os_random();
  return (uint32_t)((uint64_t)draw() * count >> 32);
}

// --- Zero --------------------------------------------------------------------

static __attribute__((cold, noreturn)) void fail_not_zero(const char *start, size_t bytes) {
  size_t offset = 0;
  while (offset < bytes && start[offset] == 0) offset++;
  th_fail(start + offset, "malloc: memory that is free was written to (use after free?)");
}

static inline void prove_zero(const char *start, size_t bytes) {
  if (UNLIKELY(!loam_is_zero(start, bytes))) fail_not_zero(start, bytes);
}

void th_pages_prove_zero(const char *start, size_t bytes) {
  size_t page = loam_os_page_size();
  if (page > TH_SLICE_BYTES) {  // others' slices may share it
    prove_zero(start, bytes);
    return;
  }
  unsigned char resident[RESIDENT_PAGES_MAX];
  for (size_t done = 0; done < bytes; done += RESIDENT_PAGES_MAX * page) {
    size_t part =
        bytes - done < RESIDENT_PAGES_MAX * page ? bytes - done : RESIDENT_PAGES_MAX * page;
    bool known = loam_os_resident(start + done, part, resident);
    for (size_t i = 0; i * page < part; i++) {
      if (!known || (resident[i] & 1) != 0) prove_zero(start + done + i * page, page);
    }
  }
}

// Pages [first, end) of a part have no memory, or it is elsewhere: then it is dropped there.
static void drop(char *part, size_t first, size_t end) {
  size_t page = loam_os_page_size();
  if (first == end) return;
  if (loam_os_decommit(part + first * page, (end - first) * page)) return;
  memset(part + first * page, 0, (end - first) * page);
}

static void clear_part(char *part, size_t bytes) {
  size_t page = loam_os_page_size();
  unsigned char resident[RESIDENT_PAGES_MAX];
  if (!loam_os_resident(part, bytes, resident)) {
    memset(part, 0, bytes);
    return;
  }
  size_t absent = 0;  // where the run of pages without memory began
  size_t i = 0;
  for (; i * page < bytes; i++) {
    if ((resident[i] & 1) == 0) continue;
    drop(part, absent, i);
    memset(part + i * page, 0, page);
    absent = i + 1;
  }
  drop(part, absent, i);
}

void th_pages_clear(char *start, size_t bytes) {
  if (loam_os_page_size() > TH_SLICE_BYTES) {  // others' slices may share a page
    memset(start, 0, bytes);
    return;
  }
  size_t most = RESIDENT_PAGES_MAX * loam_os_page_size();
  for (size_t done = 0; done < bytes; done += most) {
    clear_part(start + done, bytes - done < most ? bytes - done : most);
  }
}

// --- Blocks ------------------------------------------------------------------

static inline void tag_block(void *block, size_t bytes) {
  uint64_t *slot = th_tag_slot(block, bytes - TH_TAG_BYTES);
  *slot = th_tag(slot);
}

bool th_block_open(void *block, unsigned class) {
  size_t bytes = th_class_bytes(class);
  bool whole = bytes <= PROVED_BYTES_MAX;
  if (whole) {
    prove_zero(block, bytes);
  } else {
    prove_zero(block, PROVED_ENDS);
    prove_zero((char *)block + bytes - PROVED_ENDS, PROVED_ENDS);
  }
  tag_block(block, bytes);
  return whole;
}

void th_block_close(void *block, unsigned class) { loam_clear(block, th_class_bytes(class)); }

// The block on top of the class's stack, or NULL.
static inline void *pop(unsigned class) {
  void **top = th_local.top[class];
  void *block = *top;
  if (UNLIKELY(block == NULL)) return NULL;
  th_local.top[class] = top - 1;
  return block;
}

// Apart, so that the path of short blocks calls nothing.
static __attribute__((noinline)) void *open_long(void *block, unsigned class) {
  th_block_open(block, class);
  return block;
}

void *th_hardened_malloc(size_t size) {
  if (UNLIKELY(size > TH_SLAB_BYTES_MAX - TH_TAG_BYTES)) return th_malloc_slow(size);
  unsigned class = th_table_class(size + TH_TAG_BYTES);
  void *block = pop(class);
  if (UNLIKELY(block == NULL)) return th_malloc_slow(size);
  size_t bytes = th_class_bytes(class);
  if (bytes > LOAM_ZERO_SHORT) return open_long(block, class);
  if (UNLIKELY(!loam_is_zero_short(block, bytes))) fail_not_zero(block, bytes);
  tag_block(block, bytes);
  return block;
}

void *th_hardened_calloc(size_t bytes) {
  void *block = NULL;
  unsigned class = 0;
  if (bytes <= TH_SLAB_BYTES_MAX - TH_TAG_BYTES) {
    class = th_table_class(bytes + TH_TAG_BYTES);
    block = pop(class);
  }
  if (UNLIKELY(block == NULL)) {
    return th_malloc_any((struct th_request){.bytes = bytes, .zeroed = true});
  }
  return th_block_open(block, class) ? block : memset(block, 0, bytes);
}

static __attribute__((cold, noreturn)) void fail_size(const void *block) {
  th_fail(block, "free: a block of another size or alignment than it is said to have");
}

void *th_hardened_aligned_alloc(size_t alignment, size_t size) {
  if (size <= TH_SLAB_BYTES_MAX - TH_TAG_BYTES && alignment <= TH_SLICE_BYTES) {
    unsigned class = th_class_for(size + TH_TAG_BYTES, alignment);
    void *block = class < TH_SPAN_CLASS ? pop(class) : NULL;
    if (block != NULL) return open_long(block, class);
  }
  return th_malloc_any((struct th_request){.bytes = size, .alignment = alignment});
}

// The place in the quarantine for a block that is freed now. Of large blocks there are few.
static inline void **place_for(unsigned class, size_t bytes) {
  uint32_t mask = bytes <= 1024 ? TH_QUARANTINE_BLOCKS - 1 : bytes <= 4096 ? 3 : 1;
  return &th_local.quarantine->held[class][draw() >> 16 & mask];
}

// A block that became free waits in the place of another, which goes to the cache: there is
// room.
static inline void keep(void *block, unsigned class, size_t bytes) {
  void **place = place_for(class, bytes);
  void *victim = *place;
  *place = block;
  if (victim == NULL) return;
  th_local.free[class].room--;
  *++th_local.top[class] = victim;
}

// As open_long.
static __attribute__((noinline)) void close_long(void *block, unsigned class) {
  size_t bytes = th_class_bytes(class);
  loam_clear_long(block, bytes);
  keep(block, class, bytes);
}

// A block that is `sized` has to be of the class `expected`.
static inline __attribute__((always_inline)) void free_block(void *block, bool sized,
                                                             unsigned expected) {
  // As th_free, but for the tag in place of the mark.
  size_t limit = atomic_load_explicit(&th_region.limit, memory_order_acquire);
  uintptr_t base = (uintptr_t)th_region.base;
  size_t slice = ((uintptr_t)block - base) >> TH_SLICE_BITS;
  if (UNLIKELY(slice >= limit)) {
    th_free_slow(block);
    return;
  }
  unsigned class = th_map_at(base, slice);
  // (0: another page of its slab went back since we looked.)
  if (sized && UNLIKELY(class != expected) && class != 0) fail_size(block);
  uint32_t reciprocal = th_local.free[class].reciprocal;
  uint32_t offset = (uint32_t)(uintptr_t)block & th_local.free[class].offset_mask;
  uint32_t room = th_local.free[class].room;
  size_t bytes = th_class_bytes(class);
  if (UNLIKELY(offset * reciprocal >= reciprocal) || UNLIKELY(room == 0)) {
    th_free_slow(block);
    return;
  }
  uint64_t *slot = th_tag_slot(block, bytes - TH_TAG_BYTES);
  if (UNLIKELY(*slot != th_tag(slot))) {
    th_free_slow(block);
    return;
  }
  if (bytes > LOAM_ZERO_SHORT) {
    close_long(block, class);
    return;
  }
  loam_clear_short(block, bytes);
  keep(block, class, bytes);
}

void th_hardened_free(void *block) { free_block(block, false, 0); }

void th_hardened_free_sized(void *block, size_t size) {
  size_t slice = th_slice_of(block);
  if (UNLIKELY(size > TH_SLAB_BYTES_MAX - TH_TAG_BYTES || !th_slice_is_known(slice) ||
               th_map_get(slice) == 0)) {
    th_check_size(block, size, 0);
    free_block(block, false, 0);
    return;
  }
  free_block(block, true, th_table_class(size + TH_TAG_BYTES));
}

// A tag is a word, and begins at one.
static size_t span_usable_for(size_t bytes) {
  return (bytes + sizeof(uint64_t) - 1) & ~(sizeof(uint64_t) - 1);
}

void th_check_size(const void *block, size_t size, size_t alignment) {
  if (block == NULL) return;
  if (alignment > 1 && ((uintptr_t)block & (alignment - 1)) != 0) fail_size(block);
  size_t slice = th_slice_of(block);
  unsigned class = th_slice_is_known(slice) ? th_map_get(slice) : 0;
  if (class == 0) {
    struct th_found found = th_find(block);
    size_t usable = th_usable_bytes(&found);
    bool fits;
    if (found.slab == NULL) {
      // One that grew has up to an eighth more than was asked for.
      fits = size <= usable && usable - size <= size / 8 + loam_os_page_size();
    } else if (found.slab->class == TH_SPAN_CLASS) {
      fits = usable == span_usable_for(size);
    } else {
      fits = size <= usable && th_class_for(size + TH_TAG_BYTES, alignment) == found.slab->class;
    }
    if (!fits) fail_size(block);
    return;
  }
  if (size > TH_SLAB_BYTES_MAX || th_class_for(size + TH_TAG_BYTES, alignment) != class) {
    fail_size(block);
  }
}

// --- Spans -------------------------------------------------------------------

size_t th_span_usable(const struct th_slab *span) { return th_slab_word(span, 1); }

void th_span_set_usable(struct th_slab *span, size_t bytes) {
  size_t usable = span_usable_for(bytes);
  uint64_t *slot = th_tag_slot(th_slab_start(span), usable);
  *slot = th_tag(slot);  // first: see th_tags_check
  th_slab_set_word(span, 1, usable);
}

// Of a span whose size is not known yet there is nothing to say.
__attribute__((no_sanitize("thread"))) bool th_tags_check(const struct th_slab *slab) {
  bool is_span = slab->class == TH_SPAN_CLASS;
  size_t usable = is_span ? th_span_usable(slab) : slab->block_bytes - TH_TAG_BYTES;
  if (usable == 0) return true;
  for (unsigned first = 0; first < slab->capacity; first += 64) {
    unsigned left = slab->capacity - first;
    uint64_t all = left >= 64 ? ~(uint64_t)0 : ((uint64_t)1 << left) - 1;
    for (uint64_t out = all & ~th_slab_word(slab, first / 64); out != 0; out &= out - 1) {
      size_t number = first + (unsigned)__builtin_ctzl(out);
      const uint64_t *slot = th_tag_slot(th_slab_start(slab) + number * slab->block_bytes, usable);
      if (*slot != 0 && *slot != th_tag(slot)) return false;
    }
  }
  return true;
}

// --- Quarantine --------------------------------------------------------------

void *th_quarantine_swap(unsigned class, void *block) {
  void **place = place_for(class, th_class_bytes(class));
  void *victim = *place;
  *place = block;
  return victim;
}

size_t th_quarantine_flush(struct th_quarantine *quarantine) {
  size_t flushed = 0;
  for (unsigned class = 1; class < TH_SLAB_CLASSES; class ++) {
    void *blocks[TH_QUARANTINE_BLOCKS];
    size_t count = 0;
    for (unsigned i = 0; i < TH_QUARANTINE_BLOCKS; i++) {
      if (quarantine->held[class][i] == NULL) continue;
      blocks[count++] = quarantine->held[class][i];
      quarantine->held[class][i] = NULL;
    }
    if (count != 0) th_arena_put(class, blocks, count);
    flushed += count;
  }
  return flushed;
}

// Another thread may be changing it: see cache.c.
__attribute__((no_sanitize("thread"))) void th_quarantine_add_sums(
    const struct th_quarantine *quarantine, struct th_cache_sums *sums) {
  for (unsigned class = 1; class < TH_SLAB_CLASSES; class ++) {
    for (unsigned i = 0; i < TH_QUARANTINE_BLOCKS; i++) {
      if (quarantine->held[class][i] == NULL) continue;
      sums->blocks[class]++;
      sums->frees++;
    }
  }
}

#endif  // LOAM_HARDENED || !defined(__OPTIMIZE__)
