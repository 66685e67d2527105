// Sizes to classes and back: every size, every class, every offset.

#include "allocators/thread_heap/size_classes.h"

#include <stdbool.h>

#include "common/testing/scenario.h"

__attribute__((constructor)) static void set_up(void) { th_size_classes_set_up(); }

// A little beyond the largest class of slabs.
enum { SIZES = TH_SLAB_BYTES_MAX + 1000 };

static const char *expect_smallest_that_fits(size_t bytes) {
  unsigned class = th_class_of(bytes);
  if (bytes > TH_SLAB_BYTES_MAX) {
    EXPECT(class == TH_SPAN_CLASS);
    return NULL;
  }
  EXPECT(class >= 1 && class < TH_SLAB_CLASSES);
  EXPECT(th_class_bytes(class) >= bytes);
  EXPECT(class == 1 || th_class_bytes(class - 1) < bytes);
  return NULL;
}

SCENARIO(EverySizeHasTheSmallestClassThatFits) {
  for (size_t bytes = 0; bytes <= SIZES; bytes++) EXPECT_HOLDS(expect_smallest_that_fits(bytes));
  return NULL;
}

SCENARIO(LargerSizesNeverHaveSmallerClasses) {
  for (size_t bytes = 1; bytes <= SIZES; bytes++) {
    EXPECT(th_class_of(bytes) >= th_class_of(bytes - 1));
  }
  return NULL;
}

SCENARIO(AClassHoldsItsOwnSize) {
  for (unsigned class = 1; class < TH_SLAB_CLASSES; class ++) {
    EXPECT(th_class_of(th_class_bytes(class)) == class);
    EXPECT(th_class_bytes(class) % TH_ALIGNMENT == 0);
  }
  EXPECT(th_class_bytes(TH_SLAB_CLASSES - 1) == TH_SLAB_BYTES_MAX);
  return NULL;
}

// The slow path sees to them.
SCENARIO(NoBytesHaveNoClassInTheTable) {
  EXPECT(th_table_class(0) == 0);
  return NULL;
}

static bool wastes_at_most(size_t bytes, size_t one_in) {
  size_t block = th_class_bytes(th_class_of(bytes));
  return (block - bytes) * one_in <= block;
}

SCENARIO(LittleOfABlockIsWaste) {
  for (size_t bytes = 129; bytes <= TH_SLAB_BYTES_MAX; bytes++) {
    EXPECT(wastes_at_most(bytes, bytes <= 2048 ? 8 : bytes <= 8192 ? 4 : 2));
  }
  return NULL;
}

SCENARIO(ASlabIsCutIntoAsManyBlocksAsFit) {
  for (unsigned class = 1; class < TH_SLAB_CLASSES; class ++) {
    size_t bytes = th_class_bytes(class);
    size_t capacity = th_class_capacity(class);
    size_t slab_bytes = th_class_slices(class) * TH_SLICE_BYTES;
    EXPECT(capacity >= 1 && capacity * bytes <= slab_bytes);
    EXPECT((capacity + 1) * bytes > slab_bytes);
  }
  return NULL;
}

// The quotient from the upper half of the product; the multiples from the lower.
static const char *expect_exact(unsigned class, uint32_t offset) {
  uint32_t bytes = (uint32_t)th_class_bytes(class);
  uint32_t reciprocal = th_class_reciprocal(class);
  uint64_t product = (uint64_t)offset * reciprocal;
  EXPECT(product >> 32 == offset / bytes);
  EXPECT(((uint32_t)product < reciprocal) == (offset % bytes == 0));
  EXPECT(offset * reciprocal == (uint32_t)product);  // as the fast path has it
  return NULL;
}

SCENARIO(TheReciprocalIsExactForEveryOffset) {
  for (unsigned class = 1; class < TH_SLAB_CLASSES; class ++) {
    for (uint32_t offset = 0; offset <= th_class_offset_mask(class); offset++) {
      EXPECT_HOLDS(expect_exact(class, offset));
    }
  }
  return NULL;
}

static bool serves(unsigned class, size_t bytes, size_t alignment) {
  if (class == TH_SPAN_CLASS) return true;
  return th_class_bytes(class) >= bytes && th_class_bytes(class) % alignment == 0;
}

SCENARIO(AnAlignedBlockHasTheSmallestClassThatServes) {
  for (size_t alignment = TH_ALIGNMENT; alignment <= TH_SLICE_BYTES; alignment *= 2) {
    unsigned best = 1;  // classes only grow with the size
    for (size_t bytes = 0; bytes <= SIZES; bytes++) {
      while (!serves(best, bytes, alignment)) best++;
      EXPECT(th_class_for(bytes, alignment) == best);
    }
  }
  return NULL;
}

SCENARIO(WhatEveryBlockHasIsNoAlignment) {
  for (size_t bytes = 0; bytes <= SIZES; bytes += 7) {
    for (size_t alignment = 1; alignment <= TH_ALIGNMENT; alignment *= 2) {
      EXPECT(th_class_for(bytes, alignment) == th_class_of(bytes));
    }
    EXPECT(th_class_for(bytes, 0) == th_class_of(bytes));
  }
  return NULL;
}

SCENARIO(ASpanIsAsManySlicesAsItTakes) {
  EXPECT(th_span_slices(0) == 1);
  for (unsigned slices = 1; slices <= TH_SPAN_SLICES_MAX; slices++) {
    EXPECT(th_span_slices(slices * TH_SLICE_BYTES) == slices);
    EXPECT(th_span_slices(slices * TH_SLICE_BYTES - TH_SLICE_BYTES + 1) == slices);
  }
  return NULL;
}
