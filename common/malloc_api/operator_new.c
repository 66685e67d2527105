// C++ operator new and delete in every form, under their mangled names (Itanium
// C++ ABI), so that a C program which preloads or links the allocator does not
// load a C++ runtime. What a failing `new` needs of that runtime, the handler
// and the exception, is taken from it when it is there: weak references.

#include <limits.h>
#include <stdlib.h>

#include "common/check/report.h"
#include "common/malloc_api/variant_prefix.h"

_Static_assert(ULONG_MAX == SIZE_MAX, "size_t is mangled as `m`, unsigned long");

typedef void (*new_handler)(void);
struct nothrow;  // std::nothrow_t

// std::get_new_handler(), and what throws std::bad_alloc in libstdc++ and libc++.
extern new_handler get_new_handler(void) __asm__("_ZSt15get_new_handlerv") __attribute__((weak));
extern void libstdcxx_throw_bad_alloc(void) __asm__("_ZSt17__throw_bad_allocv")
    __attribute__((weak));
extern void libcxx_throw_bad_alloc(void) __asm__("_ZNSt3__117__throw_bad_allocEv")
    __attribute__((weak));

static void *allocate(size_t size, size_t alignment) {
  return alignment == 0 ? P(malloc)(size) : P(aligned_alloc)(alignment, size);
}

// Asks the handler for memory until there is some; NULL when there is no handler.
__attribute__((cold, noinline)) static void *allocate_with_handler(size_t size, size_t alignment) {
  for (;;) {
    new_handler handler = get_new_handler != NULL ? get_new_handler() : NULL;
    if (handler == NULL) return NULL;
    handler();  // may throw
    void *block = allocate(size, alignment);
    if (block != NULL) return block;
  }
}

__attribute__((cold, noinline)) static void *allocate_or_throw(size_t size, size_t alignment) {
  void *block = allocate_with_handler(size, alignment);
  if (block != NULL) return block;
  if (libstdcxx_throw_bad_alloc != NULL) libstdcxx_throw_bad_alloc();
  if (libcxx_throw_bad_alloc != NULL) libcxx_throw_bad_alloc();
  loam_fatal(P(variant).name, NULL, "operator new: out of memory, and no C++ runtime to throw");
}

static inline void *new_or_throw(size_t size, size_t alignment) {
  void *block = allocate(size, alignment);
  return __builtin_expect(block != NULL, 1) ? block : allocate_or_throw(size, alignment);
}

// The nothrow forms turn an exception of the handler into NULL, as [new.delete]
// wants; catching is beyond C, so a handler that throws ends the program here
// (noexcept), as in a program built without exceptions.
static inline void *new_or_null(size_t size, size_t alignment) {
  void *block = allocate(size, alignment);
  return __builtin_expect(block != NULL, 1) ? block : allocate_with_handler(size, alignment);
}

// X(mangled name, parameters, body)
#define OPERATOR_NEW(X)                                                                     \
  X(_Znwm, (size_t n), new_or_throw(n, 0))                                                  \
  X(_Znam, (size_t n), new_or_throw(n, 0))                                                  \
  X(_ZnwmSt11align_val_t, (size_t n, size_t a), new_or_throw(n, a))                         \
  X(_ZnamSt11align_val_t, (size_t n, size_t a), new_or_throw(n, a))                         \
  X(_ZnwmRKSt9nothrow_t, (size_t n, const struct nothrow *t), ((void)t, new_or_null(n, 0))) \
  X(_ZnamRKSt9nothrow_t, (size_t n, const struct nothrow *t), ((void)t, new_or_null(n, 0))) \
  X(_ZnwmSt11align_val_tRKSt9nothrow_t, (size_t n, size_t a, const struct nothrow *t),      \
    ((void)t, new_or_null(n, a)))                                                           \
  X(_ZnamSt11align_val_tRKSt9nothrow_t, (size_t n, size_t a, const struct nothrow *t),      \
    ((void)t, new_or_null(n, a)))

#define OPERATOR_DELETE(X)                                                                 \
  X(_ZdlPv, (void *p), P(free)(p))                                                         \
  X(_ZdaPv, (void *p), P(free)(p))                                                         \
  X(_ZdlPvm, (void *p, size_t n), P(free_sized)(p, n))                                     \
  X(_ZdaPvm, (void *p, size_t n), P(free_sized)(p, n))                                     \
  X(_ZdlPvSt11align_val_t, (void *p, size_t a), ((void)a, P(free)(p)))                     \
  X(_ZdaPvSt11align_val_t, (void *p, size_t a), ((void)a, P(free)(p)))                     \
  X(_ZdlPvmSt11align_val_t, (void *p, size_t n, size_t a), P(free_aligned_sized)(p, a, n)) \
  X(_ZdaPvmSt11align_val_t, (void *p, size_t n, size_t a), P(free_aligned_sized)(p, a, n)) \
  X(_ZdlPvRKSt9nothrow_t, (void *p, const struct nothrow *t), ((void)t, P(free)(p)))       \
  X(_ZdaPvRKSt9nothrow_t, (void *p, const struct nothrow *t), ((void)t, P(free)(p)))       \
  X(_ZdlPvSt11align_val_tRKSt9nothrow_t, (void *p, size_t a, const struct nothrow *t),     \
    ((void)a, (void)t, P(free)(p)))                                                        \
  X(_ZdaPvSt11align_val_tRKSt9nothrow_t, (void *p, size_t a, const struct nothrow *t),     \
    ((void)a, (void)t, P(free)(p)))

#define DEFINE_NEW(name, parameters, body) \
  LOAM_EXPORT void *name parameters;       \
  void *name parameters { return body; }
OPERATOR_NEW(DEFINE_NEW)

#define DEFINE_DELETE(name, parameters, body) \
  LOAM_EXPORT void name parameters;           \
  void name parameters { body; }
OPERATOR_DELETE(DEFINE_DELETE)
