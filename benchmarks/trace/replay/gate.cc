#include "benchmarks/trace/replay/gate.h"

#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace loam::trace {
namespace {

static_assert(sizeof(std::atomic<uint32_t>) == sizeof(uint32_t), "a futex");

// Waits until the word is not `seen`: for a moment in this thread, and then in
// the kernel.
void AwaitChange(std::atomic<uint32_t> *word, uint32_t seen) {
  constexpr int kSpins = 200;
  for (int i = 0; i < kSpins; i++) {
    if (word->load(std::memory_order_acquire) != seen) return;
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  }
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, seen, nullptr, nullptr, 0);
}

void Wake(std::atomic<uint32_t> *word) {
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

}  // namespace

void Gate::Reset() {
  arrived_.store(0, std::memory_order_relaxed);
  epoch_.store(0, std::memory_order_release);
}

void Gate::Arrive() {
  arrived_.fetch_add(1, std::memory_order_acq_rel);
  Wake(&arrived_);
}

void Gate::AwaitEpoch(uint32_t epoch) {
  for (;;) {
    const uint32_t now = epoch_.load(std::memory_order_acquire);
    if (now >= epoch) return;
    AwaitChange(&epoch_, now);
  }
}

void Gate::AwaitArrivals(uint32_t lanes) {
  for (;;) {
    const uint32_t now = arrived_.load(std::memory_order_acquire);
    if (now >= lanes) return;
    AwaitChange(&arrived_, now);
  }
}

void Gate::Open(uint32_t epoch) {
  arrived_.store(0, std::memory_order_relaxed);
  epoch_.store(epoch, std::memory_order_release);
  Wake(&epoch_);
}

}  // namespace loam::trace
