#include "common/lock/lock.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

// About a microsecond: longer than most critical sections, shorter than a
// switch to another thread and back.
enum { SPIN_COUNT_MAX = 100 };

static inline void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

static void futex(struct loam_lock *lock, int operation, uint32_t value) {
  int saved_errno = errno;
  syscall(SYS_futex, &lock->state, operation | FUTEX_PRIVATE_FLAG, value, NULL, NULL, 0);
  errno = saved_errno;
}

void loam_lock_wait(struct loam_lock *lock) {
  for (int spin = 0; spin < SPIN_COUNT_MAX; spin++) {
    relax();
    // Relaxed: only loam_lock_try, which acquires, decides.
    if (atomic_load_explicit(&lock->state, memory_order_relaxed) == 0 && loam_lock_try(lock)) {
      return;
    }
  }
  // From here on the state says 2, so that whoever releases it wakes one of us.
  // Acquire: pairs with the release exchange of loam_lock_release.
  while (atomic_exchange_explicit(&lock->state, 2, memory_order_acquire) != 0) {
    futex(lock, FUTEX_WAIT, 2);
  }
}

void loam_lock_wake(struct loam_lock *lock) { futex(lock, FUTEX_WAKE, 1); }
