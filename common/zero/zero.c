#include "common/zero/zero.h"

// Set for a test of what other processors run.
#ifndef LOAM_ZERO_NARROW
#define LOAM_ZERO_NARROW 0
#endif

// The same code twice: for all processors, and for those with wider registers.
#define EACH_TIME static inline __attribute__((always_inline))

typedef uint64_t wide __attribute__((vector_size(32), aligned(16), may_alias));

enum {
  STRIDE = 128,              // of which all parts are multiples
  CLEARED_WIDE_MAX = 32768,  // more would drive all else from the processor's first cache
};

EACH_TIME void look_at(const char *from, wide *found) {
  const wide *units = (const wide *)from;
  *found |= (units[0] | units[1]) | (units[2] | units[3]);
}

EACH_TIME bool is_zero(const char *start, size_t bytes) {
  wide found = {0};
  if (bytes <= LOAM_ZERO_HALVES_MAX) {
    size_t part = loam_zero_part(bytes);
    const char *end_part = start + (bytes - part);
    for (size_t at = 0; at < part; at += STRIDE) {
      look_at(start + at, &found);
      look_at(end_part + at, &found);
    }
  } else {
    const char *last = start + bytes - STRIDE;
    for (; start < last; start += STRIDE) look_at(start, &found);
    look_at(last, &found);
  }
  return (found[0] | found[1] | found[2] | found[3]) == 0;
}

EACH_TIME void clear_stride(char *to) {
  wide *units = (wide *)to;
  units[0] = units[1] = units[2] = units[3] = (wide){0};
}

EACH_TIME void clear(char *start, size_t bytes) {
  if (bytes > LOAM_ZERO_HALVES_MAX) {
    char *last = start + bytes - STRIDE;
    for (; start < last; start += STRIDE) clear_stride(start);
    clear_stride(last);
    return;
  }
  size_t part = loam_zero_part(bytes);
  char *end_part = start + (bytes - part);
  for (size_t at = 0; at < part; at += STRIDE) {
    clear_stride(start + at);
    clear_stride(end_part + at);
  }
}

#if defined(__x86_64__) && !LOAM_ZERO_NARROW
__attribute__((target("avx2"))) static bool is_zero_avx2(const char *start, size_t bytes) {
  return is_zero(start, bytes);
}

// (For a few KiB quicker than libc's memset, which leaves them to one string instruction.)
__attribute__((target("avx2"))) static void clear_avx2(char *start, size_t bytes) {
  clear(start, bytes);
}

// (Before libgcc's constructor has run it says no.)
static inline bool has_avx2(void) { return __builtin_cpu_supports("avx2") != 0; }
#else
static bool is_zero_avx2(const char *start, size_t bytes) { return is_zero(start, bytes); }
static void clear_avx2(char *start, size_t bytes) { clear(start, bytes); }
static inline bool has_avx2(void) { return false; }
#endif

bool loam_is_zero_long(const char *start, size_t bytes) {
  return has_avx2() ? is_zero_avx2(start, bytes) : is_zero(start, bytes);
}

void loam_clear_long(char *start, size_t bytes) {
  if (bytes <= CLEARED_WIDE_MAX && has_avx2()) {
    clear_avx2(start, bytes);
  } else if (bytes <= LOAM_ZERO_HALVES_MAX) {
    clear(start, bytes);
  } else {
    memset(start, 0, bytes);
  }
}
