// The standard names over a variant: ISO C, POSIX, C23 and what glibc adds, so
// that no call of the program or of libc ends up in another allocator.
//
// All of them behave as documented in malloc(3) and variant.h; they are as
// thread-safe as the variant. Each is a jump to the variant's function, or its
// fast path (fast.h).

#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/malloc_api/fast.h"
#include "common/os/os.h"

#define API LOAM_EXPORT

// C23 names that the headers of today do not declare yet.
API void free_sized(void *block, size_t size);
API void free_aligned_sized(void *block, size_t alignment, size_t size);

// --- ISO C -------------------------------------------------------------------

API void *malloc(size_t size) { return FAST(malloc)(size); }
API void *calloc(size_t count, size_t size) { return P(calloc)(count, size); }
API void *realloc(void *block, size_t size) { return P(realloc)(block, size); }
API void free(void *block) { FAST(free)(block); }

API void *aligned_alloc(size_t alignment, size_t size) { return P(aligned_alloc)(alignment, size); }

API void free_sized(void *block, size_t size) { P(free_sized)(block, size); }

API void free_aligned_sized(void *block, size_t alignment, size_t size) {
  P(free_aligned_sized)(block, alignment, size);
}

// --- POSIX and BSD -----------------------------------------------------------

API int posix_memalign(void **block, size_t alignment, size_t size) {
  return P(posix_memalign)(block, alignment, size);
}

API void *reallocarray(void *block, size_t count, size_t size) {
  return P(reallocarray)(block, count, size);
}

// Obsolete, but called: an alignment that is not a power of two is raised to one.
API void *memalign(size_t alignment, size_t size) {
  size_t power = 1;
  while (power < alignment && power <= SIZE_MAX / 4) power *= 2;
  return P(aligned_alloc)(power, size);
}

API void *valloc(size_t size) { return P(aligned_alloc)(loam_os_page_size(), size); }

API void *pvalloc(size_t size) {
  size_t page = loam_os_page_size();
  if (size > SIZE_MAX - page) {
    errno = ENOMEM;
    return NULL;
  }
  return P(aligned_alloc)(page, loam_os_round_to_page(size == 0 ? 1 : size));
}

// --- glibc -------------------------------------------------------------------

API size_t malloc_usable_size(void *block) { return P(usable_size)(block); }

API int malloc_trim(size_t keep) { return P(trim)(keep) ? 1 : 0; }

// Its parameters are those of another design: accepted, and without effect.
API int mallopt(int parameter, int value) {
  (void)parameter;
  (void)value;
  return 1;
}

API void malloc_stats(void) {
  struct loam_stats stats;
  P(stats)(&stats);
  loam_stats_write(&stats, P(variant).name, STDERR_FILENO);
}

API struct mallinfo2 mallinfo2(void) {
  struct loam_stats stats;
  P(stats)(&stats);
  return (struct mallinfo2){
      .arena = stats.mapped_bytes - stats.large_bytes,
      .ordblks = stats.free_blocks,
      .hblks = stats.large_blocks,
      .hblkhd = stats.large_bytes,
      .uordblks = stats.allocated_bytes - stats.large_bytes,
      .fordblks = stats.free_bytes,
      .keepcost = stats.largest_free_bytes,
  };
}

static int saturate(size_t value) { return value > INT_MAX ? INT_MAX : (int)value; }

// The older form, whose fields are too small: they stop at INT_MAX.
API struct mallinfo mallinfo(void) {
  struct mallinfo2 info = mallinfo2();
  return (struct mallinfo){
      .arena = saturate(info.arena),
      .ordblks = saturate(info.ordblks),
      .hblks = saturate(info.hblks),
      .hblkhd = saturate(info.hblkhd),
      .uordblks = saturate(info.uordblks),
      .fordblks = saturate(info.fordblks),
      .keepcost = saturate(info.keepcost),
  };
}
