#include "common/lock/lock.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <unistd.h>

#include "common/testing/scenario.h"

enum { THREADS = 8 };

// Runs `work` in THREADS threads at once.
static bool in_threads(void *(*work)(void *), void *argument) {
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++) {
    if (pthread_create(&threads[i], NULL, work, argument) != 0) return false;
  }
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  return true;
}

// The paths for one thread and for many differ: this makes the process one of many.
static void *end_at_once(void *nothing) { return nothing; }

SCENARIO(AllZeroIsFree) {
  struct loam_lock lock = {0};
  EXPECT(loam_lock_try(&lock));
  loam_lock_release(&lock);
  EXPECT(atomic_load(&lock.state) == 0);
  return NULL;
}

SCENARIO(TryFailsWhileHeld) {
  for (int threaded = 0; threaded < 2; threaded++) {
    struct loam_lock lock = {0};
    if (threaded) EXPECT(in_threads(end_at_once, NULL));
    loam_lock_acquire(&lock);
    EXPECT(!loam_lock_try(&lock));
    EXPECT(atomic_load(&lock.state) == 1);
    loam_lock_release(&lock);
    EXPECT(loam_lock_try(&lock));
    loam_lock_release(&lock);
  }
  return NULL;
}

SCENARIO(ResetMakesFreeWhateverTheState) {
  for (uint32_t state = 0; state <= 2; state++) {
    struct loam_lock lock = {0};
    atomic_store(&lock.state, state);
    loam_lock_reset(&lock);
    EXPECT(atomic_load(&lock.state) == 0);
    EXPECT(loam_lock_try(&lock));
  }
  return NULL;
}

// --- Mutual exclusion --------------------------------------------------------

enum { INCREMENTS = 20000 };

struct counter {
  struct loam_lock lock;
  size_t value;  // not atomic: the lock must keep it
};

static void *increment(void *argument) {
  struct counter *counter = argument;
  for (int i = 0; i < INCREMENTS; i++) {
    loam_lock_acquire(&counter->lock);
    counter->value++;
    loam_lock_release(&counter->lock);
  }
  return NULL;
}

SCENARIO(IncrementsUnderTheLockAreNotLost) {
  struct counter counter = {0};
  EXPECT(in_threads(increment, &counter));
  EXPECT(counter.value == (size_t)THREADS * INCREMENTS);
  EXPECT(atomic_load(&counter.lock.state) == 0);
  return NULL;
}

static void *increment_by_try(void *argument) {
  struct counter *counter = argument;
  for (int done = 0; done < INCREMENTS / 10;) {
    if (!loam_lock_try(&counter->lock)) continue;
    counter->value++;
    done++;
    loam_lock_release(&counter->lock);
  }
  return NULL;
}

SCENARIO(IncrementsUnderATriedLockAreNotLost) {
  struct counter counter = {0};
  EXPECT(in_threads(increment_by_try, &counter));
  EXPECT(counter.value == (size_t)THREADS * (INCREMENTS / 10));
  return NULL;
}

// --- Sleepers ----------------------------------------------------------------

static void *increment_once(void *argument) {
  struct counter *counter = argument;
  errno = 4711;
  loam_lock_acquire(&counter->lock);
  counter->value += errno == 4711;  // waiting leaves errno alone
  loam_lock_release(&counter->lock);
  return NULL;
}

SCENARIO(EverySleeperIsWokenInTurn) {
  struct counter counter = {0};
  pthread_t threads[THREADS];
  EXPECT(in_threads(end_at_once, NULL));
  loam_lock_acquire(&counter.lock);
  for (int i = 0; i < THREADS; i++) {
    EXPECT(pthread_create(&threads[i], NULL, increment_once, &counter) == 0);
  }
  // Held until somebody has said that they sleep, and long enough for the rest.
  while (atomic_load(&counter.lock.state) != 2) usleep(1000);
  usleep(20000);
  EXPECT(counter.value == 0);
  loam_lock_release(&counter.lock);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  EXPECT(counter.value == THREADS);
  EXPECT(atomic_load(&counter.lock.state) == 0);
  return NULL;
}
