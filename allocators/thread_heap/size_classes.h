// The sizes that thread_heap hands out.
//
//   class   1 .. 16   16, 32, ..., 256        steps of 16
//   class  17 .. 40   288, 320, ..., 2048     8 steps to a doubling
//   class  41 .. 48   2336, ..., 8192         7, 6, 5, 4, 3 and 2 blocks in a slice; between, 14
//                                             blocks of 4672 and 10 of 6544 in a wide slab
//   class  49         10912                   6 blocks in a wide slab
//   class  50, 51     16384, 32768            one block each, of one slice and of two
//   class  52         spans, one block each, a multiple of a slice, up to 64 MiB
//
// A wide slab is four slices at a multiple of their size: room for sizes such as that of a page
// and its header. (More wide classes would waste less of a block and more of slabs that are
// not full.) So at most 12.5 % of a block of 128 bytes to 2 KiB is waste, and a quarter up to 8
// KiB. Above, it is whole pages for the most part, which nobody touches. Class 0 is no class: no
// block has it, and its stack is always empty.

#ifndef LOAM_ALLOCATORS_THREAD_HEAP_SIZE_CLASSES_H_
#define LOAM_ALLOCATORS_THREAD_HEAP_SIZE_CLASSES_H_

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  TH_ALIGNMENT = 16,
  TH_LINE_BYTES = 64,    // of the processor's caches
  TH_APART_BYTES = 128,  // between what different threads write: processors fetch pairs of lines
  TH_LINE_BLOCKS_MAX = TH_LINE_BYTES / TH_ALIGNMENT,
  TH_SLICE_BITS = 14,
  TH_WIDE_SLICES = 4,
  TH_SLAB_CLASSES = 52,  // with class 0
  TH_SPAN_CLASS = TH_SLAB_CLASSES,
  TH_CLASSES,
  TH_SLAB_BYTES_MAX = 32768,  // the largest slab class
  TH_SPAN_SLICES_MAX = 4096,
};

#define TH_SLICE_BYTES ((size_t)1 << TH_SLICE_BITS)
#define TH_SPAN_BYTES_MAX (TH_SPAN_SLICES_MAX * TH_SLICE_BYTES)

// Bytes of a block of a slab's class.
extern const uint16_t th_class_sizes[TH_SLAB_CLASSES] __attribute__((visibility("hidden")));

static inline size_t th_class_bytes(unsigned class) { return th_class_sizes[class]; }

// Whether a line of the processor's caches is some whole blocks.
static inline bool th_class_shares_lines(unsigned class) {
  return th_class_bytes(class) < TH_LINE_BYTES && TH_LINE_BYTES % th_class_bytes(class) == 0;
}

// The class of the smallest blocks that hold so many bytes, by bytes / 16, rounded up:
// without a branch that sizes of all kinds would mislead. 0 for no bytes, and for all
// until th_size_classes_set_up().
extern _Atomic(uint8_t) th_class_table[TH_SLAB_BYTES_MAX / TH_ALIGNMENT + 1]
    __attribute__((visibility("hidden")));

// Fills the table. Once, before all but malloc's fast path.
void th_size_classes_set_up(void);

// For bytes <= TH_SLAB_BYTES_MAX. Relaxed: a thread that reads 0 too early takes the
// slow path, which waits.
static inline unsigned th_table_class(size_t bytes) {
  return atomic_load_explicit(&th_class_table[(bytes + TH_ALIGNMENT - 1) / TH_ALIGNMENT],
                              memory_order_relaxed);
}

// For any bytes.
static inline unsigned th_class_of(size_t bytes) {
  if (bytes > TH_SLAB_BYTES_MAX) return TH_SPAN_CLASS;
  return bytes == 0 ? 1 : th_table_class(bytes);
}

// Whether a block that has so many bytes stays, by realloc: one that would be at most half used
// moves to a smaller one.
static inline bool th_class_fits(size_t usable, size_t bytes) {
  return bytes <= usable && (bytes > usable / 2 || usable <= TH_ALIGNMENT);
}

// Slices that a slab of such a class takes, and blocks in it.
static inline bool th_class_is_wide(unsigned class) {
  return class == 45 || class == 47 || class == 49;
}

static inline unsigned th_class_slices(unsigned class) {
  if (th_class_is_wide(class)) return TH_WIDE_SLICES;
  return th_class_bytes(class) <= TH_SLICE_BYTES ? 1 : 2;
}

// An address, masked with it, is an offset in a slab whose first block is at 0. (Of two slices
// that are one block, the second is none's start, and has no class in the page map.)
static inline uint16_t th_class_offset_mask(unsigned class) {
  return (uint16_t)(th_class_is_wide(class) ? TH_WIDE_SLICES * TH_SLICE_BYTES - 1
                                            : TH_SLICE_BYTES - 1);
}

static inline unsigned th_class_capacity(unsigned class) {
  return (unsigned)(th_class_slices(class) * TH_SLICE_BYTES / th_class_bytes(class));
}

// Slices of the span for so many bytes.
static inline unsigned th_span_slices(size_t bytes) {
  return bytes == 0 ? 1 : (unsigned)((bytes + TH_SLICE_BYTES - 1) >> TH_SLICE_BITS);
}

// The class whose blocks hold `bytes` at a multiple of `alignment`, a power of two up to
// TH_SLICE_BYTES or 0. Slabs begin at such a multiple: it is enough that the size of
// a block is one. (So it is no less than `bytes` rounded up to one, which mostly is a class's.)
static inline unsigned th_class_for(size_t bytes, size_t alignment) {
  if (alignment <= TH_ALIGNMENT) return th_class_of(bytes);
  size_t rounded = bytes == 0 ? alignment : (bytes + alignment - 1) & ~(alignment - 1);
  unsigned class = th_class_of(rounded);
  while (class < TH_SPAN_CLASS && (th_class_bytes(class) & (alignment - 1)) != 0) class ++;
  return class;
}

// ceil(2^32 / bytes): for a block's offset in its slab, offset * reciprocal is
// its number in the upper half, and less than the reciprocal in the lower half
// just when the offset is a multiple of `bytes` (Lemire, Kaser and Kurz,
// "Faster remainder by direct computation", 2019). Of a slab's classes only.
static inline uint32_t th_class_reciprocal(unsigned class) {
  uint64_t bytes = th_class_bytes(class);
  return (uint32_t)((((uint64_t)1 << 32) + bytes - 1) / bytes);
}

#endif  // LOAM_ALLOCATORS_THREAD_HEAP_SIZE_CLASSES_H_
