#include "common/guard/guard.h"

#include <string.h>

#include "common/os/os.h"
#include "common/stack/table.h"

enum { PATTERN = 0xab };

bool loam_guard_set_up(struct loam_guard *guard, const char *variant) {
  guard->variant = variant;
  guard->page = loam_os_page_size();
  guard->slot_bytes = loam_os_round_to_page(LOAM_GUARD_BYTES_MAX);
  guard->stride = guard->slot_bytes + guard->page;
  size_t bytes = guard->page + LOAM_GUARD_SLOTS * guard->stride;
  guard->start = loam_os_reserve(bytes, 1);
  if (guard->start == NULL) return false;
  guard->bytes = bytes;
  for (size_t i = 0; i < LOAM_GUARD_SLOTS; i++) guard->queue[i] = (uint16_t)i;
  guard->queue_length = LOAM_GUARD_SLOTS;
  loam_guard_watch(guard);
  return true;
}

static char *slot_end(const struct loam_guard *guard, size_t slot) {
  return guard->start + (slot + 1) * guard->stride;
}

static size_t committed_bytes(size_t bytes) {
  return loam_os_round_to_page(bytes == 0 ? 1 : bytes);
}

// --- The queue ---------------------------------------------------------------

static size_t queue_take(struct loam_guard *guard) {
  size_t slot = guard->queue[guard->queue_first];
  guard->queue_first = (guard->queue_first + 1) % LOAM_GUARD_SLOTS;
  guard->queue_length--;
  return slot;
}

static void queue_add(struct loam_guard *guard, size_t slot) {
  guard->queue[(guard->queue_first + guard->queue_length) % LOAM_GUARD_SLOTS] = (uint16_t)slot;
  guard->queue_length++;
}

// --- Allocating --------------------------------------------------------------

// Where a block of a slot begins, as far to the right as its alignment lets it.
static char *place(const struct loam_guard *guard, size_t slot, size_t bytes, size_t alignment) {
  uintptr_t end = (uintptr_t)slot_end(guard, slot);
  return (char *)((end - (bytes == 0 ? 1 : bytes)) & ~(alignment - 1));
}

static void *take(struct loam_guard *guard, size_t bytes, size_t alignment, uint32_t stack) {
  if (guard->queue_length == 0) return NULL;
  size_t number = queue_take(guard);
  struct loam_guard_slot *slot = &guard->slots[number];
  char *end = slot_end(guard, number);
  char *block = place(guard, number, bytes, alignment);
  size_t length = committed_bytes((size_t)(end - block));
  if (!loam_os_commit(end - length, length)) {
    queue_add(guard, number);
    return NULL;
  }
  memset(end - length, PATTERN, (size_t)(block - (end - length)));
  memset(block + bytes, PATTERN, (size_t)(end - (block + bytes)));
  *slot = (struct loam_guard_slot){block, bytes, LOAM_GUARD_LIVE, stack, 0};
  guard->live++;
  guard->malloc_calls++;
  return block;
}

void *loam_guard_malloc(struct loam_guard *guard, size_t bytes, size_t alignment,
                        const uintptr_t *frames, size_t count) {
  // One that is aligned to more than a page could lie far from its end.
  if (bytes > LOAM_GUARD_BYTES_MAX || alignment > guard->page) return NULL;
  uint32_t stack = loam_stack_intern(frames, count);
  loam_lock_acquire(&guard->lock);
  void *block = take(guard, bytes, alignment, stack);
  loam_lock_release(&guard->lock);
  return block;
}

// --- Freeing -----------------------------------------------------------------

// The slot of a live block; of anything else a report, and the end.
static size_t find(struct loam_guard *guard, const void *block) {
  size_t number = loam_guard_slot_of(guard, block);
  struct loam_guard_slot *slot = &guard->slots[number];
  if (slot->block != block || slot->state == LOAM_GUARD_UNUSED) {
    loam_guard_fail(guard, slot, block, "free: not the start of a block");
  }
  if (slot->state != LOAM_GUARD_LIVE) {
    loam_guard_fail(guard, slot, block, "free: a block that is free (double free?)");
  }
  return number;
}

size_t loam_guard_usable(struct loam_guard *guard, const void *block) {
  loam_lock_acquire(&guard->lock);
  size_t bytes = guard->slots[find(guard, block)].bytes;
  loam_lock_release(&guard->lock);
  return bytes;
}

// The first byte of [from, to) that is not the pattern, or NULL.
static const char *find_written(const char *from, const char *to) {
  while (from < to && (unsigned char)*from == PATTERN) from++;
  return from < to ? from : NULL;
}

static void prove_pattern(struct loam_guard *guard, size_t number) {
  const struct loam_guard_slot *slot = &guard->slots[number];
  const char *end = slot_end(guard, number);
  const char *start = end - committed_bytes((size_t)(end - slot->block));
  const char *written = find_written(slot->block + slot->bytes, end);
  if (written != NULL) loam_guard_fail(guard, slot, written, "free: written behind a block");
  written = find_written(start, slot->block);
  if (written != NULL) loam_guard_fail(guard, slot, written, "free: written before a block");
}

void loam_guard_free(struct loam_guard *guard, void *block, const uintptr_t *frames, size_t count) {
  uint32_t stack = loam_stack_intern(frames, count);
  loam_lock_acquire(&guard->lock);
  size_t number = find(guard, block);
  struct loam_guard_slot *slot = &guard->slots[number];
  prove_pattern(guard, number);
  slot->state = LOAM_GUARD_FREED;
  slot->freed = stack;
  guard->live--;
  guard->free_calls++;
  char *end = slot_end(guard, number);
  size_t length = committed_bytes((size_t)(end - slot->block));
  // Where the kernel refuses it the memory stays, and is no more than that of a block.
  if (!loam_os_protect(end - length, length)) memset(end - length, 0, length);
  queue_add(guard, number);
  loam_lock_release(&guard->lock);
}

// --- As a whole --------------------------------------------------------------

void loam_guard_stats(struct loam_guard *guard, struct loam_stats *stats) {
  loam_lock_acquire(&guard->lock);
  size_t bytes = 0;
  size_t held = 0;
  for (size_t i = 0; i < LOAM_GUARD_SLOTS; i++) {
    const struct loam_guard_slot *slot = &guard->slots[i];
    if (slot->state != LOAM_GUARD_LIVE) continue;
    bytes += slot->bytes;
    held += committed_bytes((size_t)(slot_end(guard, i) - slot->block));
  }
  stats->allocated_bytes += bytes;
  stats->metadata_bytes += held - bytes;
  stats->mapped_bytes += held;
  stats->live_blocks += guard->live;
  stats->free_calls += guard->free_calls;
  loam_lock_release(&guard->lock);
}

static const void *check(struct loam_guard *guard) {
  bool queued[LOAM_GUARD_SLOTS] = {false};
  for (size_t i = 0; i < guard->queue_length; i++) {
    size_t number = guard->queue[(guard->queue_first + i) % LOAM_GUARD_SLOTS];
    if (queued[number]) return &guard->slots[number];
    queued[number] = true;
  }
  size_t live = 0;
  for (size_t i = 0; i < LOAM_GUARD_SLOTS; i++) {
    bool is_live = guard->slots[i].state == LOAM_GUARD_LIVE;
    live += is_live;
    if (is_live == queued[i]) return &guard->slots[i];
  }
  bool counted = live == guard->live && guard->malloc_calls - guard->free_calls == live;
  return counted ? NULL : guard;
}

const void *loam_guard_check(struct loam_guard *guard) {
  if (guard->start == NULL) return NULL;
  loam_lock_acquire(&guard->lock);
  const void *fault = check(guard);
  loam_lock_release(&guard->lock);
  return fault;
}
