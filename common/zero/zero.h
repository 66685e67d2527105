// Memory that has to be zero: proving that it is, and making it so. Quick for the sizes of blocks.
//
// For loam_is_zero and loam_clear `start` and `bytes` are multiples of 16, and there is at least
// one such unit. They take 64 bytes at a time and the last 64 once more, not the rest: sizes come
// in no order, and a branch for each part of a size would be mistaken for most.

#ifndef LOAM_COMMON_ZERO_ZERO_H_
#define LOAM_COMMON_ZERO_ZERO_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint64_t loam_words __attribute__((vector_size(16), may_alias));

enum {
  LOAM_ZERO_STRIDE = 64,
  LOAM_CLEARED_INLINE_MAX = 1024,  // from there on memset is quicker
};

static inline size_t loam_zero_least(size_t a, size_t b) { return a < b ? a : b; }

static inline loam_words loam_zero_load(const char *from) { return *(const loam_words *)from; }

static inline bool loam_is_zero(const char *start, size_t bytes) {
  loam_words found;
  if (bytes <= LOAM_ZERO_STRIDE) {
    size_t last = bytes - sizeof found;
    found = loam_zero_load(start) | loam_zero_load(start + loam_zero_least(16, last)) |
            loam_zero_load(start + loam_zero_least(32, last)) | loam_zero_load(start + last);
    return (found[0] | found[1]) == 0;
  }
  const char *last = start + bytes - LOAM_ZERO_STRIDE;
  found = loam_zero_load(last) | loam_zero_load(last + 16) | loam_zero_load(last + 32) |
          loam_zero_load(last + 48);
  for (; start < last; start += LOAM_ZERO_STRIDE) {
    found |= loam_zero_load(start) | loam_zero_load(start + 16) | loam_zero_load(start + 32) |
             loam_zero_load(start + 48);
  }
  return (found[0] | found[1]) == 0;
}

static inline void loam_zero_store(char *to) { *(loam_words *)to = (loam_words){0, 0}; }

static inline void loam_clear(char *start, size_t bytes) {
  if (bytes <= LOAM_ZERO_STRIDE) {
    size_t last = bytes - sizeof(loam_words);
    loam_zero_store(start);
    loam_zero_store(start + loam_zero_least(16, last));
    loam_zero_store(start + loam_zero_least(32, last));
    loam_zero_store(start + last);
    return;
  }
  if (bytes > LOAM_CLEARED_INLINE_MAX) {
    memset(start, 0, bytes);
    return;
  }
  char *last = start + bytes - LOAM_ZERO_STRIDE;
  for (;; start += LOAM_ZERO_STRIDE) {
    if (start > last) start = last;
    loam_zero_store(start);
    loam_zero_store(start + 16);
    loam_zero_store(start + 32);
    loam_zero_store(start + 48);
    if (start == last) return;
  }
}

// Of any bytes, also none. By memcmp with itself: quick also where each access of ours is watched.
static inline bool loam_is_zero_between(const char *start, const char *end) {
  if (start >= end) return true;
  return *start == 0 && memcmp(start, start + 1, (size_t)(end - start) - 1) == 0;
}

#endif  // LOAM_COMMON_ZERO_ZERO_H_
