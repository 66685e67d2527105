// Doubly linked lists of free blocks, for a variant's free index. Template, see
// arena.h. Under the arena's lock.
//
// Before a block is taken out its links are verified: their seals (block.h), and
// that both neighbours point back ("safe unlinking").
//
// Invariants of the list that begins with *first:
//   prev(next(b)) = b, next(prev(b)) = b; the first block has prev = NULL,
//   the last has next = NULL

#ifndef LOAM_COMMON_BOUNDARY_TAG_LIST_H_
#define LOAM_COMMON_BOUNDARY_TAG_LIST_H_

#include "common/boundary_tag/block.h"

static inline struct block *list_next(const struct block *block) {
  return link_read(&block->next, (struct block *)block);
}

static inline struct block *list_prev(const struct block *block) {
  return link_read(&block->prev, (struct block *)block);
}

// Makes `to` what follows `prev`; NULL `prev`: the first.
static inline void list_link_after(struct block **first, struct block *prev, struct block *to) {
  if (prev != NULL) {
    link_write(&prev->next, to);
  } else {
    *first = to;
  }
}

static inline void list_link_before(struct block *next, struct block *to) {
  if (next != NULL) link_write(&next->prev, to);
}

// True if both neighbours in the list point back at the block.
static inline bool list_is_linked(struct block *const *first, const struct block *block,
                                  const struct block *prev, const struct block *next) {
  bool linked = prev != NULL ? list_next(prev) == block : *first == block;
  return next != NULL ? linked && list_prev(next) == block : linked;
}

static inline void list_expect_linked(struct block *const *first, struct block *block,
                                      struct block *prev, struct block *next) {
  if (__builtin_expect(!list_is_linked(first, block, prev, next), 0)) {
    block_corrupt(block, "free list broken at this block");
  }
}

static inline void list_push(struct block **first, struct block *block) {
  struct block *second = *first;
  link_write(&block->prev, NULL);
  link_write(&block->next, second);
  list_link_before(second, block);
  *first = block;
}

// True if that leaves the list empty.
static inline bool list_remove(struct block **first, struct block *block) {
  struct block *prev = list_prev(block);
  struct block *next = list_next(block);
  list_expect_linked(first, block, prev, next);
  list_link_before(next, prev);
  list_link_after(first, prev, next);
  return *first == NULL;
}

// `to`, which may overlap `from`, takes its place.
static inline void list_replace(struct block **first, struct block *from, struct block *to) {
  struct block *prev = list_prev(from);
  struct block *next = list_next(from);
  list_expect_linked(first, from, prev, next);
  link_write(&to->prev, prev);
  link_write(&to->next, next);
  list_link_before(next, to);
  list_link_after(first, prev, to);
}

#endif  // LOAM_COMMON_BOUNDARY_TAG_LIST_H_
