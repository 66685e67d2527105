// Heaps over memory that the caller gives: they never ask the kernel for any,
// and give none back. Template, see arena.h.
//
//     memory                                                        memory + bytes
//     | struct loam_heap | record | segment ...   | record | segment ... |
//
// Sizes of blocks have 32 bits, so every 4 GiB are a segment of their own. Its
// record lies before it, out of reach of what runs over the end of a block.

#ifndef LOAM_COMMON_BOUNDARY_TAG_GIVEN_MEMORY_H_
#define LOAM_COMMON_BOUNDARY_TAG_GIVEN_MEMORY_H_

#include "common/boundary_tag/process.h"

#define GIVEN_SEGMENT_BYTES_MAX ((size_t)UINT32_MAX + 1 - BLOCK_ALIGNMENT)

enum { GIVEN_SEGMENT_BYTES_MIN = SEGMENT_OVERHEAD_BYTES + BLOCK_BYTES_MIN };

_Static_assert(sizeof(struct segment) % BLOCK_ALIGNMENT == 0, "what follows it is aligned");

// Cuts a segment off the memory [*start, end) and moves *start behind it. False
// when what is left is too small.
static bool given_memory_add_segment(struct arena *arena, char **start, const char *end) {
  size_t bytes = (size_t)(end - *start);
  if (bytes < sizeof(struct segment) + GIVEN_SEGMENT_BYTES_MIN) return false;
  struct segment *segment = (struct segment *)*start;
  bytes -= sizeof *segment;
  if (bytes > GIVEN_SEGMENT_BYTES_MAX) bytes = GIVEN_SEGMENT_BYTES_MAX;
  *segment = (struct segment){.base = (char *)(segment + 1), .bytes = bytes};
  *start = segment->base + bytes;
  if (LOAM_HARDENED) clear_bytes(segment->base, bytes);
  arena_add_segment(arena, segment, 0);
  return true;
}

static struct loam_heap *own_heap_create_with_memory(void *memory, size_t bytes) {
  ensure_set_up();
  size_t gap = -(uintptr_t)memory % BLOCK_ALIGNMENT;
  size_t record_bytes =
      (sizeof(struct loam_heap) + BLOCK_ALIGNMENT - 1) & ~(size_t)(BLOCK_ALIGNMENT - 1);
  if (memory == NULL || bytes < gap + record_bytes) return out_of_memory();
  struct loam_heap *heap = (struct loam_heap *)((char *)memory + gap);
  *heap = (struct loam_heap){.arena.fixed = true};
  char *start = (char *)heap + record_bytes;
  const char *end = start + ((bytes - gap - record_bytes) & ~(size_t)(BLOCK_ALIGNMENT - 1));
  while (given_memory_add_segment(&heap->arena, &start, end)) {
  }
  if (heap->arena.segments == NULL) return out_of_memory();
  heap->record_bytes = bytes - heap->arena.segment_bytes;
  own_heap_enlist(heap);
  return heap;
}

#endif  // LOAM_COMMON_BOUNDARY_TAG_GIVEN_MEMORY_H_
