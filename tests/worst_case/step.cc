#include "tests/worst_case/step.h"

#include <sys/mman.h>
#include <ucontext.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "tests/support/sanitizers.h"

#if defined(__x86_64__) && defined(__linux__)

extern "C" {
void *loam_step_call(void (*function)(), void *first, void *second);
void loam_step_nothing();
}

namespace loam::test {
namespace {

constexpr size_t kStackBytes = 64 * 1024;
constexpr greg_t kTrapFlag = 0x100;

// Written by the handler, read after the call, all in one thread.
volatile uint64_t steps;
volatile uint64_t steps_max;
volatile greg_t last_place;

void CountStep(int, siginfo_t *, void *context) {
  greg_t *registers = static_cast<ucontext_t *>(context)->uc_mcontext.gregs;
  // A repeated instruction traps at every turn, and stays where it is.
  if (registers[REG_RIP] != last_place) steps = steps + 1;
  last_place = registers[REG_RIP];
  if (steps >= steps_max) registers[REG_EFL] &= ~kTrapFlag;
}

// The handler has a stack of its own, so that the call's is as it would be.
void InstallHandler() {
  static bool installed = false;
  if (installed) return;
  void *memory =
      mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  stack_t stack = {};
  stack.ss_sp = memory;
  stack.ss_size = kStackBytes;
  struct sigaction action = {};
  action.sa_sigaction = CountStep;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
  if (memory == MAP_FAILED || sigaltstack(&stack, nullptr) != 0 ||
      sigaction(SIGTRAP, &action, nullptr) != 0) {
    perror("step");
    std::abort();
  }
  installed = true;
}

uint64_t CountTraps(Function function, void *first, void *second, uint64_t limit, void **result) {
  steps = 0;
  steps_max = limit;
  last_place = 0;
  *result = loam_step_call(function, first, second);
  return steps;
}

// Traps around a call that are not its own: those of a mere `ret`, less that one.
uint64_t TrapsAround() {
  void *ignored;
  static const uint64_t traps =
      CountTraps(loam_step_nothing, nullptr, nullptr, UINT64_MAX, &ignored) - 1;
  return traps;
}

}  // namespace

bool CanStep() { return !kSanitizerRuntime; }

Stepped StepCall(Function function, void *first, void *second, uint64_t limit) {
  InstallHandler();
  const uint64_t around = TrapsAround();
  Stepped stepped = {};
  const uint64_t traps = CountTraps(function, first, second, limit + around, &stepped.result);
  stepped.instructions = traps - around;
  stepped.cut = stepped.instructions >= limit;
  return stepped;
}

}  // namespace loam::test

#else

namespace loam::test {

bool CanStep() { return false; }

Stepped StepCall(Function, void *, void *, uint64_t) { std::abort(); }

}  // namespace loam::test

#endif
