#include "allocators/thread_heap/sampling.h"

#include <signal.h>
#include <string.h>

#include "allocators/thread_heap/state.h"
#include "allocators/thread_heap/thread_heap.h"
#include "common/os/os.h"
#include "common/profile/chance.h"
#include "common/stack/table.h"

enum {
  SAMPLE_US = 2000,  // of a thread, and so many at once
  SAMPLES_AT_ONCE = 192,
  GUARD_US = 20000,  // of the process, likewise
  GUARDS_AT_ONCE = 4,
  IDLE = 4,  // so many times what one is worth without any, and more are to be had
  DOUBLINGS_MAX = 20,
};

struct th_sampling th_sampling;

_Thread_local uintptr_t th_caller __attribute__((tls_model("initial-exec")));

// While a sample is noted, what the unwinder allocates is none.
static _Thread_local bool is_noting __attribute__((tls_model("initial-exec")));

// --- Chance ------------------------------------------------------------------

// Relaxed: another thread's change may come with the next draw.
static double period_now(size_t period, const struct th_pace *pace) {
  uint32_t doublings = atomic_load_explicit(&pace->doublings, memory_order_relaxed);
  return (double)period * (double)((uint64_t)1 << doublings);
}

static void begin(struct th_chance *chance) {
  if (chance->random == 0) chance->random = loam_os_random() | 1;
}

// Before a sample: too many in a short time cost too much. False where this one is too many; the
// next will be rarer. Of the pace's owner, or under its lock.
static bool keeps_pace(struct th_pace *pace, uint64_t each_us, uint64_t at_once) {
  uint64_t now = loam_os_now_ms() * 1000;
  uint32_t doublings = atomic_load_explicit(&pace->doublings, memory_order_relaxed);
  bool is_idle = pace->paid_us + IDLE * each_us < now;
  if (pace->paid_us < now) pace->paid_us = now;
  bool is_paid = pace->paid_us + each_us <= now + at_once * each_us;
  if (is_paid) pace->paid_us += each_us;
  if (!is_paid && doublings < DOUBLINGS_MAX) doublings++;
  if (is_idle && doublings > 0) doublings--;
  atomic_store_explicit(&pace->doublings, doublings, memory_order_relaxed);
  return is_paid;
}

// What was drawn for the profile stands: to leave it out would favour those that are rare. So there
// is a while for each period, to see what comes of it.
static void note_sample(struct th_chance *chance) {
  struct th_pace *pace = &chance->pace;
  if (keeps_pace(pace, SAMPLE_US, SAMPLES_AT_ONCE)) return;
  pace->paid_us -= (uint64_t)SAMPLES_AT_ONCE / 2 * SAMPLE_US;
}

static bool may_guard(void) {
  loam_lock_acquire(&th_sampling.lock);
  bool may = keeps_pace(&th_sampling.guard_pace, GUARD_US, GUARDS_AT_ONCE);
  loam_lock_release(&th_sampling.lock);
  return may;
}

static void draw_for_bytes(struct th_chance *chance) {
  begin(chance);
  chance->bytes_period = period_now(th_sampling.profile.period, &chance->pace);
  chance->bytes_left = loam_chance_exponential(&chance->random) * chance->bytes_period;
}

static double count_bytes(struct th_chance *chance, size_t bytes) {
  if (chance->bytes_period == 0) draw_for_bytes(chance);
  chance->bytes_left -= (double)bytes;
  if (chance->bytes_left >= 0) return 0;
  double hit = loam_chance_of_block(bytes, chance->bytes_period);
  note_sample(chance);
  draw_for_bytes(chance);
  return hit;
}

double th_sample_bytes(size_t bytes) {
  if (is_noting || th_sampling.profile.period == 0) return 0;
  struct th_cache *cache = th_local.cache;
  if (cache != NULL) return count_bytes(&cache->sampler->chance, bytes);
  loam_lock_acquire(&th_sampling.lock);
  double hit = count_bytes(&th_sampling.shared, bytes);
  loam_lock_release(&th_sampling.lock);
  return hit;
}

// --- Classes -----------------------------------------------------------------

static void draw_sample(struct th_chance *chance, unsigned class,
                        struct th_class_sampler *sampler) {
  sampler->left = UINT64_MAX;
  if (th_sampling.profile.period == 0) return;
  begin(chance);
  sampler->period = period_now(th_sampling.profile.period, &chance->pace);
  sampler->left = loam_chance_wait(&chance->random, th_class_bytes(class), sampler->period);
}

static void draw_guard(struct th_chance *chance, struct th_class_sampler *sampler) {
  sampler->guard_left = UINT64_MAX;
  if (th_sampling.guard_period == 0) return;
  begin(chance);
  double period = period_now(th_sampling.guard_period, &th_sampling.guard_pace);
  // Geometric; with a period of 1, each block.
  sampler->guard_left = 1;
  if (period > 1) sampler->guard_left = loam_chance_wait(&chance->random, 1, period - 0.5);
}

static void draw_if_new(struct th_cache *cache, unsigned class) {
  struct th_class_sampler *sampler = &cache->sampler->classes[class];
  if (sampler->left == 0) draw_sample(&cache->sampler->chance, class, sampler);
  if (sampler->guard_left == 0) draw_guard(&cache->sampler->chance, sampler);
}

bool th_disarm(struct th_cache *cache, unsigned class) {
  struct th_class_sampler *sampler = &cache->sampler->classes[class];
  if (!sampler->is_armed) return false;
  struct th_free_limits *limits = &cache->local->free[class];
  uint32_t pushes = (uint32_t)sampler->room - limits->room;
  if (sampler->marker != NULL) *sampler->marker = sampler->aside;
  sampler->marker = NULL;
  sampler->aside = NULL;
  size_t pops = sampler->count + pushes - th_cache_count(cache, class);
  sampler->left -= pops;
  sampler->guard_left -= pops;
  limits->room = (uint16_t)(limits->room + sampler->held);
  sampler->held = 0;
  sampler->is_armed = false;
  return true;
}

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

void th_arm(struct th_cache *cache, unsigned class, bool for_mallocs) {
  struct th_class_sampler *sampler = &cache->sampler->classes[class];
  struct th_free_limits *limits = &cache->local->free[class];
  draw_if_new(cache, class);
  size_t unseen = least(sampler->left, sampler->guard_left) - 1;
  size_t count = th_cache_count(cache, class);
  size_t room = limits->room;
  // The larger part for what is likely to come, and what the other leaves.
  size_t pops = least(count, for_mallocs ? unseen - unseen / 4 : unseen / 4);
  size_t pushes = least(room, unseen - pops);
  pops = least(count, unseen - pushes);
  if (pops < count) {
    sampler->marker = cache->local->top[class] - pops;
    sampler->aside = *sampler->marker;
    *sampler->marker = NULL;
  }
  sampler->count = (uint32_t)count;
  sampler->room = (uint16_t)pushes;
  sampler->held = (uint16_t)(room - pushes);
  limits->room = (uint16_t)pushes;
  sampler->is_armed = true;
}

struct th_due th_sample_malloc(struct th_cache *cache, unsigned class) {
  struct th_chance *chance = &cache->sampler->chance;
  struct th_class_sampler *sampler = &cache->sampler->classes[class];
  struct th_due due = {0};
  draw_if_new(cache, class);
  if (--sampler->left == 0) {
    due.chance = loam_chance_of_block(th_class_bytes(class), sampler->period);
    note_sample(chance);
    draw_sample(chance, class, sampler);
  }
  if (--sampler->guard_left == 0) {
    due.guard = may_guard();
    draw_guard(chance, sampler);
  }
  return is_noting ? (struct th_due){0} : due;
}

bool th_sampler_check(const struct th_cache *cache, unsigned class) {
  const struct th_class_sampler *sampler = &cache->sampler->classes[class];
  if (!sampler->is_armed) return sampler->marker == NULL && sampler->held == 0;
  uint32_t room = cache->local->free[class].room;
  size_t pops = sampler->count + (sampler->room - room) - th_cache_count(cache, class);
  if (pops >= least(sampler->left, sampler->guard_left) || room > sampler->room) {
    return th_complain(cache, "a malloc that was to be sampled has passed");
  }
  if (sampler->marker == NULL) return sampler->aside == NULL;
  bool is_inside =
      sampler->marker > cache->bottom[class] && sampler->marker <= cache->local->top[class];
  if (is_inside && *sampler->marker == NULL && sampler->aside != NULL) return true;
  return th_complain(cache, "a marker that is not in its stack");
}

// --- Samples -----------------------------------------------------------------

// The stack from the program's call on.
static size_t capture(uintptr_t *frames, const uintptr_t **from) {
  struct th_cache *cache = th_local.cache;
  struct loam_stack_memo *memo = cache == NULL ? NULL : &cache->sampler->last_stack;
  size_t count = loam_stack_capture(frames, LOAM_STACK_FRAMES_MAX + LOAM_STACK_INNER_MAX, 0, memo);
  size_t inner = 0;
  while (inner < count && inner < LOAM_STACK_INNER_MAX && frames[inner] != th_caller) inner++;
  if (inner == count || frames[inner] != th_caller) inner = 0;
  *from = frames + inner;
  return least(count - inner, LOAM_STACK_FRAMES_MAX);
}

static size_t bytes_of(void *block, struct th_slab *slab) {
  if (slab != NULL) return slab->block_bytes;
  if (loam_guard_has(&th_sampling.guard, block))
    return loam_guard_usable(&th_sampling.guard, block);
  struct loam_large_block large;
  return loam_large_find(&th_state.large, block, &large) ? large.bytes : 0;
}

void th_sample_note(void *block, double chance) {
  struct th_slab *slab = th_slab_around(block);
  // Relaxed: read where a block of the slab is freed that was noted before.
  if (slab != NULL) atomic_store_explicit(&slab->sampled, true, memory_order_relaxed);
  uintptr_t frames[LOAM_STACK_FRAMES_MAX + LOAM_STACK_INNER_MAX];
  const uintptr_t *from;
  is_noting = true;
  size_t count = capture(frames, &from);
  loam_profile_add(&th_sampling.profile, block, bytes_of(block, slab), chance, from, count);
  is_noting = false;
}

void th_sample_forget(void *block) {
  if (th_sampling.profile.period == 0) return;
  const struct th_slab *slab = th_slab_around(block);
  if (slab != NULL && !atomic_load_explicit(&slab->sampled, memory_order_relaxed)) return;
  loam_profile_remove(&th_sampling.profile, block);
}

void th_sample_resize(void *block, size_t bytes) {
  th_sample_forget(block);
  double chance = th_sample_bytes(bytes);
  if (chance != 0) th_sample_note(block, chance);
}

static bool is_of_heap(const void *block, void *context) {
  const struct th_arena *arena = context;
  const struct th_slab *slab = th_slab_around(block);
  if (slab != NULL) return slab->arena == arena;
  struct loam_large_block large;
  return loam_large_find(&th_state.large, block, &large) && large.owner == &arena->large_owner;
}

void th_sample_forget_heap(const struct th_arena *arena) {
  loam_profile_remove_if(&th_sampling.profile, is_of_heap, (void *)(uintptr_t)arena);
}

void th_sampling_stats(struct loam_stats *stats) {
  size_t bytes = loam_profile_bytes(&th_sampling.profile) + loam_stack_table_bytes();
  stats->metadata_bytes += bytes;
  stats->mapped_bytes += bytes;
  if (th_sampling.guard_period != 0) loam_guard_stats(&th_sampling.guard, stats);
}

// --- Guarded blocks ----------------------------------------------------------

void *th_guard_malloc(struct th_request want) {
  uintptr_t frames[LOAM_STACK_FRAMES_MAX + LOAM_STACK_INNER_MAX];
  const uintptr_t *from;
  is_noting = true;
  size_t count = capture(frames, &from);
  is_noting = false;
  size_t alignment = want.alignment > TH_ALIGNMENT ? want.alignment : TH_ALIGNMENT;
  return loam_guard_malloc(&th_sampling.guard, want.bytes, alignment, from, count);
}

void th_guard_free(void *block) {
  uintptr_t frames[LOAM_STACK_FRAMES_MAX + LOAM_STACK_INNER_MAX];
  const uintptr_t *from;
  is_noting = true;
  size_t count = capture(frames, &from);
  is_noting = false;
  loam_guard_free(&th_sampling.guard, block, from, count);
}

// --- Writing -----------------------------------------------------------------

static const char *file_prefix(void) {
  const char *chosen = th_state.options.profile_file;
  return chosen[0] != 0 ? chosen : "loam";
}

bool th_profile_write(int fd) {
  th_ensure_set_up();
  return th_sampling.profile.period != 0 && loam_profile_write(&th_sampling.profile, TH_NAME, fd);
}

bool th_profile_write_at_exit(void) {
  if (th_sampling.profile.period == 0 || th_state.options.profile_at_exit == 0) return false;
  return loam_profile_write_file(&th_sampling.profile, TH_NAME, file_prefix());
}

static void write_on_signal(int signal_number) {
  (void)signal_number;
  loam_profile_write_file(&th_sampling.profile, TH_NAME, file_prefix());
}

static void write_when(size_t signal_number) {
  struct sigaction action = {.sa_handler = write_on_signal, .sa_flags = SA_RESTART};
  if (sigaction((int)signal_number, &action, NULL) == 0) return;
  loam_warn(TH_NAME, "profile_signal: this signal cannot be caught");
}

void th_sampling_set_up(const struct loam_options *options) {
  if (options->profile_sample == 0 && options->guard_sample == 0) return;
  if (LOAM_HARDENED) {
    loam_warn(TH_NAME, "profile_sample and guard_sample have no effect at this level");
    return;
  }
  th_sampling.profile.period = options->profile_sample;
  if (options->guard_sample != 0 && loam_guard_set_up(&th_sampling.guard, TH_NAME)) {
    th_sampling.guard_period = options->guard_sample;
  }
  th_sampling.is_on = true;
  if (options->profile_sample != 0 && options->profile_signal != 0) {
    write_when(options->profile_signal);
  }
}
