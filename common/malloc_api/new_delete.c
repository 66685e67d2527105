// The plain forms of C++'s operator new and delete, for variants that give their fast paths: those
// are in C. All other forms are in operator_new.cc.

#include "common/malloc_api/fast.h"

#ifdef LOAM_FAST_PATHS

_Static_assert(sizeof(size_t) == sizeof(unsigned long), "the m in the names below");

// Calls the new-handler and throws (operator_new.cc).
void *loam_operator_new(size_t size);

// new(size_t) and new[](size_t), by the names that C++ compilers give them.
LOAM_EXPORT void *loam_new(size_t size) __asm__("_Znwm");
LOAM_EXPORT void *loam_new_array(size_t size) __asm__("_Znam") __attribute__((alias("_Znwm")));

void *loam_new(size_t size) {
  void *block = FAST(try_malloc)(size);
  return __builtin_expect(block != NULL, 1) ? block : loam_operator_new(size);
}

// delete(void *) and delete[](void *), and both with a size, which is not looked at.
LOAM_EXPORT void loam_delete(void *block, size_t size) __asm__("_ZdlPvm");
#define SAME_AS_DELETE __attribute__((alias("_ZdlPvm")))
LOAM_EXPORT void loam_delete_plain(void *block, size_t size) __asm__("_ZdlPv") SAME_AS_DELETE;
LOAM_EXPORT void loam_delete_array(void *block, size_t size) __asm__("_ZdaPv") SAME_AS_DELETE;
LOAM_EXPORT void loam_delete_sized(void *block, size_t size) __asm__("_ZdaPvm") SAME_AS_DELETE;

void loam_delete(void *block, size_t size) {
  (void)size;
  FAST(free)(block);
}

#endif
