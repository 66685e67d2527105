// The hardened level: what it adds to each path, empty where LOAM_HARDENED is 0.
//
// A live block ends in a tag: 8 bytes behind what the program may use, computed from their
// own address and a secret of the process. Memory that is free is zero, every byte of it. So one
// word tells all: a free that finds the tag ends a live block; one that finds zero is a
// second one, or of a block that never was; one that finds anything else is told of
// an overflow. A block that is handed out and is not zero was written to after its free.
//
// A freed block waits in its thread's quarantine, until a later free of the class takes its
// place by chance. Blocks are taken from slabs in random order. README.md has the
// threat model.
//
// Invariants (with `usable` = what th_usable_bytes says):
//   the word behind the `usable` bytes of a block in the program's hands = th_tag of that word
//   a block that is free, in a slab, a cache or a quarantine, is zero
//   slices that are free are zero

#ifndef LOAM_ALLOCATORS_THREAD_HEAP_HARDENED_H_
#define LOAM_ALLOCATORS_THREAD_HEAP_HARDENED_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "allocators/thread_heap/size_classes.h"
#include "common/variant/variant.h"

struct th_cache;
struct th_cache_sums;
struct th_slab;

enum {
  TH_TAG_BYTES = LOAM_HARDENED ? 8 : 0,  // that a block is larger than its request
  TH_QUARANTINE_BLOCKS = 8,              // of a class, in each thread
};

// --- Tags --------------------------------------------------------------------

// Drawn once, then on a page that cannot be written.
struct th_secrets {
  uint64_t key, factor;
  char rest[4096 - 16];
} __attribute__((aligned(4096)));

extern struct th_secrets th_secrets;

void th_hardened_set_up(void);

// The first byte of a tag is zero: a string that is not ended ends there, and no copy of a
// string forges one.
static inline uint64_t th_tag(const void *slot) {
  uint64_t product = ((uintptr_t)slot ^ th_secrets.key) * th_secrets.factor;
  return (product ^ product >> 32) << 8 | 0x100;
}

static inline uint64_t *th_tag_slot(const void *block, size_t usable) {
  return (uint64_t *)(uintptr_t)((const char *)block + usable);
}

// --- Blocks of slabs ---------------------------------------------------------

// A free block becomes the program's: proves that it is zero. True when all of it was
// looked at.
bool th_block_open(void *block, unsigned class);

// The program's becomes free. Its tag was found to be right.
void th_block_close(void *block, unsigned class);

// The paths of malloc, calloc and free that a thread's cache serves.
void *th_hardened_malloc(size_t size);
void *th_hardened_calloc(size_t bytes);
void *th_hardened_aligned_alloc(size_t alignment, size_t size);
void th_hardened_free(void *block);
void th_hardened_free_sized(void *block, size_t size);

// Ends the process unless a block was asked for with this size and alignment.
void th_check_size(const void *block, size_t size, size_t alignment);

// --- Spans and mappings ------------------------------------------------------

// What may be used of a span. (Its record's bitmap needs one bit.)
size_t th_span_usable(const struct th_slab *span);
void th_span_set_usable(struct th_slab *span, size_t bytes);

// Proves that free slices are zero, and makes slices zero that are to be free. Pages without
// memory stay without.
void th_pages_prove_zero(const char *start, size_t bytes);
void th_pages_clear(char *start, size_t bytes);

// Proves that behind each block which is out of its slab stands a tag or, where it waits in a
// cache, zero. Under the lock of the arena; threads go on with their blocks.
bool th_tags_check(const struct th_slab *slab);

// --- Quarantine --------------------------------------------------------------

// Free blocks that are not to be used again at once. Of its thread alone.
struct th_quarantine {
  void *held[TH_SLAB_CLASSES][TH_QUARANTINE_BLOCKS];  // NULL: an empty place
};

static inline size_t th_quarantine_bytes(void) {
  return LOAM_HARDENED ? sizeof(struct th_quarantine) : 0;
}

// Puts a block in, and takes out the one whose place it gets; NULL while there are empty ones.
void *th_quarantine_swap(unsigned class, void *block);

// Sends home all blocks; how many.
size_t th_quarantine_flush(struct th_quarantine *quarantine);

// Adds what it holds. Of any thread's: the numbers may be some calls old.
void th_quarantine_add_sums(const struct th_quarantine *quarantine, struct th_cache_sums *sums);

// --- Chance, and records -----------------------------------------------------

// A number below `count`, of the calling thread's own sequence.
uint32_t th_random_below(uint32_t count);

// A zeroed record between pages that cannot be touched, and its end.
void *th_record_map(size_t bytes);
bool th_record_release(void *record, size_t bytes);

#endif  // LOAM_ALLOCATORS_THREAD_HEAP_HARDENED_H_
