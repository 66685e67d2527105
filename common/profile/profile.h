// A heap profile: which stacks the memory in use was allocated from, and all memory so far, as
// estimated from samples. It is written in the text format of pprof.
//
// A sample that was taken with chance q stands for 1/q blocks. The sums are kept scaled like
// that, so that a reader has nothing to scale, and chances may differ between samples.
//
// Thread-safe. Writing takes no lock and never allocates: it may be done in a signal handler,
// and while samples come and go.
//
// Invariants, under the lock:
//   samples = entries of live[] with an address <= live_capacity / 2; each is found from its
//   hash without crossing an empty slot
//   the first site is that of no stack; each other's number is found from its stack's hash in
//   site_index[], where 0 is an empty slot; site_count <= index_slots / 2
//   the live sums of a site = the sums over the samples of its stack

#ifndef LOAM_COMMON_PROFILE_PROFILE_H_
#define LOAM_COMMON_PROFILE_PROFILE_H_

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/lock/lock.h"

enum { LOAM_PROFILE_SITES_MAX = 1 << 16 };

// Of a stack: how many blocks, in 1/65536, and bytes.
struct loam_profile_sums {
  _Atomic(uint64_t) blocks, bytes;
};

struct loam_profile_site {
  uint32_t stack;  // common/stack/table.h
  struct loam_profile_sums live, all;
  uint64_t checked_blocks, checked_bytes;  // of the check: what its samples add up to
};

struct loam_profile_sample {
  uintptr_t address;  // 0: an empty slot
  uint32_t site;
  double chance;
  size_t bytes;
};

// All zero but for the period: ready.
struct loam_profile {
  struct loam_lock lock;
  size_t period;                    // bytes to one sample, as it is set
  struct loam_profile_site *sites;  // of which the writer sees site_count
  _Atomic(uint32_t) site_count;
  uint32_t *site_index;
  size_t index_slots;
  struct loam_profile_sample *live;
  size_t live_capacity, samples;
  // Written under the lock, read by the writer.
  _Atomic(uint64_t) taken, lost;                // samples; those for which there was no memory
  _Atomic(double) live_variance, all_variance;  // of the estimated bytes
};

// Notes a block that was sampled with this chance, and forgets one that ends; false where it was
// not sampled.
void loam_profile_add(struct loam_profile *profile, const void *address, size_t bytes,
                      double chance, const uintptr_t *frames, size_t count);
bool loam_profile_remove(struct loam_profile *profile, const void *address);

// Forgets all blocks of which `is_theirs` says so. It must not add or remove any.
void loam_profile_remove_if(struct loam_profile *profile,
                            bool (*is_theirs)(const void *address, void *context), void *context);

// Writes the profile; false when that failed.
bool loam_profile_write(const struct loam_profile *profile, const char *variant, int fd);

// The same to a new file PREFIX.PID.NUMBER.heap; reports on stderr where that cannot be done.
bool loam_profile_write_file(const struct loam_profile *profile, const char *variant,
                             const char *prefix);

// What it has mapped, in bytes.
size_t loam_profile_bytes(struct loam_profile *profile);

// Proves the invariants; the sample or site that breaks one, or NULL.
const void *loam_profile_check(struct loam_profile *profile);

#endif  // LOAM_COMMON_PROFILE_PROFILE_H_
