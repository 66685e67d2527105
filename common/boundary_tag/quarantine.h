// The quarantine of the hardened level: a small block that a thread frees waits here until chance
// gives its place to a later one, so that who frees a block too early cannot tell when, or for
// what, it is used again. From here a block goes where it would have gone at once. Template, see
// arena.h.
//
// Like a block in a cache it is in use to its neighbours and to its arena, one of the process. It
// bears no mark: its payload is zero, canary included (hardened.h), by which a second free is
// known.
//
// Thread-safety: only its thread touches it, but for the counters, which any thread may read.
//
// Invariants, when its thread is not inside:
//   each block held is in use, of QUARANTINE_BLOCK_BYTES_MAX or less, and its payload is zero
//   sums = 2^32 * the number of those held + the sum of their sizes
//   is_open = false: none is held

#ifndef LOAM_COMMON_BOUNDARY_TAG_QUARANTINE_H_
#define LOAM_COMMON_BOUNDARY_TAG_QUARANTINE_H_

#include "common/boundary_tag/hardened.h"
#include "common/os/os.h"

enum {
  QUARANTINE_BITS = 5,
  QUARANTINE_BLOCKS = 1 << QUARANTINE_BITS,
  QUARANTINE_BLOCK_BYTES_MAX = 4096,
};

struct quarantine {
  struct block *held[QUARANTINE_BLOCKS];  // NULL: an empty place
  // Relaxed: only its thread writes it, and whoever reads it wants the numbers, not what stands
  // behind them. One word, so that both are of one moment.
  _Atomic(uint64_t) sums;
  uint64_t chance;  // the last number of the thread's sequence
  bool is_open;
};

static void quarantine_open(struct quarantine *quarantine) {
  quarantine->chance = loam_os_random();
  quarantine->is_open = true;
}

// What a block is in the sums.
static inline uint64_t quarantine_sum(size_t size) { return ((uint64_t)1 << 32) + size; }

static inline void quarantine_count(struct quarantine *quarantine, uint64_t change) {
  uint64_t sums = atomic_load_explicit(&quarantine->sums, memory_order_relaxed) + change;
  atomic_store_explicit(&quarantine->sums, sums, memory_order_relaxed);
}

// A block leaves. Where links and a footer are about to be written it must be zero, or they would
// cover what was written there meanwhile; the rest is looked at when it is handed out. One that
// ends in a canary is live: it was freed twice, and handed out in between. Gives its size.
static inline size_t quarantine_expect_free(struct block *block) {
  size_t size = word_size(block_word(block));
  uint64_t end = atomic_load_explicit(block_footer(block, size), memory_order_relaxed);
  if (__builtin_expect((block->next | block->prev | end) != 0, 0)) fail_not_zero(block, size);
  return size;
}

// Puts a block of `size` bytes into an open quarantine, and gives the one whose place it got; NULL,
// if the place was empty; the block itself, if it is too large to wait.
static inline struct block *quarantine_swap(struct quarantine *quarantine, struct block *block,
                                            size_t size) {
  if (size > QUARANTINE_BLOCK_BYTES_MAX) return block;
  uint64_t change = quarantine_sum(size);
  // Knuth's generator (MMIX): what an attacker cannot see, he need not be kept from computing.
  quarantine->chance = quarantine->chance * 6364136223846793005u + 1442695040888963407u;
  struct block **place = &quarantine->held[quarantine->chance >> (64 - QUARANTINE_BITS)];
  struct block *victim = *place;
  *place = block;
  if (victim != NULL) change -= quarantine_sum(quarantine_expect_free(victim));
  quarantine_count(quarantine, change);
  return victim;
}

// Takes out some block; NULL when there is none.
static struct block *quarantine_take(struct quarantine *quarantine) {
  for (size_t i = 0; i < QUARANTINE_BLOCKS; i++) {
    struct block *block = quarantine->held[i];
    if (block == NULL) continue;
    quarantine->held[i] = NULL;
    quarantine_count(quarantine, -quarantine_sum(quarantine_expect_free(block)));
    return block;
  }
  return NULL;
}

// Proves the invariants of the calling thread's quarantine.
static bool quarantine_check(const struct quarantine *quarantine) {
  uint64_t sums = 0;
  for (size_t i = 0; i < QUARANTINE_BLOCKS; i++) {
    struct block *block = quarantine->held[i];
    if (block == NULL) continue;
    uint32_t word = block_word(block);
    size_t size = word_size(word);
    if ((word & IN_USE) == 0 || size > QUARANTINE_BLOCK_BYTES_MAX) return false;
    if (!block_is_zero(block, size)) return false;
    sums += quarantine_sum(size);
  }
  if (sums != 0 && !quarantine->is_open) return false;
  return sums == atomic_load_explicit(&quarantine->sums, memory_order_relaxed);
}

#endif  // LOAM_COMMON_BOUNDARY_TAG_QUARANTINE_H_
