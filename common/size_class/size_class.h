// Size classes: every power of two is divided into 2^step_bits equal steps.
// Classes are numbered without a gap and grow with the size:
//
//   step_bits = 0:  [1,2) [2,4) [4,8) ...             log2
//   step_bits = 2:  ... [64,80) [80,96) [96,112) [112,128) [128,160) ...
//
// The two-level mapping of TLSF (Masmano et al., 2004), kept as one number.

#ifndef LOAM_COMMON_SIZE_CLASS_SIZE_CLASS_H_
#define LOAM_COMMON_SIZE_CLASS_SIZE_CLASS_H_

#include <stddef.h>

// The class that `bytes` falls into. bytes >= 2^step_bits.
static inline unsigned loam_size_class(size_t bytes, unsigned step_bits) {
  unsigned log2 = (unsigned)(sizeof(long) * 8 - 1) - (unsigned)__builtin_clzl(bytes);
  // The top bit and the step_bits below it: 2^step_bits <= step < 2^(step_bits + 1).
  unsigned step = (unsigned)(bytes >> (log2 - step_bits));
  return (log2 << step_bits) + step - (1u << step_bits);
}

// The least size in a class: loam_size_class(loam_size_class_floor(c, s), s) == c.
static inline size_t loam_size_class_floor(unsigned size_class, unsigned step_bits) {
  unsigned log2 = size_class >> step_bits;
  size_t step = (1u << step_bits) + (size_class & ((1u << step_bits) - 1));
  return step << (log2 - step_bits);
}

#endif  // LOAM_COMMON_SIZE_CLASS_SIZE_CLASS_H_
