// A thread's cache: for each class of slabs a stack of free blocks, so that most
// calls are a pop or a push that no other thread hears of.
//
// The stack is an array of addresses and lies apart from the blocks: what a
// program writes into a freed block cannot lead astray. A free block's first
// word holds a mark for as long as the block is in a cache (th_mark), which tells
// a second free from the first.
//
// A free takes one from `room`, a malloc gives nothing back to it: so even a
// thread that frees what it has just allocated passes the slow path now and
// then, where the time is looked at and the calls are counted. One that makes few calls gets little
// room, or memory would wait for its hundredth.
//
// How much a stack keeps is its `limit`: what is more goes home when the slow path sees it.
// The limit widens where going home and coming back is a large part of all frees, as with
// bursts, and not where it is a small one: there a small stack serves as well, and a thread that
// sleeps does so on little. All limits of a thread together are bounded, too. The slots of a stack
// come in three tiers, so that those of classes in little use lie together, and large stacks are
// mapped in threads that have use for them.
//
// The first small blocks that a thread frees of a class of which it has allocated none are
// neighbours of what other threads hold. Kept, they would have the threads write to one cache
// line for as long as they run ("passive false sharing": Berger et al., Hoard, 2000), so some
// of these `strangers` go home one by one. A thread that frees more than a few is one that
// frees for others, and keeps them to send home many at a time.
//
// Of its thread alone, but for the functions that say otherwise.
//
// Invariants, for the stack of each class c, count = top - bottom[c]:
//   *bottom[c] = NULL, and bottom[c][1 .. count] are blocks of the class that are
//   neither in the program's hands nor free in their slab
//   count + room <= capacity[c] <= capacity_max(c); 1 <= limit[c] <= capacity[c]
//   limits_bytes = sum of limit[c] * bytes of a block of c
//   wide_bytes = sum of the bytes of wide[c]
//   strangers[c] = 0 after a refill of c; as long as it is not, count = room = 0
//   frees + sum of (granted[c] - room) = blocks that the program freed into it, or that it
//   sent home as strangers
// (Where blocks are sampled, sampling.h says what else there may be in a stack, and of its room.)

#ifndef LOAM_ALLOCATORS_THREAD_HEAP_CACHE_H_
#define LOAM_ALLOCATORS_THREAD_HEAP_CACHE_H_

#include "allocators/thread_heap/arena.h"
#include "allocators/thread_heap/hardened.h"

struct th_sampler;

struct th_free_limits {
  uint32_t reciprocal;   // of the class: th_class_reciprocal
  uint16_t room;         // frees until the slow path
  uint16_t offset_mask;  // of the class: th_class_offset_mask
};

// What the fast paths need of it. Initial-exec: an access is one instruction, and never
// allocates. (Arrays of 8 bytes each: an element is one operand.)
struct th_local {
  void **top[TH_SLAB_CLASSES];  // the last slot that is taken
  struct th_free_limits free[TH_SLAB_CLASSES];
  struct th_cache *cache;            // NULL: not opened yet, or closed
  struct th_quarantine *quarantine;  // of the hardened level; NULL likewise
  uint64_t random;                   // of that level: the last number drawn, 0 for none
  bool ended;                        // the thread is about to
};

extern _Thread_local struct th_local th_local
    __attribute__((tls_model("initial-exec"), visibility("hidden")));

struct th_cache {
  struct th_cache *next, *prev;  // of all caches, or of the spare ones
  struct th_local *local;
  struct th_arena *arena;      // to refill from
  struct th_sampler *sampler;  // sampling.h; NULL where nothing is sampled
  bool is_watched;             // the thread's end will be noticed
  bool is_trimmed;             // of a spare one: without memory but for its first page
  uint64_t age_ms;             // when to look for what nobody uses
  uint32_t events;             // times on the slow path
  uint64_t tick_ms;            // the time when it was last looked at, and
  uint32_t tick_events;        // times on the slow path since it changed
  bool is_busy;                // these are many: room may be wide, time is looked at often enough
  size_t frees;
  size_t limits_bytes;
  size_t wide_bytes;
  uint32_t granted[TH_SLAB_CLASSES];
  uint16_t capacity[TH_SLAB_CLASSES];  // of the tier that the stack is in
  uint16_t limit[TH_SLAB_CLASSES];     // blocks that may stay
  uint16_t batch[TH_SLAB_CLASSES];     // of the last refill
  uint16_t sent[TH_SLAB_CLASSES];      // blocks over it that went home since the last refill, and
  uint16_t freed[TH_SLAB_CLASSES];     // frees since then: both stop at their largest value
  uint16_t counted[TH_SLAB_CLASSES];   // blocks when room was made
  bool is_sending[TH_SLAB_CLASSES];    // some did, and since then neither a refill came nor pairs
  uint8_t strangers[TH_SLAB_CLASSES];  // so many may yet be turned away
  uint8_t last_narrowed;               // the class whose limit made way for another's
  void **bottom[TH_SLAB_CLASSES];
  void **seen[TH_SLAB_CLASSES];  // top, the last time we looked
  void **wide[TH_SLAB_CLASSES];  // slots of the last tier; NULL: not wanted yet
  void *slots[];
};

// Whether free blocks in caches carry a mark: the hardened level has other means.
#if LOAM_HARDENED || LOAM_UNCHECKED
enum { TH_MARKS = 0 };
#else
enum { TH_MARKS = 1 };
#endif

// The first word of a block in a cache, or that was freed past them. No live block has it but by
// accident or by reading freed memory: malloc clears it.
static inline uintptr_t th_mark(void) { return (uintptr_t)th_region.base; }

static inline size_t th_cache_count(const struct th_cache *cache, unsigned class) {
  return (size_t)(cache->local->top[class] - cache->bottom[class]);
}

// Once, before all else.
void th_cache_set_up(void);

// Bytes of a cache's record.
size_t th_cache_bytes(void);

// Makes a record the calling thread's cache, and ends that again: all its blocks
// go home. An all-zero record will do.
void th_cache_open(struct th_cache *cache, struct th_arena *arena);
void th_cache_close(struct th_cache *cache);

// Of a closed one that no other thread may look at any more: unmaps what is beside the record.
void th_cache_release_slots(struct th_cache *cache);

// Gets blocks of a class from the arena and gives one of them; NULL without memory.
void *th_cache_refill(struct th_cache *cache, unsigned class);

// Sends a block home that the thread frees, if it is a stranger; whether it was.
bool th_cache_turn_away(struct th_cache *cache, unsigned class, void *block);

// Makes room for one more block of a class.
void th_cache_make_room(struct th_cache *cache, unsigned class);

// Sends home all blocks.
void th_cache_flush(struct th_cache *cache);

// Sends home some of what lay there since the last look.
void th_cache_age(struct th_cache *cache);

// What caches add up to.
struct th_cache_sums {
  size_t frees;
  size_t slots_bytes;  // mapped beside the records
  size_t blocks[TH_SLAB_CLASSES];
};

// Adds a cache's. Of any thread's: the numbers may be some calls old.
void th_cache_add_sums(const struct th_cache *cache, struct th_cache_sums *sums);

// Whether a block is in the cache. Of any thread's, likewise.
bool th_cache_holds(const struct th_cache *cache, unsigned class, const void *block);

// Proves the invariants for the calling thread's cache.
bool th_cache_check(const struct th_cache *cache);

#endif  // LOAM_ALLOCATORS_THREAD_HEAP_CACHE_H_
