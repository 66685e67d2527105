// Which blocks are sampled, for the heap profile and for guards, without an instruction on the fast
// paths.
//
// A slow path that knows how many mallocs of a class may pass before the next one that is sampled
// (`left`, that one included) sees to it that no more than left - 1 do before the thread is
// on a slow path again: it puts a marker into the stack, a NULL in the place of a block that waits
// `aside`, and keeps back some of the room for frees. Mallocs that pass are at most those to the
// marker and one more for each free, so that, with d blocks over the marker,
//   d + room <= left - 1
// is all it takes, and how many did pass is known from what was pushed and how the stack's level
// changed. So each sampled malloc is just the one that the Poisson process hits, whatever the
// pattern: no call site that always meets the slow path is favoured.
//
// Mallocs that do not go through a cache's stack (spans, mappings, heaps of one's own, threads
// without a cache) are counted as they come. A sampled block of a slab is never of one that caches
// know: it comes from an arena apart (th_sampled_arena) and so takes the slow path when it is
// freed, as spans and mappings do.
//
// Guarded blocks (common/guard) are one in so many of those that caches serve, drawn in the same
// way.
//
// No thread takes more than some 500 samples a second, and the process no more than 50 guarded
// blocks, which take system calls that hold all threads up: above that a period doubles, and
// what is sampled stands for more.
//
// Invariants, for each class of a cache whose sampler is armed, with pops = count + (room - the
// room that there is now) - the stack's count:
//   pops < left and guard_left; marker = NULL or a slot of the stack whose block is `aside`
//   the room that there is now + held = what the cache granted and was not used

#ifndef LOAM_ALLOCATORS_THREAD_HEAP_SAMPLING_H_
#define LOAM_ALLOCATORS_THREAD_HEAP_SAMPLING_H_

#include "allocators/thread_heap/heap.h"
#include "common/guard/guard.h"
#include "common/options/options.h"
#include "common/profile/profile.h"
#include "common/stack/stack.h"

// How often chance may strike: the period is what was set, doubled so many times. Each sample is
// worth some time, of which only so much may be taken in advance (a leaky bucket).
struct th_pace {
  uint64_t paid_us;  // up to when the samples so far are paid for
  _Atomic(uint32_t) doublings;
};

struct th_chance {
  uint64_t random;      // the state of its numbers; 0: not begun
  double bytes_left;    // of what is counted as it comes, to the next sample
  double bytes_period;  // that this was drawn with
  struct th_pace pace;
};

struct th_class_sampler {
  void **marker;
  void *aside;
  uint64_t left;        // mallocs to the next sample, that one included; 0: not drawn
  uint64_t guard_left;  // likewise to the next guarded block
  double period;        // that `left` was drawn with
  uint32_t count;       // blocks in the stack when it was armed
  uint16_t room;        // that there was for frees then
  uint16_t held;        // room that was kept back
  bool is_armed;
};

// Of a cache. All zero is ready.
struct th_sampler {
  struct th_chance chance;
  struct loam_stack_memo last_stack;
  struct th_class_sampler classes[TH_SLAB_CLASSES];
};

struct th_sampling {
  bool is_on;           // for either; these are set once, before all else
  size_t guard_period;  // mallocs to one guarded block; 0: there are none
  struct loam_guard guard;
  struct loam_profile profile;
  struct loam_lock lock;    // of the following
  struct th_chance shared;  // of threads without a cache
  struct th_pace guard_pace;
};

extern struct th_sampling th_sampling;

// The return address of the allocator's function that the program called, where the stack of a
// sample begins: set by whoever leaves the fast path.
extern _Thread_local uintptr_t th_caller
    __attribute__((tls_model("initial-exec"), visibility("hidden")));

#define TH_NOTE_CALLER() ((void)(th_caller = (uintptr_t)__builtin_return_address(0)))

// Once, before any cache is opened.
void th_sampling_set_up(const struct loam_options *options);

// Where the path of a class begins and ends, between which its stack and room are as cache.h
// says; false where it had not been armed. Of caches that have a sampler. `for_mallocs`: more of
// these are to come.
bool th_disarm(struct th_cache *cache, unsigned class);
void th_arm(struct th_cache *cache, unsigned class, bool for_mallocs);

// What is due for a malloc.
struct th_due {
  double chance;  // with which it is sampled, if it is; 0 if not
  bool guard;
};

// Of a class that is not armed: counts a malloc.
struct th_due th_sample_malloc(struct th_cache *cache, unsigned class);

// Counts a block of so many bytes from elsewhere: the chance with which it is sampled, or 0.
double th_sample_bytes(size_t bytes);

// Proves the invariants for a class of the calling thread's cache.
bool th_sampler_check(const struct th_cache *cache, unsigned class);

// Notes a block that is sampled with this chance, in the program's hands from now on; forgets one
// that ends. Under no lock.
void th_sample_note(void *block, double chance);
void th_sample_forget(void *block);

// A guarded block, where there is one to be had, and its end.
void *th_guard_malloc(struct th_request want);
void th_guard_free(void *block);

// A block has another size now, at the same place.
void th_sample_resize(void *block, size_t bytes);

// A heap is about to end.
void th_sample_forget_heap(const struct th_arena *arena);

// Adds guarded blocks and the records of the profile.
void th_sampling_stats(struct loam_stats *stats);

// The profile, where one is taken; false where not, or where writing failed.
bool th_profile_write_at_exit(void);

#endif  // LOAM_ALLOCATORS_THREAD_HEAP_SAMPLING_H_
