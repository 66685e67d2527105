// The sizes that thread_heap hands out.
//
//   class   1 ..  16   16, 32, ..., 256         steps of 16
//   class  17 ..  56   288, 320, ..., 8192      8 steps to a doubling
//   class  57 ..  64   10240, ..., 32768        4 steps to a doubling
//   class  65          spans, one block each, a multiple of 64 KiB, up to 64 MiB
//
// So at most 12.5 % of a block over 128 bytes is waste up to 8 KiB, and 20 %
// up to 32 KiB; of a span only whole pages count, which nobody touches. Class 0 is no
// class: no block has it, and its lists are always empty.

#ifndef LOAM_ALLOCATORS_THREAD_HEAP_SIZE_CLASSES_H_
#define LOAM_ALLOCATORS_THREAD_HEAP_SIZE_CLASSES_H_

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum {
  TH_ALIGNMENT = 16,
  TH_SLICE_BITS = 16,
  TH_EXACT_BYTES_MAX = 256,   // up to here class = size / 16, rounded up
  TH_FINE_BYTES_MAX = 8192,   // up to here 8 steps
  TH_SLAB_BYTES_MAX = 32768,  // up to here a slice holds several blocks
  TH_EXACT_CLASSES = TH_EXACT_BYTES_MAX / TH_ALIGNMENT,
  TH_FINE_CLASSES = 5 * 8,    // five doublings
  TH_COARSE_CLASSES = 2 * 4,  // two
  TH_SLAB_CLASSES = 1 + TH_EXACT_CLASSES + TH_FINE_CLASSES + TH_COARSE_CLASSES,
  TH_SPAN_CLASS = TH_SLAB_CLASSES,
  TH_CLASSES,
  TH_SPAN_SLICES_MAX = 1024,
};

#define TH_SLICE_BYTES ((size_t)1 << TH_SLICE_BITS)
#define TH_SPAN_BYTES_MAX (TH_SPAN_SLICES_MAX * TH_SLICE_BYTES)

// The class of the smallest blocks that hold `bytes`.
static inline unsigned th_class_of(size_t bytes) {
  if (bytes <= TH_ALIGNMENT) return 1;
  if (bytes <= TH_EXACT_BYTES_MAX) return (unsigned)((bytes + TH_ALIGNMENT - 1) / TH_ALIGNMENT);
  if (bytes > TH_SLAB_BYTES_MAX) return TH_SPAN_CLASS;
  size_t last = bytes - 1;
  unsigned log2 = 63u - (unsigned)__builtin_clzl(last);
  if (bytes <= TH_FINE_BYTES_MAX) {
    return TH_EXACT_CLASSES + 1 + (log2 - 8) * 8 + (unsigned)(last >> (log2 - 3) & 7);
  }
  return TH_EXACT_CLASSES + TH_FINE_CLASSES + 1 + (log2 - 13) * 4 +
         (unsigned)(last >> (log2 - 2) & 3);
}

// The same from a table, for bytes <= TH_SLAB_BYTES_MAX: without a branch that sizes of all
// kinds would mislead. Class 0 for no bytes, and for all until th_size_classes_set_up().
// Relaxed: a thread that reads 0 too early takes the slow path, which waits.
extern _Atomic(uint8_t) th_class_table[TH_SLAB_BYTES_MAX / TH_ALIGNMENT + 1]
    __attribute__((visibility("hidden")));

static inline unsigned th_table_class(size_t bytes) {
  return atomic_load_explicit(&th_class_table[(bytes + TH_ALIGNMENT - 1) / TH_ALIGNMENT],
                              memory_order_relaxed);
}

void th_size_classes_set_up(void);

// Bytes of a block of a slab's class. th_class_of(th_class_bytes(c)) == c for every c > 0.
static inline size_t th_class_bytes(unsigned class) {
  if (class <= TH_EXACT_CLASSES) return (size_t) class * TH_ALIGNMENT;
  unsigned fine = class - TH_EXACT_CLASSES - 1;
  if (fine < TH_FINE_CLASSES) return (size_t)(8 + fine % 8 + 1) << (5 + fine / 8);
  unsigned coarse = fine - TH_FINE_CLASSES;
  return (size_t)(4 + coarse % 4 + 1) << (11 + coarse / 4);
}

// Blocks of such a class in a slab.
static inline unsigned th_class_capacity(unsigned class) {
  return (unsigned)(TH_SLICE_BYTES / th_class_bytes(class));
}

// Slices of the span for so many bytes.
static inline unsigned th_span_slices(size_t bytes) {
  return bytes == 0 ? 1 : (unsigned)((bytes + TH_SLICE_BYTES - 1) >> TH_SLICE_BITS);
}

// The class whose blocks hold `bytes` at a multiple of `alignment`, a power of two up to
// TH_SLICE_BYTES or 0. Slabs begin at such a multiple: it is enough that the size of
// a block is one.
static inline unsigned th_class_for(size_t bytes, size_t alignment) {
  if (alignment <= TH_ALIGNMENT) return th_class_of(bytes);
  unsigned class = th_class_of((bytes + alignment - 1) & ~(alignment - 1));
  if (bytes == 0) class = th_class_of(alignment);
  while (class < TH_SPAN_CLASS && (th_class_bytes(class) & (alignment - 1)) != 0) class ++;
  return class;
}

// ceil(2^32 / bytes): for a block's offset in its slice, offset * reciprocal is
// its number in the upper half, and less than the reciprocal in the lower half
// just when the offset is a multiple of `bytes` (Lemire, Kaser and Kurz,
// "Faster remainder by direct computation", 2019). Of a slab's classes only.
static inline uint32_t th_class_reciprocal(unsigned class) {
  uint64_t bytes = th_class_bytes(class);
  return (uint32_t)((((uint64_t)1 << 32) + bytes - 1) / bytes);
}

#endif  // LOAM_ALLOCATORS_THREAD_HEAP_SIZE_CLASSES_H_
