// What a capture takes from the one before is what unwinding would have found.

#include <alloca.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <ucontext.h>

#include "common/profile/chance.h"
#include "common/stack/stack_fixture.h"
#include "common/testing/scenario.h"

static struct loam_stack_memo memo;
static struct stack unwound, recalled;

// Both from one call, or they would differ in its address.
NOT_INLINE static void capture(size_t max, size_t skip) {
  struct loam_stack_memo *memos[] = {NULL, &memo};
  struct stack *stacks[] = {&unwound, &recalled};
  volatile int both = 2;
  for (int i = 0; i < both; i++) {
    stacks[i]->count = loam_stack_capture(stacks[i]->frames, max, skip, memos[i]);
    STAY();
  }
}

static const char *expect_alike(void) {
  EXPECT(unwound.count > 0 && recalled.count == unwound.count);
  EXPECT(memcmp(recalled.frames, unwound.frames, unwound.count * sizeof(uintptr_t)) == 0);
  return NULL;
}

NOT_INLINE static const char *expect_alike_at(size_t max, size_t skip) {
  capture(max, skip);
  STAY();
  return expect_alike();
}

// --- Its use -----------------------------------------------------------------

SCENARIO(WhatHasNotChangedIsNotUnwoundAgain) {
  memset(&memo, 0, sizeof memo);
  EXPECT_HOLDS(expect_alike_at(FRAMES, 0));
  EXPECT(memo.is_whole && memo.count == unwound.count && memo.count > 3);
#if defined(__x86_64__)
  memo.count--;  // a capture that unwinds would find that frame
  capture(FRAMES, 0);
  EXPECT(recalled.count == unwound.count - 1);
#endif
  return NULL;
}

SCENARIO(WhatDoesNotStandWhereItStoodIsNotBelieved) {
  memset(&memo, 0, sizeof memo);
  EXPECT_HOLDS(expect_alike_at(FRAMES, 0));
  memo.frames[memo.count - 1].address++;
  EXPECT_HOLDS(expect_alike_at(FRAMES, 0));
  return NULL;
}

// A change of stacks by hand: what is known of the other may be gone.
SCENARIO(WhatIsFarAwayIsNotLookedAt) {
  memset(&memo, 0, sizeof memo);
  EXPECT_HOLDS(expect_alike_at(FRAMES, 0));
  memo.frames[memo.count - 1].top = 4096 * 8;  // where no memory is
  EXPECT_HOLDS(expect_alike_at(FRAMES, 0));
  memo.frames[memo.count - 1].top = (uintptr_t)1 << 60;
  EXPECT_HOLDS(expect_alike_at(FRAMES, 0));
  return NULL;
}

// --- Against unwinding -------------------------------------------------------

enum { CAPTURES = 20000 };  // of each thread

static uint64_t state;
static unsigned captures;
static const char *first_fault;
static bool has_fibers;

static uint64_t below(uint64_t limit) { return loam_chance_next(&state) % limit; }

NOT_INLINE static void change_fiber(void);

NOT_INLINE static void capture_by_chance(void) {
  if (has_fibers && below(8) == 0) change_fiber();
  static const size_t most[] = {FRAMES, FRAMES, FRAMES, 16, 7, 1};
  const char *fault = expect_alike_at(most[below(6)], below(4));
  if (first_fault == NULL) first_fault = fault;
  captures++;
  STAY();
}

NOT_INLINE static void go_on(unsigned depth);

NOT_INLINE static void through_small(unsigned depth) {
  go_on(depth);
  STAY();
}

NOT_INLINE static void through_large(unsigned depth) {
  volatile char large[3000];
  large[below(sizeof large)] = 1;
  go_on(depth);
  STAY();
}

NOT_INLINE static void through_changing(unsigned depth) {
  size_t bytes = 1 + below(300);
  memset(alloca(bytes), 0x5a, bytes);
  go_on(depth);
  STAY();
}

// Its base is not where others have theirs.
NOT_INLINE static void through_aligned(unsigned depth) {
  _Alignas(64) volatile char line[64];
  line[below(sizeof line)] = 1;
  go_on(depth);
  STAY();
}

NOT_INLINE static void through_aligned_and_changing(unsigned depth) {
  _Alignas(64) volatile char line[64];
  size_t bytes = 1 + below(300);
  memset(alloca(bytes), 0x5a, bytes);
  line[below(sizeof line)] = 1;
  go_on(depth);
  STAY();
}

static unsigned depth_in_handler;

static void on_signal(int signal_number) {
  (void)signal_number;
  go_on(depth_in_handler);
}

NOT_INLINE static void through_a_signal(unsigned depth) {
  depth_in_handler = depth < 3 ? depth : 3;
  raise(SIGUSR1);
  STAY();
}

NOT_INLINE static void go_on(unsigned depth) {
  while (depth > 0 && first_fault == NULL && captures < CAPTURES) {
    if (below(4) == 0) capture_by_chance();
    if (below(3) == 0) return;
    uint64_t way = below(40);
    if (way < 16) {
      through_small(depth - 1);
    } else if (way < 28) {
      through_large(depth - 1);
    } else if (way < 34) {
      through_changing(depth - 1);
    } else if (way < 37) {
      through_aligned(depth - 1);
    } else if (way < 39) {
      through_aligned_and_changing(depth - 1);
    } else {
      through_a_signal(depth - 1);
    }
  }
  if (first_fault == NULL) capture_by_chance();
}

static void wander(void) {
  while (captures < CAPTURES && first_fault == NULL) {
    volatile unsigned depth = 5 + (unsigned)below(90);  // at times more than there is room for
    go_on(depth);
  }
}

static void *wander_in_thread(void *argument) {
  (void)argument;
  captures = 0;
  wander();
  return NULL;
}

static void begin(int signal_flags) {
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_NODEFER | signal_flags};
  sigaction(SIGUSR1, &action, NULL);
  state = 11;
  captures = 0;
  first_fault = NULL;
  memset(&memo, 0, sizeof memo);
}

SCENARIO(WhereverTheProgramGoesItIsTheSame) {
  begin(0);
  wander();
  EXPECT_HOLDS(first_fault);
  // One after the other, on a stack that is not the first's but theirs.
  for (int i = 0; i < 4; i++) {
    pthread_t thread;
    EXPECT(pthread_create(&thread, NULL, wander_in_thread, NULL) == 0);
    pthread_join(thread, NULL);
    EXPECT_HOLDS(first_fault);
  }
  return NULL;
}

SCENARIO(ItIsWhereAHandlerHasAStackOfItsOwn) {
  static char signal_stack[256 << 10];
  stack_t own = {.ss_sp = signal_stack, .ss_size = sizeof signal_stack}, before;
  EXPECT(sigaltstack(&own, &before) == 0);
  begin(SA_ONSTACK);
  wander();
  EXPECT(sigaltstack(&before, NULL) == 0);
  return first_fault;
}

// --- Stacks that a thread changes between ------------------------------------

enum { FIBERS = 3, FIBER_BYTES = 1 << 20 };

static ucontext_t fibers[FIBERS];
static unsigned running;

static void change_fiber(void) {
  unsigned last = running;
  running = (unsigned)below(FIBERS);
  if (running != last) swapcontext(&fibers[last], &fibers[running]);
}

SCENARIO(ItIsWhereStacksThatLieSideBySideTakeTurns) {
  static char stacks[FIBERS][FIBER_BYTES] __attribute__((aligned(64)));
  static ucontext_t scenario;
  begin(0);
  for (unsigned i = 0; i < FIBERS; i++) {
    EXPECT(getcontext(&fibers[i]) == 0);
    fibers[i].uc_stack = (stack_t){.ss_sp = stacks[i], .ss_size = FIBER_BYTES};
    fibers[i].uc_link = &scenario;
    makecontext(&fibers[i], wander, 0);
  }
  has_fibers = true;
  running = 0;
  EXPECT(swapcontext(&scenario, &fibers[0]) == 0);
  has_fibers = false;
  EXPECT(captures >= CAPTURES || first_fault != NULL);
  return first_fault;
}
