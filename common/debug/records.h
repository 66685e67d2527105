// What the debug level knows of each block, in mappings of its own between pages that cannot be
// touched. Not thread-safe: under the lock of struct loam_debug, but for what a
// record's owner does with a record that it took out of reach.

#ifndef LOAM_COMMON_DEBUG_RECORDS_H_
#define LOAM_COMMON_DEBUG_RECORDS_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/debug/family.h"

struct loam_heap;

enum loam_state {
  LOAM_UNUSED,   // the record is free
  LOAM_LIVE,     // in the program's hands
  LOAM_FREEING,  // between that and the quarantine: its thread looks at it
  LOAM_WAITING,  // in the quarantine
  LOAM_GONE,     // in the queue of the quarantine, but its heap is no more
};

enum {
  LOAM_ZONE_BYTES = 32,  // before and behind each block, filled with a pattern
  LOAM_RECORD_CHUNK = 1024,
  LOAM_RECORD_CHUNKS_MAX = 1 << 16,
};

// Numbers of records are never 0, which stands for none.
struct loam_record {
  uintptr_t hidden;  // the block's address, each bit turned: the search for leaks must not take
                     // it for a pointer of the program's
  size_t size;       // that was asked for
  struct loam_heap *heap;            // NULL: the process's
  uint64_t sequence;                 // how many blocks were handed out before it, + 1
  uint32_t alloc_stack, free_stack;  // common/stack/table.h
  uint32_t alloc_thread, free_thread;
  uint32_t next;  // of the bucket; in a free record, of the chunk's free ones
  uint32_t link;  // WAITING and GONE: the next of the queue. LIVE: free for a search for leaks
  uint32_t heap_prev, heap_next;  // of the blocks of the same heap of one's own
  uint8_t state;                  // enum loam_state
  uint8_t family;                 // enum loam_family: whose call made it, and so whose must end it
  uint8_t alignment_log2;         // of the request; 4 where there was none
  uint8_t mark;                   // for a search for leaks
  uint8_t is_forbidden;           // WAITING, 1: its whole pages cannot be touched
};

// Invariants:
//   a record is in the bucket of its block <=> its state is LIVE, FREEING or WAITING
//   count = the number of such records; no two have one address
//   chunk->used = records of the chunk that are not UNUSED; its `free` list has the others
struct loam_records {
  uint32_t *buckets;
  size_t bucket_count;  // a power of two, or 0
  size_t count;
  struct loam_record_chunk *chunks[LOAM_RECORD_CHUNKS_MAX];
  size_t chunk_count;      // that were ever in use
  size_t first_with_room;  // no chunk before it has a free record
  size_t mapped_bytes;
};

static inline void *loam_record_block(const struct loam_record *record) {
  return (void *)~record->hidden;
}

static inline size_t loam_record_alignment(const struct loam_record *record) {
  return (size_t)1 << record->alignment_log2;
}

// From what the heap below handed out to the block: a zone, and as much more as alignment asks.
static inline size_t loam_front_bytes(size_t alignment) {
  return alignment > LOAM_ZONE_BYTES ? alignment : LOAM_ZONE_BYTES;
}

// All of what the heap below handed out.
static inline void *loam_record_base(const struct loam_record *record) {
  return (char *)loam_record_block(record) - loam_front_bytes(loam_record_alignment(record));
}

static inline size_t loam_record_footprint(const struct loam_record *record) {
  return loam_front_bytes(loam_record_alignment(record)) + record->size + LOAM_ZONE_BYTES;
}

struct loam_record *loam_record_at(const struct loam_records *records, uint32_t number);

// A new record for the block, in its bucket; NULL where there is no memory. The caller fills in all
// but `hidden` and `next`. Its number is in *number.
struct loam_record *loam_record_add(struct loam_records *records, const void *block,
                                    uint32_t *number);

// The record of the block that begins at this address, or NULL.
struct loam_record *loam_record_find(const struct loam_records *records, const void *block,
                                     uint32_t *number);

// The record whose block, with its zones, holds the address; slow. NULL: none.
struct loam_record *loam_record_around(const struct loam_records *records, const void *address);

// Takes the record out of its bucket; and gives back one that is in none.
void loam_record_unlist(struct loam_records *records, struct loam_record *record);
void loam_record_release(struct loam_records *records, uint32_t number);

// All records in use, in no order: *cursor is 0 at first; NULL at the end.
struct loam_record *loam_record_next(const struct loam_records *records, uint32_t *cursor);

// Gives chunks back that have no record in use, and buckets that are too many.
void loam_records_trim(struct loam_records *records);

// Proves the invariants.
bool loam_records_check(const struct loam_records *records);

#endif  // LOAM_COMMON_DEBUG_RECORDS_H_
