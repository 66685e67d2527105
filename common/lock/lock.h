// A small mutual-exclusion lock on a futex (after Drepper, "Futexes Are
// Tricky", 2011). Chosen over pthread_mutex because it is 4 bytes instead of
// 40, can be made free again in a forked child, and costs no atomic
// read-modify-write while the process has a single thread.
//
// Invariant: state = 0 free, 1 held, 2 held and somebody may sleep on it.
//
// Memory order: taking the lock acquires what the last holder released, so a
// critical section sees all that earlier ones wrote. While libc says that the
// process has one thread, plain stores serve: pthread_create orders all that
// was done before it, and no thread is created while a lock of ours is held.

#ifndef LOAM_COMMON_LOCK_LOCK_H_
#define LOAM_COMMON_LOCK_LOCK_H_

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#if defined(__has_include)
#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#define LOAM_SINGLE_THREADED() (__libc_single_threaded)
#endif
#endif
#ifndef LOAM_SINGLE_THREADED
#define LOAM_SINGLE_THREADED() (false)
#endif

// All zero is a free lock.
struct loam_lock {
  _Atomic(uint32_t) state;
};

// The paths that wait or wake.
void loam_lock_wait(struct loam_lock *lock) __attribute__((cold));
void loam_lock_wake(struct loam_lock *lock) __attribute__((cold));

// Takes the lock if it is free.
static inline bool loam_lock_try(struct loam_lock *lock) {
  if (LOAM_SINGLE_THREADED()) {
    if (atomic_load_explicit(&lock->state, memory_order_relaxed) != 0) return false;
    atomic_store_explicit(&lock->state, 1, memory_order_relaxed);
    return true;
  }
  uint32_t expected = 0;
  return atomic_compare_exchange_strong_explicit(&lock->state, &expected, 1, memory_order_acquire,
                                                 memory_order_relaxed);
}

static inline void loam_lock_acquire(struct loam_lock *lock) {
  if (!loam_lock_try(lock)) loam_lock_wait(lock);
}

static inline void loam_lock_release(struct loam_lock *lock) {
  if (LOAM_SINGLE_THREADED()) {
    atomic_store_explicit(&lock->state, 0, memory_order_relaxed);
    return;
  }
  if (atomic_exchange_explicit(&lock->state, 0, memory_order_release) == 2) loam_lock_wake(lock);
}

// Whether somebody holds it just now: a hint, for choices that are right either way. (Relaxed.)
static inline bool loam_lock_is_taken(const struct loam_lock *lock) {
  return atomic_load_explicit(&lock->state, memory_order_relaxed) != 0;
}

// In a forked child, where no other thread exists: free, whoever held it.
static inline void loam_lock_reset(struct loam_lock *lock) {
  atomic_store_explicit(&lock->state, 0, memory_order_relaxed);
}

#endif  // LOAM_COMMON_LOCK_LOCK_H_
