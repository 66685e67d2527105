#include "tests/conformance/libc_variant.h"

#include <malloc.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>

namespace loam::test {
namespace {

bool IsPowerOfTwo(size_t value) { return value != 0 && (value & (value - 1)) == 0; }

// libc frees the block when the size is 0; a variant keeps a minimal one.
void *Realloc(void *block, size_t size) { return realloc(block, size == 0 ? 1 : size); }

void *Reallocarray(void *block, size_t count, size_t size) {
  if (count == 0 || size == 0) return Realloc(block, 0);
  return reallocarray(block, count, size);
}

// libc rounds a bad alignment up instead of refusing it.
void *AlignedAlloc(size_t alignment, size_t size) {
  if (!IsPowerOfTwo(alignment)) {
    errno = EINVAL;
    return nullptr;
  }
  return aligned_alloc(alignment, size);
}

// libc may set errno on failure.
int PosixMemalign(void **block, size_t alignment, size_t size) {
  const int kept = errno;
  const int result = posix_memalign(block, alignment, size);
  errno = kept;
  return result;
}

void FreeSized(void *block, size_t) { free(block); }
void FreeAlignedSized(void *block, size_t, size_t) { free(block); }
size_t UsableSize(const void *block) { return malloc_usable_size(const_cast<void *>(block)); }
bool Trim(size_t keep) { return malloc_trim(keep) != 0; }

loam_variant MakeLibcVariant() {
  loam_variant libc = {};
  libc.name = "libc";
  libc.malloc = malloc;
  libc.calloc = calloc;
  libc.realloc = Realloc;
  libc.reallocarray = Reallocarray;
  libc.aligned_alloc = AlignedAlloc;
  libc.posix_memalign = PosixMemalign;
  libc.free = free;
  libc.free_sized = FreeSized;
  libc.free_aligned_sized = FreeAlignedSized;
  libc.usable_size = UsableSize;
  libc.trim = Trim;
  return libc;
}

}  // namespace

const loam_variant kLibcVariant = MakeLibcVariant();

}  // namespace loam::test
