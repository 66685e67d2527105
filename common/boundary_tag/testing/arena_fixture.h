// One arena, opened for tests in C. Each file of tests has an arena of its own.
// A variant's tests include its free index before this (tests.bzl).

#ifndef LOAM_COMMON_BOUNDARY_TAG_TESTING_ARENA_FIXTURE_H_
#define LOAM_COMMON_BOUNDARY_TAG_TESTING_ARENA_FIXTURE_H_

#include "common/boundary_tag/arena.h"
#include "common/boundary_tag/purge.h"
#include "common/boundary_tag/resize.h"
#include "common/boundary_tag/walk.h"
#include "common/testing/scenario.h"

static struct segment_pool pool;
static struct arena arena;
static const struct segment_pool empty_pool;
static const struct arena empty_arena;

// An arena without segments.
static void start(void) {
  tag_secret = loam_os_random();
  for (struct segment *segment = arena.segments; segment != NULL; segment = segment->next) {
    loam_os_release(segment->base, SEGMENT_BYTES);
  }
  pool = empty_pool;
  arena = empty_arena;
  arena_init(&arena, &pool);
}

// A block of just `size` bytes, header included.
static struct block *take(size_t size) { return arena_malloc(&arena, size); }

static void give(struct block *block) { arena_free(&arena, block); }

static size_t size_of(struct block *block) { return word_size(block_word(block)); }

static bool has_flags(struct block *block, uint32_t flags) {
  return (block_word(block) & flags) == flags;
}

static void fill(struct block *block, int value) {
  memset(block_payload(block), value, block_usable(size_of(block)));
}

// By memcmp with itself: quick also where each access of ours is watched.
static bool bytes_are(const void *start, const void *end, int value) {
  const char *first = start;
  if (start >= end) return true;
  size_t bytes = (size_t)((const char *)end - first);
  return first[0] == (char)value && memcmp(first, first + 1, bytes - 1) == 0;
}

// --- System calls that fail --------------------------------------------------

static enum loam_os_call failing_call;
static size_t failed_calls;  // since fail()

static bool failing(enum loam_os_call call, size_t bytes) {
  (void)bytes;
  failed_calls += call == failing_call;
  return call == failing_call;
}

static void fail(enum loam_os_call call) {
  failing_call = call;
  failed_calls = 0;
  loam_os_set_fault_hook(failing);
}

static void fail_nothing(void) { loam_os_set_fault_hook(NULL); }

// --- Shared steps ------------------------------------------------------------

static const char *expect_whole(void) {
  EXPECT(arena_check(&arena));
  return NULL;
}

// Nothing is in use: each segment is one free block.
static const char *expect_all_free(void) {
  arena_flush_quick(&arena);
  EXPECT_HOLDS(expect_whole());
  EXPECT(arena.malloc_calls == arena.free_calls);
  EXPECT(arena.free_blocks == arena.segment_count);
  EXPECT(arena.free_bytes == arena.segment_count * SEGMENT_BLOCK_BYTES_MAX);
  return NULL;
}

#endif  // LOAM_COMMON_BOUNDARY_TAG_TESTING_ARENA_FIXTURE_H_
