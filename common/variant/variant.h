// The contract of an allocator variant: the functions that each one defines
// under its own prefix, and the table that hands them around as a value.
//
// Conventions, for all variants:
//   - Every function is thread-safe; every size is in bytes.
//   - Blocks are aligned to 16 bytes unless a larger alignment is asked for.
//   - An allocation that fails returns NULL with errno = ENOMEM, and changes
//     nothing. One that succeeds leaves errno alone.
//   - A pointer that is not a live block of the variant is reported on stderr
//     in one line, and the process aborts (see common/check).
//   - The caller owns a block until it frees it. A block may be freed by any
//     thread, and a heap's block also by the plain free.
//
// P_malloc(size)            A block of at least `size` bytes; size 0 gives a
//                           unique pointer. Fails over PTRDIFF_MAX.
// P_calloc(count, size)     A zeroed block of count * size bytes; fails when
//                           the product overflows.
// P_realloc(block, size)    The block with a new size, contents kept up to the
//                           smaller one, perhaps moved. NULL block: P_malloc.
//                           Size 0: a minimal block, never a free. On failure
//                           the old block is whole.
// P_reallocarray(b, n, s)   P_realloc(b, n * s); fails when it overflows.
// P_aligned_alloc(a, size)  A block at a multiple of `a`, a power of two; else
//                           NULL with errno = EINVAL.
// P_posix_memalign(p, a, s) The same through *p; the error is returned (EINVAL
//                           also where `a` is no multiple of sizeof(void *)),
//                           and errno and, on failure, *p are left alone.
// P_free(block)             Ends a block; NULL is fine. Keeps errno.
// P_free_sized(block, s)    C23: P_free, `s` being the size that was asked for.
// P_free_aligned_sized(block, a, s)   C23: likewise, for P_aligned_alloc.
// P_usable_size(block)      Bytes that may be used: at least what was asked
//                           for. 0 for NULL.
// P_trim(keep)              Gives all free pages back to the system but about
//                           `keep` bytes; true if there were any.
// P_stats(stats)            Fills *stats with the state of the whole variant.
// P_check()                 Walks everything and proves the invariants that
//                           are written beside the structs. False, with a line
//                           on stderr, if one does not hold.
//
// P_heap_create()           A heap of its own, or NULL. Any thread may use it.
// P_heap_malloc(heap, size), P_heap_calloc, P_heap_realloc,
// P_heap_aligned_alloc      As above, from that heap. P_heap_realloc takes only
//                           a block of that heap.
// P_heap_free(heap, block)  P_free, and the block must be of that heap.
// P_heap_stats(heap, stats) The state of that heap alone.
// P_heap_destroy(heap)      Frees the heap and all blocks that it still holds.
//                           No other thread may be using it.

#ifndef LOAM_COMMON_VARIANT_VARIANT_H_
#define LOAM_COMMON_VARIANT_VARIANT_H_

// The level of checking that a variant is compiled for: 1, the hardened one.
#ifndef LOAM_HARDENED
#define LOAM_HARDENED 0
#endif

// 1, the debug one: a variant as it is by default, below a layer (common/debug) that gives
// the same functions. LOAM_BELOW is 1 for the variant's own sources then.
#ifndef LOAM_DEBUGGED
#define LOAM_DEBUGGED 0
#endif
#ifndef LOAM_BELOW
#define LOAM_BELOW 0
#endif

// 1: without the default level's checks, to measure what they cost. Not for use.
#ifndef LOAM_UNCHECKED
#define LOAM_UNCHECKED 0
#endif

// How reports tell a variant's level: behind its name, as in the name of its library.
#if LOAM_HARDENED
#define LOAM_LEVEL "hardened"
#elif LOAM_DEBUGGED
#define LOAM_LEVEL "debug"
#else
#define LOAM_LEVEL "default"
#endif
#if LOAM_HARDENED || LOAM_DEBUGGED
#define LOAM_NAME_AT_LEVEL(name) name "_" LOAM_LEVEL
#else
#define LOAM_NAME_AT_LEVEL(name) name
#endif

#include <stdbool.h>
#include <stddef.h>

#include "common/stats/stats.h"

#ifdef __cplusplus
extern "C" {
#endif

// Names that a shared library shows.
#define LOAM_EXPORT __attribute__((visibility("default")))

// Below a layer the names of variant.h are the layer's: the variant's own begin with loam_base_ for
// the linker.
#if LOAM_BELOW
#define LOAM_SYMBOL(name) __asm__("loam_base_" #name)
#else
#define LOAM_SYMBOL(name)
#endif

#define LOAM_FUNCTION LOAM_EXPORT __attribute__((nothrow))
#define LOAM_MALLOC_LIKE __attribute__((malloc, warn_unused_result))

// LOAM_JOIN(ff, malloc) is ff_malloc, also where ff comes out of a macro.
#define LOAM_JOIN_EXPANDED(a, b) a##_##b
#define LOAM_JOIN(a, b) LOAM_JOIN_EXPANDED(a, b)

// A heap of its own; each variant has its own idea of what is inside.
struct loam_heap;

// Declares the functions above for the prefix P.
#define LOAM_DECLARE_VARIANT(P)                                                               \
  LOAM_FUNCTION void *P##_malloc(size_t size) LOAM_SYMBOL(P##_malloc) LOAM_MALLOC_LIKE;       \
  LOAM_FUNCTION void *P##_calloc(size_t count, size_t size) LOAM_SYMBOL(P##_calloc)           \
      LOAM_MALLOC_LIKE;                                                                       \
  LOAM_FUNCTION void *P##_realloc(void *block, size_t size) LOAM_SYMBOL(P##_realloc)          \
      __attribute__((warn_unused_result));                                                    \
  LOAM_FUNCTION void *P##_reallocarray(void *block, size_t count, size_t size)                \
      LOAM_SYMBOL(P##_reallocarray) __attribute__((warn_unused_result));                      \
  LOAM_FUNCTION void *P##_aligned_alloc(size_t alignment, size_t size)                        \
      LOAM_SYMBOL(P##_aligned_alloc) LOAM_MALLOC_LIKE;                                        \
  LOAM_FUNCTION int P##_posix_memalign(void **block, size_t alignment, size_t size)           \
      LOAM_SYMBOL(P##_posix_memalign);                                                        \
  LOAM_FUNCTION void P##_free(void *block) LOAM_SYMBOL(P##_free);                             \
  LOAM_FUNCTION void P##_free_sized(void *block, size_t size) LOAM_SYMBOL(P##_free_sized);    \
  LOAM_FUNCTION void P##_free_aligned_sized(void *block, size_t alignment, size_t size)       \
      LOAM_SYMBOL(P##_free_aligned_sized);                                                    \
  LOAM_FUNCTION size_t P##_usable_size(const void *block) LOAM_SYMBOL(P##_usable_size);       \
  LOAM_FUNCTION bool P##_trim(size_t keep) LOAM_SYMBOL(P##_trim);                             \
  LOAM_FUNCTION void P##_stats(struct loam_stats *stats) LOAM_SYMBOL(P##_stats);              \
  LOAM_FUNCTION bool P##_check(void) LOAM_SYMBOL(P##_check);                                  \
  LOAM_FUNCTION struct loam_heap *P##_heap_create(void) LOAM_SYMBOL(P##_heap_create)          \
      __attribute__((warn_unused_result));                                                    \
  LOAM_FUNCTION void *P##_heap_malloc(struct loam_heap *heap, size_t size)                    \
      LOAM_SYMBOL(P##_heap_malloc) LOAM_MALLOC_LIKE;                                          \
  LOAM_FUNCTION void *P##_heap_calloc(struct loam_heap *heap, size_t count, size_t size)      \
      LOAM_SYMBOL(P##_heap_calloc) LOAM_MALLOC_LIKE;                                          \
  LOAM_FUNCTION void *P##_heap_realloc(struct loam_heap *heap, void *block, size_t size)      \
      LOAM_SYMBOL(P##_heap_realloc) __attribute__((warn_unused_result));                      \
  LOAM_FUNCTION void *P##_heap_aligned_alloc(struct loam_heap *heap, size_t alignment,        \
                                             size_t size) LOAM_SYMBOL(P##_heap_aligned_alloc) \
      LOAM_MALLOC_LIKE;                                                                       \
  LOAM_FUNCTION void P##_heap_free(struct loam_heap *heap, void *block)                       \
      LOAM_SYMBOL(P##_heap_free);                                                             \
  LOAM_FUNCTION void P##_heap_stats(struct loam_heap *heap, struct loam_stats *stats)         \
      LOAM_SYMBOL(P##_heap_stats);                                                            \
  LOAM_FUNCTION void P##_heap_destroy(struct loam_heap *heap) LOAM_SYMBOL(P##_heap_destroy);  \
  LOAM_EXPORT extern const struct loam_variant P##_variant LOAM_SYMBOL(P##_variant)

// A variant as a value, for code that runs over all of them. What a program
// calls in earnest never goes through this table.
struct loam_variant {
  const char *name;
  const char *level;  // LOAM_LEVEL, as it was compiled
  void *(*malloc)(size_t size);
  void *(*calloc)(size_t count, size_t size);
  void *(*realloc)(void *block, size_t size);
  void *(*reallocarray)(void *block, size_t count, size_t size);
  void *(*aligned_alloc)(size_t alignment, size_t size);
  int (*posix_memalign)(void **block, size_t alignment, size_t size);
  void (*free)(void *block);
  void (*free_sized)(void *block, size_t size);
  void (*free_aligned_sized)(void *block, size_t alignment, size_t size);
  size_t (*usable_size)(const void *block);
  bool (*trim)(size_t keep);
  void (*stats)(struct loam_stats *stats);
  bool (*check)(void);
  struct loam_heap *(*heap_create)(void);
  void *(*heap_malloc)(struct loam_heap *heap, size_t size);
  void *(*heap_calloc)(struct loam_heap *heap, size_t count, size_t size);
  void *(*heap_realloc)(struct loam_heap *heap, void *block, size_t size);
  void *(*heap_aligned_alloc)(struct loam_heap *heap, size_t alignment, size_t size);
  void (*heap_free)(struct loam_heap *heap, void *block);
  void (*heap_stats)(struct loam_heap *heap, struct loam_stats *stats);
  void (*heap_destroy)(struct loam_heap *heap);
  // NULL where a variant has none.
  struct loam_heap *(*heap_create_with_memory)(void *memory, size_t bytes);
};

// Defines P_variant for the variant that calls itself NAME; behind that,
// initialisers of what only some variants have.
#define LOAM_DEFINE_VARIANT(P, ...)                 \
  const struct loam_variant P##_variant = {         \
      .malloc = P##_malloc,                         \
      .calloc = P##_calloc,                         \
      .realloc = P##_realloc,                       \
      .reallocarray = P##_reallocarray,             \
      .aligned_alloc = P##_aligned_alloc,           \
      .posix_memalign = P##_posix_memalign,         \
      .free = P##_free,                             \
      .free_sized = P##_free_sized,                 \
      .free_aligned_sized = P##_free_aligned_sized, \
      .usable_size = P##_usable_size,               \
      .trim = P##_trim,                             \
      .stats = P##_stats,                           \
      .check = P##_check,                           \
      .heap_create = P##_heap_create,               \
      .heap_malloc = P##_heap_malloc,               \
      .heap_calloc = P##_heap_calloc,               \
      .heap_realloc = P##_heap_realloc,             \
      .heap_aligned_alloc = P##_heap_aligned_alloc, \
      .heap_free = P##_heap_free,                   \
      .heap_stats = P##_heap_stats,                 \
      .heap_destroy = P##_heap_destroy,             \
      .level = LOAM_LEVEL,                          \
      .name = __VA_ARGS__,                          \
  }

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  // LOAM_COMMON_VARIANT_VARIANT_H_
