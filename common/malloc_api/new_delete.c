// The plain forms of C++'s operator new and delete, for variants that give their fast paths: those
// are in C. All other forms are in operator_new.cc.

#include "common/malloc_api/fast.h"

#ifdef LOAM_FAST_PATHS

_Static_assert(sizeof(size_t) == sizeof(unsigned long), "the m in the names below");

// Calls the new-handler, or throws (operator_new.cc).
void *loam_operator_new(size_t size);

// new(size_t) and new[](size_t), by the names that C++ compilers give them.
LOAM_EXPORT void *loam_new(size_t size) __asm__("_Znwm");
LOAM_EXPORT void *loam_new_array(size_t size) __asm__("_Znam") __attribute__((alias("_Znwm")));

void *loam_new(size_t size) {
  void *block = FAST(malloc)(size);
  return __builtin_expect(block != NULL, 1) ? block : loam_operator_new(size);
}

// delete(void *) and delete[](void *), and both with a size, which is not looked at.
LOAM_EXPORT void loam_delete(void *block) __asm__("_ZdlPv");
LOAM_EXPORT void loam_delete_array(void *block) __asm__("_ZdaPv") __attribute__((alias("_ZdlPv")));
LOAM_EXPORT void loam_delete_sized(void *block, size_t size) __asm__("_ZdlPvm");
LOAM_EXPORT void loam_delete_array_sized(void *block, size_t size) __asm__("_ZdaPvm")
    __attribute__((alias("_ZdlPvm")));

void loam_delete(void *block) { FAST(free)(block); }

void loam_delete_sized(void *block, size_t size) {
  (void)size;
  FAST(free)(block);
}

#endif
