#include "common/profile/profile.h"

#include <string.h>

#include "common/os/os.h"
#include "common/stack/table.h"

enum {
  SITES_MAX = LOAM_PROFILE_SITES_MAX,
  INDEX_FIRST = 1024,
  LIVE_FIRST = 256,
};

#define ONE_BLOCK 65536.0  // as the sums count

static size_t sites_bytes(void) {
  return loam_os_round_to_page(SITES_MAX * sizeof(struct loam_profile_site));
}

static size_t index_bytes(size_t slots) { return loam_os_round_to_page(slots * sizeof(uint32_t)); }

static size_t live_bytes(size_t capacity) {
  return loam_os_round_to_page(capacity * sizeof(struct loam_profile_sample));
}

static uint64_t mix(uint64_t key) {
  key *= 0x9e3779b97f4a7c15u;
  return key ^ key >> 32;
}

// --- Sites -------------------------------------------------------------------

// The slot of a stack in the index, or the empty one where it would go.
static uint32_t *index_slot(const struct loam_profile *profile, uint32_t stack) {
  size_t slot = mix(stack) & (profile->index_slots - 1);
  while (profile->site_index[slot] != 0 &&
         profile->sites[profile->site_index[slot]].stack != stack) {
    slot = (slot + 1) & (profile->index_slots - 1);
  }
  return &profile->site_index[slot];
}

// From small on: each page of it that is touched is a fault.
static bool grow_index(struct loam_profile *profile, uint32_t site_count) {
  size_t old_slots = profile->index_slots;
  size_t slots = old_slots == 0 ? INDEX_FIRST : old_slots * 2;
  uint32_t *larger = loam_os_map(index_bytes(slots), 1);
  if (larger == NULL) return false;
  if (profile->site_index != NULL) loam_os_release(profile->site_index, index_bytes(old_slots));
  profile->site_index = larger;
  profile->index_slots = slots;
  for (uint32_t site = 1; site < site_count; site++) {
    *index_slot(profile, profile->sites[site].stack) = site;
  }
  return true;
}

// The site of a stack, made where there is none. When there is room for no more, that of no stack.
static uint32_t find_site(struct loam_profile *profile, uint32_t stack) {
  if (stack == 0) return 0;
  uint32_t *slot = index_slot(profile, stack);
  if (*slot != 0) return *slot;
  // Relaxed: the lock orders.
  uint32_t site = atomic_load_explicit(&profile->site_count, memory_order_relaxed);
  if (site == SITES_MAX) return 0;
  if (site >= profile->index_slots / 2) {
    if (!grow_index(profile, site)) return 0;
    slot = index_slot(profile, stack);
  }
  *slot = site;
  profile->sites[site].stack = stack;
  // Release: pairs with the acquire in write.c, so that whoever sees a site sees its stack.
  atomic_store_explicit(&profile->site_count, site + 1, memory_order_release);
  return site;
}

// Relaxed, here and below: written under the lock alone, and the writer of a profile takes each
// number as it comes.
static void change(_Atomic(uint64_t) *sum, uint64_t by, bool more) {
  uint64_t value = atomic_load_explicit(sum, memory_order_relaxed);
  atomic_store_explicit(sum, more ? value + by : value - by, memory_order_relaxed);
}

static void change_variance(_Atomic(double) *sum, double by) {
  double value = atomic_load_explicit(sum, memory_order_relaxed) + by;
  atomic_store_explicit(sum, value > 0 ? value : 0, memory_order_relaxed);
}

static uint64_t sample_blocks(const struct loam_profile_sample *sample) {
  return (uint64_t)(ONE_BLOCK / sample->chance + 0.5);
}

static uint64_t sample_bytes(const struct loam_profile_sample *sample) {
  return (uint64_t)((double)sample->bytes / sample->chance + 0.5);
}

// Of what it adds to the estimate (Horvitz and Thompson, 1952).
static double sample_variance(const struct loam_profile_sample *sample) {
  double estimate = (double)sample->bytes / sample->chance;
  return (1 - sample->chance) * estimate * estimate;
}

static void change_sums(struct loam_profile_sums *sums, const struct loam_profile_sample *sample,
                        bool more) {
  change(&sums->blocks, sample_blocks(sample), more);
  change(&sums->bytes, sample_bytes(sample), more);
}

// --- Live samples ------------------------------------------------------------

static size_t home_of(const struct loam_profile *profile, uintptr_t address) {
  return mix(address) & (profile->live_capacity - 1);
}

// The slot of an address, or the empty one where it would go.
static size_t slot_of(const struct loam_profile *profile, uintptr_t address) {
  size_t i = home_of(profile, address);
  while (profile->live[i].address != 0 && profile->live[i].address != address) {
    i = (i + 1) & (profile->live_capacity - 1);
  }
  return i;
}

static bool grow(struct loam_profile *profile) {
  struct loam_profile_sample *old = profile->live;
  size_t old_capacity = profile->live_capacity;
  size_t capacity = old_capacity == 0 ? LIVE_FIRST : old_capacity * 2;
  struct loam_profile_sample *larger = loam_os_map(live_bytes(capacity), 1);
  if (larger == NULL) return false;
  profile->live = larger;
  profile->live_capacity = capacity;
  for (size_t i = 0; i < old_capacity; i++) {
    if (old[i].address != 0) profile->live[slot_of(profile, old[i].address)] = old[i];
  }
  if (old != NULL) loam_os_release(old, live_bytes(old_capacity));
  return true;
}

static bool has_sites(struct loam_profile *profile) {
  if (atomic_load_explicit(&profile->site_count, memory_order_relaxed) != 0) return true;
  if (profile->sites == NULL) profile->sites = loam_os_map(sites_bytes(), 1);
  if (profile->sites == NULL) return false;
  if (profile->site_index == NULL && !grow_index(profile, 0)) return false;
  atomic_store_explicit(&profile->site_count, 1, memory_order_release);  // as in find_site
  return true;
}

static bool has_room(struct loam_profile *profile) {
  if (!has_sites(profile)) return false;
  return (profile->samples + 1) * 2 <= profile->live_capacity || grow(profile);
}

// Takes a sample out; those behind it move up, so that each is still found.
static void take_out(struct loam_profile *profile, size_t hole) {
  struct loam_profile_sample *live = profile->live;
  size_t mask = profile->live_capacity - 1;
  change_sums(&profile->sites[live[hole].site].live, &live[hole], false);
  change_variance(&profile->live_variance, -sample_variance(&live[hole]));
  profile->samples--;
  for (size_t i = (hole + 1) & mask; live[i].address != 0; i = (i + 1) & mask) {
    if (((i - home_of(profile, live[i].address)) & mask) < ((i - hole) & mask)) continue;
    live[hole] = live[i];
    hole = i;
  }
  live[hole] = (struct loam_profile_sample){0};
  if (profile->samples == 0) change_variance(&profile->live_variance, -1 / 0.0);
}

void loam_profile_add(struct loam_profile *profile, const void *address, size_t bytes,
                      double chance, const uintptr_t *frames, size_t count) {
  uint32_t stack = loam_stack_intern(frames, count);
  loam_lock_acquire(&profile->lock);
  change(&profile->taken, 1, true);
  if (has_room(profile)) {
    size_t slot = slot_of(profile, (uintptr_t)address);
    if (profile->live[slot].address != 0) {
      take_out(profile, slot);
      slot = slot_of(profile, (uintptr_t)address);
    }
    struct loam_profile_sample sample = {(uintptr_t)address, find_site(profile, stack), chance,
                                         bytes};
    profile->live[slot] = sample;
    profile->samples++;
    struct loam_profile_site *site = &profile->sites[sample.site];
    change_sums(&site->live, &sample, true);
    change_sums(&site->all, &sample, true);
    change_variance(&profile->live_variance, sample_variance(&sample));
    change_variance(&profile->all_variance, sample_variance(&sample));
  } else {
    change(&profile->lost, 1, true);
  }
  loam_lock_release(&profile->lock);
}

bool loam_profile_remove(struct loam_profile *profile, const void *address) {
  loam_lock_acquire(&profile->lock);
  bool found = false;
  if (profile->samples != 0) {
    size_t slot = slot_of(profile, (uintptr_t)address);
    found = profile->live[slot].address != 0;
    if (found) take_out(profile, slot);
  }
  loam_lock_release(&profile->lock);
  return found;
}

void loam_profile_remove_if(struct loam_profile *profile,
                            bool (*is_theirs)(const void *address, void *context), void *context) {
  loam_lock_acquire(&profile->lock);
  for (size_t i = 0; i < profile->live_capacity; i++) {
    // (Another may move into the slot. From the table's start to its end none does that was not
    // asked about.)
    while (profile->live[i].address != 0 &&
           is_theirs((const void *)profile->live[i].address, context)) {
      take_out(profile, i);
    }
  }
  loam_lock_release(&profile->lock);
}

// --- As a whole --------------------------------------------------------------

size_t loam_profile_bytes(struct loam_profile *profile) {
  loam_lock_acquire(&profile->lock);
  size_t bytes = profile->sites != NULL ? sites_bytes() : 0;
  bytes += index_bytes(profile->index_slots);
  bytes += live_bytes(profile->live_capacity);
  loam_lock_release(&profile->lock);
  return bytes;
}

static const void *check_sites(struct loam_profile *profile) {
  uint32_t count = atomic_load_explicit(&profile->site_count, memory_order_relaxed);
  for (uint32_t i = 0; i < count; i++) {
    profile->sites[i].checked_blocks = profile->sites[i].checked_bytes = 0;
  }
  for (size_t i = 0; i < profile->live_capacity; i++) {
    const struct loam_profile_sample *sample = &profile->live[i];
    if (sample->address == 0) continue;
    profile->sites[sample->site].checked_blocks += sample_blocks(sample);
    profile->sites[sample->site].checked_bytes += sample_bytes(sample);
  }
  for (uint32_t i = 0; i < count; i++) {
    struct loam_profile_site *site = &profile->sites[i];
    uint64_t blocks = atomic_load_explicit(&site->live.blocks, memory_order_relaxed);
    uint64_t bytes = atomic_load_explicit(&site->live.bytes, memory_order_relaxed);
    if (blocks != site->checked_blocks || bytes != site->checked_bytes) return site;
    if (find_site(profile, site->stack) != i) return site;
  }
  return NULL;
}

static const void *check_samples(struct loam_profile *profile) {
  size_t samples = 0;
  for (size_t i = 0; i < profile->live_capacity; i++) {
    const struct loam_profile_sample *sample = &profile->live[i];
    if (sample->address == 0) continue;
    samples++;
    if (slot_of(profile, sample->address) != i) return sample;
  }
  return samples == profile->samples && samples * 2 <= profile->live_capacity ? NULL : profile;
}

const void *loam_profile_check(struct loam_profile *profile) {
  loam_lock_acquire(&profile->lock);
  const void *fault = check_samples(profile);
  if (fault == NULL) fault = check_sites(profile);
  loam_lock_release(&profile->lock);
  return fault;
}
