// Chance for sampling, without libm: random numbers, waits and the weights that go with them.
//
// Bytes are sampled by a Poisson process: each byte that is allocated is hit with the same small
// chance, one in `period`. A block is sampled when at least one of its bytes is hit, and stands
// for 1 / (the chance of that) blocks.

#ifndef LOAM_COMMON_PROFILE_CHANCE_H_
#define LOAM_COMMON_PROFILE_CHANCE_H_

#include <stddef.h>
#include <stdint.h>

// xorshift64* (Vigna, 2016). The state is not 0.
static inline uint64_t loam_chance_next(uint64_t *state) {
  uint64_t x = *state;
  x ^= x >> 12;
  x ^= x << 25;
  x ^= x >> 27;
  *state = x;
  return x * 0x2545f4914f6cdd1du;
}

// In [0, 1).
static inline double loam_chance_uniform(uint64_t *state) {
  return (double)(loam_chance_next(state) >> 11) * 0x1p-53;
}

// Exponentially distributed with mean 1, exactly, by comparisons alone (von Neumann, 1951).
static inline double loam_chance_exponential(uint64_t *state) {
  for (double whole = 0;; whole += 1) {
    double first = loam_chance_uniform(state);
    double last = first;
    unsigned falls = 0;  // of the run of numbers that each are below the one before
    for (;; falls++) {
      double next = loam_chance_uniform(state);
      if (next >= last) break;
      last = next;
    }
    if (falls % 2 == 0) return whole + first;
  }
}

// The chance that a block of `bytes` is sampled: 1 - exp(-bytes / period).
static inline double loam_chance_of_block(size_t bytes, double period) {
  double x = (double)bytes / period;
  if (x > 40) return 1;
  unsigned halvings = 0;
  for (; x > 0.125; halvings++) x /= 2;
  // 1 - exp(-x) to a part in 10^12, by its series; then 1 - q^2 from 1 - q, and so on.
  double term = x;
  double sum = x;
  for (int i = 2; i <= 9; i++) {
    term *= -x / i;
    sum += term;
  }
  for (; halvings > 0; halvings--) sum *= 2 - sum;
  return sum;
}

// How many blocks of `bytes` it takes until one is sampled, that one included: at least 1.
static inline uint64_t loam_chance_wait(uint64_t *state, size_t bytes, double period) {
  double hit = loam_chance_exponential(state) * period;  // the byte
  return 1 + (uint64_t)(hit / (double)bytes);
}

#endif  // LOAM_COMMON_PROFILE_CHANCE_H_
