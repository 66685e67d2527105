#include "common/boundary_tag/segment.h"

#include <string.h>

#include "common/os/os.h"
#include "common/testing/scenario.h"

static struct segment_pool pool;
static const struct segment_pool empty_pool;
static struct arena *const arena = (struct arena *)&pool;  // never looked into

static unsigned failing_calls;  // bit c: every call c of failing_bytes, or of any if 0, fails
static size_t failing_bytes;

static bool fails(enum loam_os_call call, size_t bytes) {
  return (failing_calls >> call & 1) != 0 && (failing_bytes == 0 || bytes == failing_bytes);
}

static struct segment *create_while(unsigned calls, size_t bytes) {
  failing_calls = calls;
  failing_bytes = bytes;
  loam_os_set_fault_hook(fails);
  struct segment *segment = loam_segment_create(&pool, arena);
  loam_os_set_fault_hook(NULL);
  return segment;
}

SCENARIO(ASegmentIsZeroAndKnown) {
  pool = empty_pool;
  struct segment *segment = loam_segment_create(&pool, arena);
  EXPECT(segment != NULL);
  EXPECT(segment->arena == arena);
  EXPECT((uintptr_t)segment->base % SEGMENT_BYTES == 0);
  for (size_t i = 0; i < SEGMENT_BYTES; i += 1024) EXPECT(segment->base[i] == 0);
  EXPECT(segment_of(&pool, segment->base) == segment);
  EXPECT(segment_of(&pool, segment->base + SEGMENT_BYTES - 1) == segment);
  EXPECT(segment_of(&pool, segment->base + SEGMENT_BYTES) == NULL);
  char *base = segment->base;
  EXPECT(loam_segment_destroy(&pool, segment));
  EXPECT(segment_of(&pool, base) == NULL);
  return NULL;
}

SCENARIO(RecordsAreUsedAgain) {
  pool = empty_pool;
  struct segment *segment = loam_segment_create(&pool, arena);
  size_t bytes = loam_segment_pool_bytes(&pool);
  EXPECT(bytes > 0);
  for (int i = 0; i < 1000; i++) {
    EXPECT(loam_segment_destroy(&pool, segment));
    struct segment *next = loam_segment_create(&pool, arena);
    EXPECT(next == segment);
  }
  EXPECT(pool.record_bytes == loam_os_page_size());
  EXPECT(loam_segment_destroy(&pool, segment));
  return NULL;
}

SCENARIO(MoreRecordsThanAPageHolds) {
  enum { COUNT = 300 };
  static struct segment *segments[COUNT];
  pool = empty_pool;
  for (int i = 0; i < COUNT; i++) {
    segments[i] = loam_segment_create(&pool, arena);
    EXPECT(segments[i] != NULL);
  }
  for (int i = 0; i < COUNT; i++) {
    EXPECT(segment_of(&pool, segments[i]->base + 5) == segments[i]);
    EXPECT(loam_segment_destroy(&pool, segments[i]));
  }
  size_t page = loam_os_page_size();
  size_t a_page = page / sizeof(struct segment);
  EXPECT(pool.record_bytes == (COUNT + a_page - 1) / a_page * page);
  return NULL;
}

SCENARIO(NoMemoryForARecord) {
  pool = empty_pool;
  EXPECT(create_while(1u << LOAM_OS_MAP, 0) == NULL);
  EXPECT(loam_segment_pool_bytes(&pool) == 0);
  EXPECT(create_while(0, 0) != NULL);
  return NULL;
}

SCENARIO(NoMemoryForTheSegment) {
  pool = empty_pool;
  struct segment *first = loam_segment_create(&pool, arena);
  EXPECT(create_while(1u << LOAM_OS_MAP, 0) == NULL);
  struct segment *second = create_while(0, 0);
  EXPECT(second == first + 1);  // the record was not lost
  return NULL;
}

SCENARIO(NoMemoryForThePageMap) {
  pool = empty_pool;
  size_t leaf = loam_os_round_to_page(sizeof(struct loam_page_map_leaf));
  EXPECT(create_while(1u << LOAM_OS_MAP, leaf) == NULL);
  struct segment *segment = create_while(0, 0);
  EXPECT(segment != NULL);
  EXPECT(segment_of(&pool, segment->base) == segment);
  return NULL;
}

SCENARIO(WhatTheKernelDoesNotTakeBackStillStands) {
  pool = empty_pool;
  struct segment *segment = loam_segment_create(&pool, arena);
  segment->base[100] = 7;
  failing_calls = 1u << LOAM_OS_RELEASE;
  failing_bytes = 0;
  loam_os_set_fault_hook(fails);
  bool destroyed = loam_segment_destroy(&pool, segment);
  loam_os_set_fault_hook(NULL);
  EXPECT(!destroyed);
  EXPECT(segment_of(&pool, segment->base) == segment);
  EXPECT(segment->base[100] == 7);
  EXPECT(loam_segment_destroy(&pool, segment));
  return NULL;
}
