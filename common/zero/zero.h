// Memory that has to be zero: proving that it is, and making it so. Quick for the sizes of blocks.
//
// But for loam_is_zero_between, `start` and `bytes` are multiples of 16, and there is at least one
// such unit. Sizes come in no order, and a branch for each part of a size would be mistaken for
// most. So up to LOAM_ZERO_HALVES_MAX bytes a first and a last part are taken, both of the same
// length, a power of two and at least half of all; what lies in both is taken twice.

#ifndef LOAM_COMMON_ZERO_ZERO_H_
#define LOAM_COMMON_ZERO_ZERO_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint64_t loam_words __attribute__((vector_size(16), may_alias));

enum {
  LOAM_ZERO_SHORT = 256,  // up to here inline
  LOAM_ZERO_HALVES_MAX = 1024,
};

// The length of the parts: all, for 16 bytes.
static inline size_t loam_zero_part(size_t bytes) {
  return (size_t)1 << (__builtin_clzl((bytes - 1) | 16) ^ 63);
}

// Of more than LOAM_ZERO_SHORT bytes.
bool loam_is_zero_long(const char *start, size_t bytes);
void loam_clear_long(char *start, size_t bytes);

static inline loam_words loam_zero_load(const char *from) { return *(const loam_words *)from; }

static inline void loam_zero_store(char *to) { *(loam_words *)to = (loam_words){0, 0}; }

// The units of a part of up to 64 bytes are at 0, at `last`, and between at those two, of which
// some are the same.
struct loam_zero_units {
  size_t second, third, last;
};

static inline struct loam_zero_units loam_zero_units(size_t part) {
  size_t last = part - 16;
  return (struct loam_zero_units){.second = last & 16, .third = last & 32, .last = last};
}

static inline loam_words loam_zero_found(const char *start, struct loam_zero_units at) {
  return (loam_zero_load(start) | loam_zero_load(start + at.second)) |
         (loam_zero_load(start + at.third) | loam_zero_load(start + at.last));
}

static inline void loam_zero_put(char *start, struct loam_zero_units at) {
  loam_zero_store(start);
  loam_zero_store(start + at.second);
  loam_zero_store(start + at.third);
  loam_zero_store(start + at.last);
}

// Of at most LOAM_ZERO_SHORT bytes.
static inline __attribute__((always_inline)) bool loam_is_zero_short(const char *start,
                                                                     size_t bytes) {
  loam_words found;
  if (bytes > 128) {
    struct loam_zero_units at = loam_zero_units(64);
    found = loam_zero_found(start, at) | loam_zero_found(start + 64, at) |
            loam_zero_found(start + bytes - 128, at) | loam_zero_found(start + bytes - 64, at);
  } else {
    size_t part = loam_zero_part(bytes);
    struct loam_zero_units at = loam_zero_units(part);
    found = loam_zero_found(start, at) | loam_zero_found(start + bytes - part, at);
  }
  return (found[0] | found[1]) == 0;
}

static inline __attribute__((always_inline)) void loam_clear_short(char *start, size_t bytes) {
  if (bytes > 128) {
    struct loam_zero_units at = loam_zero_units(64);
    loam_zero_put(start, at);
    loam_zero_put(start + 64, at);
    loam_zero_put(start + bytes - 128, at);
    loam_zero_put(start + bytes - 64, at);
  } else {
    size_t part = loam_zero_part(bytes);
    struct loam_zero_units at = loam_zero_units(part);
    loam_zero_put(start, at);
    loam_zero_put(start + bytes - part, at);
  }
}

static inline bool loam_is_zero(const char *start, size_t bytes) {
  return bytes <= LOAM_ZERO_SHORT ? loam_is_zero_short(start, bytes)
                                  : loam_is_zero_long(start, bytes);
}

static inline void loam_clear(char *start, size_t bytes) {
  if (bytes <= LOAM_ZERO_SHORT) {
    loam_clear_short(start, bytes);
  } else {
    loam_clear_long(start, bytes);
  }
}

// Of any bytes, also none. By memcmp with itself: quick also where each access of ours is watched.
static inline bool loam_is_zero_between(const char *start, const char *end) {
  if (start >= end) return true;
  return *start == 0 && memcmp(start, start + 1, (size_t)(end - start) - 1) == 0;
}

#endif  // LOAM_COMMON_ZERO_ZERO_H_
