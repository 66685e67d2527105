#include "common/check/fault.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>

static _Atomic(loam_fault_teller) tellers[LOAM_FAULT_TELLERS_MAX];
static atomic_uint teller_count;
static struct sigaction before;  // who handled SIGSEGV

// Gives the signal to who had it before; the access is made again when the handler returns, and
// meets the default action where nobody had it.
static void pass_on(int number, siginfo_t *info, void *context) {
  if ((before.sa_flags & SA_SIGINFO) != 0) {
    before.sa_sigaction(number, info, context);
  } else if (before.sa_handler == SIG_DFL || before.sa_handler == SIG_IGN) {
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigaction(SIGSEGV, &action, NULL);
    // One that was sent by a process does not come again by itself.
    if (info->si_code <= 0) raise(number);
  } else {
    before.sa_handler(number);
  }
}

static bool told_by_any(const void *address) {
  for (unsigned i = 0; i < LOAM_FAULT_TELLERS_MAX; i++) {
    // Acquire: pairs with the release in loam_fault_watch.
    loam_fault_teller tell = atomic_load_explicit(&tellers[i], memory_order_acquire);
    if (tell != NULL && tell(address)) return true;
  }
  return false;
}

static void handle(int number, siginfo_t *info, void *context) {
  static atomic_bool is_telling;
  int saved_errno = errno;  // whoever handles it next may go on
  // Relaxed: one report is enough, whichever thread makes it.
  if (info->si_code > 0 && !atomic_exchange_explicit(&is_telling, true, memory_order_relaxed) &&
      !told_by_any(info->si_addr)) {
    atomic_store_explicit(&is_telling, false, memory_order_relaxed);
  }
  errno = saved_errno;
  pass_on(number, info, context);
}

void loam_fault_watch(loam_fault_teller tell) {
  // Relaxed: it only deals out places.
  unsigned place = atomic_fetch_add_explicit(&teller_count, 1, memory_order_relaxed);
  if (place >= LOAM_FAULT_TELLERS_MAX) return;
  // Release: whoever sees the teller sees what it tells of.
  atomic_store_explicit(&tellers[place], tell, memory_order_release);
  if (place != 0) return;
  struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigaction(SIGSEGV, &action, &before);
}
