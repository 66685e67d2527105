// The floor: not an allocator, but the least work that could hand memory out
// and take it back. Its row in the matrix says how far everyone is from the
// limit; nobody should run a program on it.
//
// Every size class owns a fixed region of address space, so an address alone
// tells its class. Each thread has, per class, a list of free blocks and a run
// of blocks never used. malloc pops or bumps, free pushes. Nothing is checked,
// nothing goes back to the system, nothing moves between classes or threads
// except that a new thread takes over the lists of one that has ended.

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
#define UNLIKELY(condition) __builtin_expect((condition) != 0, 0)

enum {
  STEPS_LOG2 = 2,  // classes per doubling of the size
  STEPS = 1 << STEPS_LOG2,
  SMALLEST_LOG2 = 4,               // classes of one step up to 64 bytes
  LARGEST_LOG2 = 32,               // no block is over 4 GiB
  REGION_LOG2 = LARGEST_LOG2 + 4,  // address space of one class
  FIRST_GEOMETRIC_LOG2 = SMALLEST_LOG2 + STEPS_LOG2,
  CLASSES = STEPS + (LARGEST_LOG2 - FIRST_GEOMETRIC_LOG2) * STEPS,
  REFILL_BYTES = 64 * 1024,
  HUGE_PAGE_BYTES = 2 * 1024 * 1024,
};

struct block {
  struct block *next;
};

// What one thread has of one class: [fresh, fresh_end) was never handed out.
struct bin {
  struct block *free;
  char *fresh;
  char *fresh_end;
};

// The bins of a thread that has ended, kept in its own first block.
struct estate {
  struct estate *next;
  struct bin bins[CLASSES];
};

static _Thread_local struct bin bins[CLASSES] __attribute__((tls_model("initial-exec")));
static _Thread_local bool thread_is_known __attribute__((tls_model("initial-exec")));

static char *base;                     // of the regions, one after the other
static _Atomic(size_t) used[CLASSES];  // bytes of each region in some thread's hands
static pthread_once_t reserved_once = PTHREAD_ONCE_INIT;
static pthread_key_t at_thread_end;
static pthread_mutex_t estates_lock = PTHREAD_MUTEX_INITIALIZER;
static struct estate *estates;

// Classes: 16, 32, 48, 64, then STEPS equal steps to each next power of two.
static inline size_t class_of(size_t size) {
  size_t last = size - (size != 0);
  if (last < (1u << FIRST_GEOMETRIC_LOG2)) return last >> SMALLEST_LOG2;
  size_t log2 = 63 - (size_t)__builtin_clzl(last);
  return STEPS + ((log2 - FIRST_GEOMETRIC_LOG2) << STEPS_LOG2) +
         ((last >> (log2 - STEPS_LOG2)) & (STEPS - 1));
}

static inline size_t class_bytes(size_t class) {
  if (class < STEPS) return (class + 1) << SMALLEST_LOG2;
  size_t log2 = FIRST_GEOMETRIC_LOG2 + ((class - STEPS) >> STEPS_LOG2);
  return (STEPS + (class & (STEPS - 1)) + 1) << (log2 - STEPS_LOG2);
}

static inline size_t class_of_block(const void *block) {
  return (size_t)((const char *)block - base) >> REGION_LOG2;
}

static _Noreturn void die(const char *message) {
  if (write(STDERR_FILENO, message, strlen(message)) < 0) _exit(2);
  _exit(1);
}

static void bequeath(void *unused);

static void reserve(void) {
  size_t bytes = ((size_t)CLASSES << REGION_LOG2) + HUGE_PAGE_BYTES;
  void *space =
      mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (space == MAP_FAILED) die("floor: cannot reserve address space\n");
  base = (char *)(((uintptr_t)space + HUGE_PAGE_BYTES - 1) & ~(uintptr_t)(HUGE_PAGE_BYTES - 1));
  if (pthread_key_create(&at_thread_end, bequeath) != 0) die("floor: no thread key\n");
}

static __attribute__((noinline)) void *malloc_slow(size_t size);

static void bequeath(void *unused) {
  (void)unused;
  struct estate *estate = malloc_slow(sizeof *estate);
  memcpy(estate->bins, bins, sizeof bins);
  memset(bins, 0, sizeof bins);
  pthread_mutex_lock(&estates_lock);
  estate->next = estates;
  estates = estate;
  pthread_mutex_unlock(&estates_lock);
}

// A thread's first allocation: takes over what an ended thread left.
static void meet_thread(void) {
  thread_is_known = true;
  pthread_once(&reserved_once, reserve);
  pthread_setspecific(at_thread_end, base);
  pthread_mutex_lock(&estates_lock);
  struct estate *estate = estates;
  if (estate != NULL) estates = estate->next;
  pthread_mutex_unlock(&estates_lock);
  if (estate != NULL) memcpy(bins, estate->bins, sizeof bins);
}

static void *malloc_slow(size_t size) {
  if (size > (size_t)1 << LARGEST_LOG2) {
    errno = ENOMEM;
    return NULL;
  }
  if (!thread_is_known) meet_thread();
  size_t class = class_of(size);
  struct bin *bin = &bins[class];
  struct block *block = bin->free;
  if (block != NULL) {
    bin->free = block->next;
    return block;
  }
  size_t bytes = class_bytes(class);
  if (bin->fresh == bin->fresh_end) {
    size_t blocks = bytes < REFILL_BYTES ? REFILL_BYTES / bytes : 1;
    size_t start = atomic_fetch_add_explicit(&used[class], blocks * bytes, memory_order_relaxed);
    if (start + blocks * bytes > (size_t)1 << REGION_LOG2) {
      errno = ENOMEM;
      return NULL;
    }
    bin->fresh = base + ((size_t) class << REGION_LOG2) + start;
    bin->fresh_end = bin->fresh + blocks * bytes;
  }
  void *fresh = bin->fresh;
  bin->fresh += bytes;
  return fresh;
}

EXPORT void *malloc(size_t size) {
  if (UNLIKELY(size > (size_t)1 << LARGEST_LOG2)) return malloc_slow(size);
  struct bin *bin = &bins[class_of(size)];
  struct block *block = bin->free;
  if (UNLIKELY(block == NULL)) return malloc_slow(size);
  bin->free = block->next;
  return block;
}

EXPORT void free(void *pointer) {
  if (UNLIKELY(pointer == NULL)) return;
  struct block *block = pointer;
  struct bin *bin = &bins[class_of_block(block)];
  block->next = bin->free;
  bin->free = block;
}

EXPORT void *calloc(size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) {
    errno = ENOMEM;
    return NULL;
  }
  void *block = malloc(bytes);
  return block == NULL ? NULL : memset(block, 0, bytes);
}

EXPORT size_t malloc_usable_size(void *block) {
  return block == NULL ? 0 : class_bytes(class_of_block(block));
}

EXPORT void *realloc(void *block, size_t size) {
  if (block == NULL) return malloc(size);
  size_t usable = malloc_usable_size(block);
  if (size <= usable) return block;
  void *moved = malloc(size);
  if (moved == NULL) return NULL;
  memcpy(moved, block, usable);
  free(block);
  return moved;
}

// A power of two is a class, and every block of that class lies at a multiple
// of it: regions are aligned to 2 MiB. Larger alignments are not served.
EXPORT void *memalign(size_t alignment, size_t size) {
  if (alignment == 0 || (alignment & (alignment - 1)) != 0 || alignment > HUGE_PAGE_BYTES) {
    errno = EINVAL;
    return NULL;
  }
  if (alignment <= 1u << SMALLEST_LOG2) return malloc(size);
  size_t bytes = size < alignment ? alignment : size;
  if (bytes > (size_t)1 << LARGEST_LOG2) return malloc_slow(bytes);
  return malloc((size_t)1 << (64 - __builtin_clzl(bytes - 1)));
}

EXPORT void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

EXPORT int posix_memalign(void **result, size_t alignment, size_t size) {
  int before = errno;
  void *block = memalign(alignment, size);
  int error = block == NULL ? errno : 0;
  if (block != NULL) *result = block;
  errno = before;
  return error;
}

EXPORT void *valloc(size_t size) { return memalign((size_t)getpagesize(), size); }

EXPORT void *pvalloc(size_t size) { return valloc(size); }
