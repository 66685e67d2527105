#include "tests/worst_case/textbook_tlsf.h"

#include <stdint.h>
#include <string.h>

enum {
  ALIGNMENT = 16,
  SECOND_BITS = 5,
  SECOND_LISTS = 1 << SECOND_BITS,
  // Below, blocks are so small that the lists are 16 bytes apart: the first
  // level's list 0.
  SMALL_BITS = SECOND_BITS + 4,
  SMALL_BYTES = 1 << SMALL_BITS,
  FIRST_LISTS = 32,

  FREE = 1,
  PREVIOUS_FREE = 2,
  FLAGS = FREE | PREVIOUS_FREE,
};

static const size_t largest_bytes = (size_t)1 << (SMALL_BITS + FIRST_LISTS - 2);

// Blocks follow each other without gaps; the last one, of size 0, is in use.
struct block {
  struct block *previous;  // the neighbour below; valid while PREVIOUS_FREE
  size_t size_and_flags;   // of the block with this header
  struct block *next_free, *previous_free;
};

enum { HEADER_BYTES = 16, BLOCK_BYTES_MIN = sizeof(struct block) };

struct textbook_tlsf {
  uint32_t first_map;
  uint32_t second_map[FIRST_LISTS];
  struct block *lists[FIRST_LISTS][SECOND_LISTS];
  struct block *first_block;
};

// --- Blocks --------------------------------------------------------------------

static size_t size_of(const struct block *block) { return block->size_and_flags & ~(size_t)FLAGS; }
static bool is_free(const struct block *block) { return (block->size_and_flags & FREE) != 0; }

static struct block *after(const struct block *block) {
  return (struct block *)((char *)block + size_of(block));
}

static void *payload_of(struct block *block) { return (char *)block + HEADER_BYTES; }
static struct block *block_of(void *payload) {
  return (struct block *)((char *)payload - HEADER_BYTES);
}

static size_t round_up(size_t bytes) { return (bytes + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1); }

// --- Lists ---------------------------------------------------------------------

struct position {
  unsigned first, second;
};

static unsigned highest_bit(size_t value) { return 63 - (unsigned)__builtin_clzl(value); }

static struct position position_of(size_t size) {
  if (size < SMALL_BYTES) return (struct position){0, (unsigned)(size / ALIGNMENT)};
  const unsigned power = highest_bit(size);
  return (struct position){power - SMALL_BITS + 1,
                           (unsigned)(size >> (power - SECOND_BITS)) - SECOND_LISTS};
}

static void insert(struct textbook_tlsf *heap, struct block *block) {
  const struct position at = position_of(size_of(block));
  struct block **list = &heap->lists[at.first][at.second];
  block->previous_free = NULL;
  block->next_free = *list;
  if (*list != NULL) (*list)->previous_free = block;
  *list = block;
  heap->first_map |= 1u << at.first;
  heap->second_map[at.first] |= 1u << at.second;
}

static void take_out(struct textbook_tlsf *heap, struct block *block) {
  const struct position at = position_of(size_of(block));
  if (block->next_free != NULL) block->next_free->previous_free = block->previous_free;
  if (block->previous_free != NULL) {
    block->previous_free->next_free = block->next_free;
    return;
  }
  heap->lists[at.first][at.second] = block->next_free;
  if (block->next_free != NULL) return;
  heap->second_map[at.first] &= ~(1u << at.second);
  if (heap->second_map[at.first] == 0) heap->first_map &= ~(1u << at.first);
}

// A free block of at least `size` bytes, or NULL.
static struct block *find(const struct textbook_tlsf *heap, size_t size) {
  if (size >= SMALL_BYTES) size += ((size_t)1 << (highest_bit(size) - SECOND_BITS)) - 1;
  struct position at = position_of(size);
  uint32_t lists = heap->second_map[at.first] & (~0u << at.second);
  if (lists == 0) {
    const uint32_t higher =
        at.first + 1 < FIRST_LISTS ? heap->first_map & (~0u << (at.first + 1)) : 0;
    if (higher == 0) return NULL;
    at.first = (unsigned)__builtin_ctz(higher);
    lists = heap->second_map[at.first];
  }
  return heap->lists[at.first][__builtin_ctz(lists)];
}

// --- The heap ------------------------------------------------------------------

struct textbook_tlsf *textbook_tlsf_create(void *memory, size_t bytes) {
  const uintptr_t start = round_up((uintptr_t)memory);
  const uintptr_t first = round_up(start + sizeof(struct textbook_tlsf));
  const uintptr_t end = ((uintptr_t)memory + bytes) & ~(uintptr_t)(ALIGNMENT - 1);
  if (end < first + BLOCK_BYTES_MIN + HEADER_BYTES || end - first > largest_bytes) return NULL;
  struct textbook_tlsf *heap = (struct textbook_tlsf *)start;
  memset(heap, 0, sizeof(*heap));
  heap->first_block = (struct block *)first;
  heap->first_block->size_and_flags = (end - HEADER_BYTES - first) | FREE;
  insert(heap, heap->first_block);
  struct block *last = after(heap->first_block);
  last->size_and_flags = PREVIOUS_FREE;
  last->previous = heap->first_block;
  return heap;
}

void *textbook_tlsf_malloc(struct textbook_tlsf *heap, size_t size) {
  if (size > largest_bytes / 2) return NULL;
  size = round_up(size + HEADER_BYTES);
  if (size < BLOCK_BYTES_MIN) size = BLOCK_BYTES_MIN;
  struct block *block = find(heap, size);
  if (block == NULL) return NULL;
  take_out(heap, block);
  const size_t rest_size = size_of(block) - size;
  if (rest_size >= BLOCK_BYTES_MIN) {
    block->size_and_flags = size;
    struct block *rest = after(block);
    rest->size_and_flags = rest_size | FREE;
    after(rest)->previous = rest;
    insert(heap, rest);
  } else {
    block->size_and_flags &= ~(size_t)FREE;
    after(block)->size_and_flags &= ~(size_t)PREVIOUS_FREE;
  }
  return payload_of(block);
}

void textbook_tlsf_free(struct textbook_tlsf *heap, void *payload) {
  if (payload == NULL) return;
  struct block *block = block_of(payload);
  size_t size = size_of(block);
  struct block *next = after(block);
  if (is_free(next)) {
    take_out(heap, next);
    size += size_of(next);
  }
  if ((block->size_and_flags & PREVIOUS_FREE) != 0) {
    block = block->previous;
    take_out(heap, block);
    size += size_of(block);
  }
  block->size_and_flags = size | FREE;
  next = after(block);
  next->previous = block;
  next->size_and_flags |= PREVIOUS_FREE;
  insert(heap, block);
}

// --- The walk ------------------------------------------------------------------

static bool is_listed(const struct textbook_tlsf *heap, const struct block *block) {
  const struct position at = position_of(size_of(block));
  const struct block *listed = heap->lists[at.first][at.second];
  while (listed != NULL && listed != block) listed = listed->next_free;
  return listed == block && (heap->first_map >> at.first & 1) != 0 &&
         (heap->second_map[at.first] >> at.second & 1) != 0;
}

bool textbook_tlsf_check(const struct textbook_tlsf *heap) {
  size_t free_blocks = 0;
  bool previous_free = false;
  const struct block *block = heap->first_block;
  for (const struct block *previous = NULL;; previous = block, block = after(block)) {
    if (((block->size_and_flags & PREVIOUS_FREE) != 0) != previous_free) return false;
    if (previous_free && (block->previous != previous || is_free(block))) return false;
    if (size_of(block) == 0) break;
    previous_free = is_free(block);
    if (previous_free && !is_listed(heap, block)) return false;
    free_blocks += previous_free;
  }
  for (unsigned first = 0; first < FIRST_LISTS; first++) {
    for (unsigned second = 0; second < SECOND_LISTS; second++) {
      const struct block *listed = heap->lists[first][second];
      const bool marked = (heap->second_map[first] >> second & 1) != 0;
      if (marked != (listed != NULL) || (marked && (heap->first_map >> first & 1) == 0)) {
        return false;
      }
      for (; listed != NULL; listed = listed->next_free) free_blocks--;
    }
  }
  return free_blocks == 0;
}
