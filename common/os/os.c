#include "common/os/os.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static _Atomic(loam_os_fault_hook) fault_hook;

static bool injected_fault(enum loam_os_call call, size_t bytes) {
  // Relaxed: a test sets the hook before the threads that it is meant for.
  loam_os_fault_hook hook = atomic_load_explicit(&fault_hook, memory_order_relaxed);
  return hook != NULL && hook(call, bytes);
}

void loam_os_set_fault_hook(loam_os_fault_hook hook) {
  atomic_store_explicit(&fault_hook, hook, memory_order_relaxed);
}

size_t loam_os_page_size(void) {
  static atomic_size_t page_size;
  // Relaxed: every thread would store the same value.
  size_t known = atomic_load_explicit(&page_size, memory_order_relaxed);
  if (known == 0) {
    known = (size_t)getauxval(AT_PAGESZ);
    atomic_store_explicit(&page_size, known, memory_order_relaxed);
  }
  return known;
}

static void *map_pages(void *hint, size_t bytes, int protection) {
  if (injected_fault(LOAM_OS_MAP, bytes)) return NULL;
  int saved_errno = errno;
  // Without NORESERVE, or the kernel would grant more than there is of memory, and kill who uses
  // it.
  void *address = mmap(hint, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  errno = saved_errno;
  return address == MAP_FAILED ? NULL : address;
}

static bool is_aligned(const void *address, size_t alignment) {
  return ((uintptr_t)address & (alignment - 1)) == 0;
}

void *loam_os_reserve(size_t bytes, size_t alignment) {
  size_t page = loam_os_page_size();
  if (alignment <= page) return map_pages(NULL, bytes, PROT_NONE);
  size_t slack = alignment - page;
  if (bytes > SIZE_MAX - slack) return NULL;
  char *start = map_pages(NULL, bytes + slack, PROT_NONE);
  if (start == NULL) return NULL;
  size_t before = -(uintptr_t)start & (alignment - 1);
  size_t after = slack - before;
  // Where trimming fails the surplus stays reserved; it costs no memory.
  if (before != 0) loam_os_release(start, before);
  if (after != 0) loam_os_release(start + before + bytes, after);
  return start + before;
}

bool loam_os_commit(void *address, size_t bytes) {
  if (injected_fault(LOAM_OS_COMMIT, bytes)) return false;
  int saved_errno = errno;
  bool done = mprotect(address, bytes, PROT_READ | PROT_WRITE) == 0;
  errno = saved_errno;
  return done;
}

void *loam_os_map(size_t bytes, size_t alignment) {
  // Where the last aligned mapping ended is a good guess for the next one:
  // the kernel hands addresses out downwards. Relaxed: it is only a hint.
  static _Atomic(uintptr_t) below;
  if (alignment <= loam_os_page_size()) return map_pages(NULL, bytes, PROT_READ | PROT_WRITE);
  uintptr_t last = atomic_load_explicit(&below, memory_order_relaxed);
  if (last > bytes) {
    uintptr_t hint = (last - bytes) & ~(alignment - 1);
    void *guessed = map_pages((void *)hint, bytes, PROT_READ | PROT_WRITE);
    if (guessed == NULL) return NULL;
    if (is_aligned(guessed, alignment)) {
      atomic_store_explicit(&below, (uintptr_t)guessed, memory_order_relaxed);
      return guessed;
    }
    loam_os_release(guessed, bytes);
  }
  void *address = loam_os_reserve(bytes, alignment);
  if (address == NULL) return NULL;
  if (!loam_os_commit(address, bytes)) {
    loam_os_release(address, bytes);
    return NULL;
  }
  atomic_store_explicit(&below, (uintptr_t)address, memory_order_relaxed);
  return address;
}

void loam_os_populate(void *address, size_t bytes) {
#ifdef MADV_POPULATE_WRITE
  int saved_errno = errno;
  madvise(address, bytes, MADV_POPULATE_WRITE);
  errno = saved_errno;
#else
  (void)address;
  (void)bytes;
#endif
}

void loam_os_prefer_huge(void *address, size_t bytes) {
  int saved_errno = errno;
  madvise(address, bytes, MADV_HUGEPAGE);
  errno = saved_errno;
}

void loam_os_refuse_huge(void *address, size_t bytes) {
  int saved_errno = errno;
  madvise(address, bytes, MADV_NOHUGEPAGE);
  errno = saved_errno;
}

bool loam_os_decommit(void *address, size_t bytes) {
  if (injected_fault(LOAM_OS_DECOMMIT, bytes)) return false;
  int saved_errno = errno;
  bool done = madvise(address, bytes, MADV_DONTNEED) == 0;
  errno = saved_errno;
  return done;
}

bool loam_os_protect(void *address, size_t bytes) {
  if (injected_fault(LOAM_OS_DECOMMIT, bytes)) return false;
  int saved_errno = errno;
  void *done = mmap(address, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  errno = saved_errno;
  return done != MAP_FAILED;
}

bool loam_os_resident(const void *address, size_t bytes, unsigned char *pages) {
  int saved_errno = errno;
  bool done = mincore((void *)(uintptr_t)address, bytes, pages) == 0;
  errno = saved_errno;
  return done;
}

bool loam_os_seal(void *address, size_t bytes) {
  int saved_errno = errno;
  bool done = mprotect(address, bytes, PROT_READ) == 0;
  errno = saved_errno;
  return done;
}

bool loam_os_forbid(void *address, size_t bytes) {
  int saved_errno = errno;
  bool done = mprotect(address, bytes, PROT_NONE) == 0;
  if (done) madvise(address, bytes, MADV_DONTNEED);
  errno = saved_errno;
  return done;
}

bool loam_os_release(void *address, size_t bytes) {
  if (injected_fault(LOAM_OS_RELEASE, bytes)) return false;
  int saved_errno = errno;
  bool done = munmap(address, bytes) == 0;
  errno = saved_errno;
  return done;
}

void *loam_os_remap(void *address, size_t old_bytes, size_t new_bytes) {
  if (injected_fault(LOAM_OS_REMAP, new_bytes)) return NULL;
  int saved_errno = errno;
  void *moved = mremap(address, old_bytes, new_bytes, MREMAP_MAYMOVE);
  errno = saved_errno;
  return moved == MAP_FAILED ? NULL : moved;
}

uint64_t loam_os_now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

unsigned loam_os_cpu_count(void) {
  // sysconf would read files; this is one system call. (Made here, and not by libc's
  // function: each page of libc that a process needs at its start is read and counted.)
  uint64_t set[1024 / 64] = {0};
  int saved_errno = errno;
  long bytes = syscall(SYS_sched_getaffinity, 0, sizeof set, set);
  errno = saved_errno;
  int count = 0;
  for (long i = 0; i < bytes / (long)sizeof set[0]; i++) count += __builtin_popcountl(set[i]);
  return count > 0 ? (unsigned)count : 1;
}

uint64_t loam_os_random(void) {
  uint64_t value;
  int saved_errno = errno;
  bool drawn = getrandom(&value, sizeof value, GRND_NONBLOCK) == sizeof value;
  errno = saved_errno;
  if (drawn) return value;
  // Early in boot, or where the call is forbidden: what address-space
  // randomisation and the clock have to offer.
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  value = (uintptr_t)&fault_hook ^ (uintptr_t)&now << 16 ^ (uint64_t)now.tv_nsec << 32;
  value *= 0xd6e8feb86659fd93u;
  return value ^ value >> 32;
}
