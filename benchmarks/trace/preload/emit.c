#include "benchmarks/trace/preload/emit.h"

#include <errno.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "benchmarks/trace/preload/attach.h"

_Static_assert(sizeof(struct trace_chunk) == TRACE_CHUNK_BYTES, "a chunk has no gap");

// Where this thread appends.
struct cursor {
  struct trace_chunk *chunk;
  uint32_t next;          // index of the next event
  uint32_t image_plus_1;  // whose chunk it is; another than trace_self's after a fork
  uint32_t thread;
  uint32_t sequence;  // of the next chunk
  bool busy;          // the thread is in this file: a signal handler keeps out
};

static __thread struct cursor cursor __attribute__((tls_model("initial-exec")));

bool trace_is_on(void) { return trace_self->image_plus_1 != TRACE_NOT_RECORDED; }

static uint64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static struct trace_image *own_image(void) {
  return &trace_region->images[trace_self->image_plus_1 - 1];
}

static void lose_event(void) { __atomic_fetch_add(&own_image()->lost, 1, __ATOMIC_RELAXED); }

// Whether there is no recorder any more: tells all others that wait, too.
static bool recorder_is_gone(void) {
  if (__atomic_load_n(&trace_region->recorder_gone, __ATOMIC_RELAXED)) return true;
  if (pthread_mutex_trylock(&trace_region->recorder_lives) == EBUSY) return false;
  __atomic_store_n(&trace_region->recorder_gone, 1, __ATOMIC_RELAXED);
  return true;
}

static struct trace_chunk *take_free_chunk(void) {
  for (uint32_t i = 0; i < TRACE_CHUNK_COUNT; i++) {
    uint32_t *state = &trace_region->chunk_state[i];
    uint32_t expected = TRACE_CHUNK_FREE;
    if (__atomic_load_n(state, __ATOMIC_RELAXED) != expected) continue;
    uint32_t high_water = __atomic_load_n(&trace_region->chunk_high_water, __ATOMIC_RELAXED);
    while (high_water <= i &&
           !__atomic_compare_exchange_n(&trace_region->chunk_high_water, &high_water, i + 1, false,
                                        __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
    }
    if (__atomic_compare_exchange_n(state, &expected, TRACE_CHUNK_OWNED, false, __ATOMIC_ACQUIRE,
                                    __ATOMIC_RELAXED)) {
      return &trace_region->chunks[i];
    }
  }
  return NULL;
}

// Waits for a free chunk; NULL where none will come.
static struct trace_chunk *await_chunk(void) {
  const struct timespec patience = {0, 100000000};
  for (;;) {
    const uint32_t seen = __atomic_load_n(&trace_region->program_signal, __ATOMIC_ACQUIRE);
    if (__atomic_load_n(&trace_region->full_count, __ATOMIC_RELAXED) < TRACE_MAX_FULL_CHUNKS) {
      struct trace_chunk *chunk = take_free_chunk();
      if (chunk != NULL) return chunk;
      if (__atomic_load_n(&trace_region->chunks_exhausted, __ATOMIC_RELAXED)) return NULL;
    }
    if (recorder_is_gone()) return NULL;
    syscall(SYS_futex, &trace_region->program_signal, FUTEX_WAIT, seen, &patience, NULL, 0);
  }
}

static void hand_over(struct trace_chunk *chunk) {
  __atomic_fetch_add(&trace_region->full_count, 1, __ATOMIC_RELAXED);
  __atomic_store_n(&trace_region->chunk_state[chunk - trace_region->chunks], TRACE_CHUNK_FULL,
                   __ATOMIC_RELEASE);
  __atomic_fetch_add(&trace_region->recorder_signal, 1, __ATOMIC_RELEASE);
  syscall(SYS_futex, &trace_region->recorder_signal, FUTEX_WAKE, 1, NULL, NULL, 0);
}

// Gives the cursor room for an event; false where the event is not to be kept.
static bool make_room(void) {
  if (trace_self->image_plus_1 == 0) trace_attach();
  if (!trace_is_on() || trace_region == NULL) return false;
  if (cursor.image_plus_1 != trace_self->image_plus_1) {
    // The thread is new, or is the one that a forked child has.
    cursor.image_plus_1 = trace_self->image_plus_1;
    cursor.thread = __atomic_fetch_add(&own_image()->threads, 1, __ATOMIC_RELAXED);
    cursor.sequence = 0;
    cursor.chunk = NULL;
  }
  if (cursor.chunk != NULL) {
    if (cursor.next < TRACE_CHUNK_EVENTS) return true;
    hand_over(cursor.chunk);
    cursor.chunk = NULL;
  }
  if (__atomic_load_n(&trace_region->recorder_gone, __ATOMIC_RELAXED)) {
    trace_self->image_plus_1 = TRACE_NOT_RECORDED;
    return false;
  }
  struct trace_chunk *chunk = await_chunk();
  if (chunk == NULL) {
    lose_event();
    return false;
  }
  chunk->image = cursor.image_plus_1 - 1;
  chunk->thread = cursor.thread;
  chunk->sequence = cursor.sequence++;
  __atomic_store_n(&chunk->thread_id, (uint32_t)syscall(SYS_gettid), __ATOMIC_RELEASE);
  cursor.chunk = chunk;
  cursor.next = 0;
  return true;
}

static bool make_room_keeping_errno(void) {
  const int kept = errno;
  const bool room = make_room();
  errno = kept;
  return room;
}

void trace_emit(enum trace_kind kind, const void *address, uint64_t amount, unsigned log2_align) {
  if (cursor.busy) {
    if (trace_is_on() && trace_self->image_plus_1 != 0) lose_event();
    return;
  }
  cursor.busy = true;
  atomic_signal_fence(memory_order_seq_cst);
  const bool ready = cursor.chunk != NULL && cursor.image_plus_1 == trace_self->image_plus_1 &&
                     cursor.next < TRACE_CHUNK_EVENTS;
  if (__builtin_expect(ready, 1) || make_room_keeping_errno()) {
    struct trace_event *event = &cursor.chunk->events[cursor.next++];
    event->time_ns = now_ns();
    event->address = (uint64_t)(uintptr_t)address;
    if (amount > TRACE_AMOUNT_MAX) amount = TRACE_AMOUNT_MAX;
    const uint64_t what = (uint64_t)kind << 56 | (uint64_t)log2_align << TRACE_AMOUNT_BITS | amount;
    __atomic_store_n(&event->what, what, __ATOMIC_RELEASE);
  }
  atomic_signal_fence(memory_order_seq_cst);
  cursor.busy = false;
}
